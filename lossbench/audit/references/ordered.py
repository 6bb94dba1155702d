"""Losses of classes in an order; a lone target is the upper one of two classes."""

from itertools import pairwise
from typing import Any

from mpmath import exp, expm1, log, mpf


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
    # σ(u) − σ(v) = σ(u) σ(−v) (1 − e^(v−u)): far out, where both are nearly 1, no number of digits is enough for the difference.
    above = [mpf(1), *(1 / (1 + exp(-s)) for s in u)]
    below = [*(1 / (1 + exp(s)) for s in u), mpf(1)]
    apart = [mpf(1), *(-expm1(after - before) for before, after in pairwise(u)), mpf(1)]
    return -sum(t * log(above[c] * below[c] * apart[c]) for c, t in enumerate(y) if t)


def _classes(y: list[mpf]) -> list[mpf]:
    return y if len(y) > 1 else [1 - y[0], y[0]]
