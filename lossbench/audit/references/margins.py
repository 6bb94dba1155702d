"""Losses of the margin m: how far a raw output lies on the right side."""

from collections.abc import Callable
from typing import Any

from mpmath import atan, exp, log, mpf


def perceptron(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(z, y, lambda m: max(mpf(0), -m))


def hinge(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(z, y, lambda m: max(mpf(0), mpf(loss.margin) - m))


def squared_hinge(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(z, y, lambda m: max(mpf(0), mpf(loss.margin) - m) ** 2)


def cubed_hinge(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(z, y, lambda m: max(mpf(0), mpf(loss.margin) - m) ** 3)


def logistic_margin(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(z, y, lambda m: log(1 + exp(-m)))


def exponential(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(z, y, lambda m: exp(-m))


def savage(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(z, y, lambda m: 1 / (1 + exp(2 * m)) ** 2)


def tangent(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return _summed(z, y, lambda m: (2 * atan(m) - 1) ** 2)


def multiclass_hinge(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    scores, targets = (z, y) if len(z) > 1 else ([z[0], mpf(0)], [y[0], 1 - y[0]])
    right = sum(t * s for s, t in zip(scores, targets, strict=True))
    behind = [max(mpf(0), mpf(loss.margin) + s - right) ** loss.power for s, t in zip(scores, targets, strict=True) if t == 0]
    return sum(behind) if loss.form == "weston_watkins" else max(behind)


def sparsemax(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    scores, targets = (z, y) if len(z) > 1 else ([z[0], mpf(0)], [y[0], 1 - y[0]])
    ranked = sorted(scores, reverse=True)
    thresholds = [(sum(ranked[:count]) - 1) / count for count in range(1, len(ranked) + 1)]
    threshold = [tau for tau, score in zip(thresholds, ranked, strict=True) if score > tau][-1]
    squares = sum(s**2 - threshold**2 for s in scores if s > threshold) / 2
    right = sum(t * s for s, t in zip(scores, targets, strict=True))
    return squares - right + mpf(1) / 2


def _summed(z: list[mpf], y: list[mpf], penalty: Callable[[mpf], mpf]) -> mpf:
    return sum(t * penalty(s) + (1 - t) * penalty(-s) for s, t in zip(z, y, strict=True))
