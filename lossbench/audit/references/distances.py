"""Losses that measure the distance between output and target without squaring it, at least not far out."""

from collections.abc import Callable
from typing import Any

from mpmath import cosh, log, mpf

from lossbench.audit.references import links


def absolute_error(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(loss, z, y, abs)


def chebyshev(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return max(abs(a - t) for a, t in zip(links.outputs(loss.link, z), y, strict=True))


def huber(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    delta = mpf(loss.delta)
    return _summed(loss, z, y, lambda r: r**2 / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2))


def log_cosh(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(loss, z, y, lambda r: log(cosh(r)))


def pinball(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    tau = mpf(loss.tau)
    return _summed(loss, z, y, lambda r: max(-tau * r, (1 - tau) * r))


def _summed(loss: Any, z: list[mpf], y: list[mpf], penalty: Callable[[mpf], mpf]) -> mpf:
    return sum(penalty(a - t) for a, t in zip(links.outputs(loss.link, z), y, strict=True))
