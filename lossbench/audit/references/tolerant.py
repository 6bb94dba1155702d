"""Losses made to bear wrong labels, and distances between distributions.

On the sigmoid each output is a distribution of its own, over the pair (a, 1 − a).
"""

from collections.abc import Callable
from typing import Any

from mpmath import log, mpf, sqrt

from lossbench.audit.references import links


def generalised_cross_entropy(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    q = mpf(loss.q)
    return links.expected(loss.link, z, y, lambda p: (1 - p**q) / q)


def symmetric_cross_entropy(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _paired(loss, z, y, lambda p, t: mpf(loss.alpha) * _forward(p, t) + mpf(loss.beta) * _reverse(p, t, mpf(loss.floor)))


def normalised_cross_entropy(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _paired(loss, z, y, lambda p, t: _forward(p, t) / -sum(map(log, p)))


def active_passive(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    active = mpf(loss.alpha) * normalised_cross_entropy(loss, z, y)
    return active + mpf(loss.beta) * _paired(loss, z, y, lambda p, t: _reverse(p, t, mpf(loss.floor)))


def tanimoto(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _paired(loss, z, y, lambda p, t: 1 - _dot(p, t) / (_dot(p, p) + _dot(t, t) - _dot(p, t)))


def cauchy_schwarz(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _paired(loss, z, y, lambda p, t: -log(_dot(p, t) / sqrt(_dot(p, p) * _dot(t, t))))


def _paired(loss: Any, z: list[mpf], y: list[mpf], cost: Callable[[list[mpf], list[mpf]], mpf]) -> mpf:
    if loss.link == "softmax":
        return cost(links.softmax(z), y)
    return sum(cost([links.sigmoid(s), links.sigmoid(-s)], [t, 1 - t]) for s, t in zip(z, y, strict=True))


def _forward(p: list[mpf], y: list[mpf]) -> mpf:
    return -sum(t * log(item) for item, t in zip(p, y, strict=True) if t != 0)


def _reverse(p: list[mpf], y: list[mpf], floor: mpf) -> mpf:
    return -sum(item * (max(log(t), floor) if t != 0 else floor) for item, t in zip(p, y, strict=True))


def _dot(a: list[mpf], b: list[mpf]) -> mpf:
    return sum(one * other for one, other in zip(a, b, strict=True))
