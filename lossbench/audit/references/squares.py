"""Losses that square the distance between output and target."""

from typing import Any

from mpmath import log, mpf

from lossbench.audit.references import links


def half_squared_error(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return brier(loss, z, y) / 2


def brier(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return sum((a - t) ** 2 for a, t in zip(links.outputs(loss.link, z), y, strict=True))


def rescaled_squared_error(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    k, m = mpf(loss.k), mpf(loss.m)
    return sum(k * t * (s - m) ** 2 + (1 - t) * s**2 for s, t in zip(z, y, strict=True)) / len(z)


def squentropy(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    squares = sum((1 - t) * s**2 for s, t in zip(z, y, strict=True))
    return sum(-t * log(p) for t, p in zip(y, links.softmax(z), strict=True) if t != 0) + squares / (len(z) - 1)
