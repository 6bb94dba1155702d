"""Losses of classes in an order; a lone target is the upper one of two classes."""

from typing import Any

from mpmath import exp, log, mpf


def coral(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    y = _classes(y)
    shares = [sum(y[k + 1 :]) for k in range(len(z))]
    return sum(t * log(1 + exp(-s)) + (1 - t) * log(1 + exp(s)) for s, t in zip(z, shares, strict=True))


def continuation_ratio(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    y = _classes(y)
    goes_on = [log(1 / (1 + exp(-s))) for s in z]
    stops = [log(1 / (1 + exp(s))) for s in z]
    return -sum(t * (sum(goes_on[:c]) + (stops[c] if c < len(z) else 0)) for c, t in enumerate(y))


def cumulative_link(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    y = _classes(y)
    u = [z[0] - sum(log(1 + exp(s)) for s in z[1 : k + 1]) for k in range(len(z))]
    beyond = [mpf(1), *(1 / (1 + exp(-s)) for s in u), mpf(0)]
    return -sum(t * log(beyond[c] - beyond[c + 1]) for c, t in enumerate(y) if t)


def _classes(y: list[mpf]) -> list[mpf]:
    return y if len(y) > 1 else [1 - y[0], y[0]]
