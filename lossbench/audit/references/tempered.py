"""Cross entropy with a tempered logarithm and a tempered exponential."""

import math
from typing import Any

from mpmath import log, mp, mpf

from lossbench.audit.references import links

_DIGITS = 115  # for t2 > 1 nothing decays faster than a power, and so many are enough


def bi_tempered(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    scores, targets = (z, y) if len(z) > 1 else ([z[0], mpf(0)], [y[0], 1 - y[0]])
    t1, t2 = mpf(loss.t1), mpf(loss.t2)
    if t2 == 1:
        return _divergence(links.softmax(scores), targets, t1)
    with mp.workdps(min(mp.dps, _DIGITS)):
        return _divergence(_probabilities(scores, t2), targets, t1)


def _divergence(p: list[mpf], y: list[mpf], t1: mpf) -> mpf:
    power = 2 - t1
    logs = sum(t * (_log(t, t1) - _log(a, t1)) for a, t in zip(p, y, strict=True) if t != 0)
    return logs - sum(t**power - a**power for a, t in zip(p, y, strict=True)) / power


def _log(x: mpf, t: mpf) -> mpf:
    return log(x) if t == 1 else (x ** (1 - t) - 1) / (1 - t)


def _probabilities(z: list[mpf], t: mpf) -> list[mpf]:
    """p_c = (1 + x + k d_c)^(−1/k) with k = t − 1, d the distances below the largest, and x such that they sum to 1."""
    k, top = t - 1, max(z)
    d = [top - item for item in z]
    x = mpf(_rough(float(k), [float(item) for item in d]))
    for _ in range(4):
        p = [(1 + x + k * item) ** (-1 / k) for item in d]
        x += (sum(p) - 1) * k / sum(a / (1 + x + k * item) for a, item in zip(p, d, strict=True))
    return [(1 + x + k * item) ** (-1 / k) for item in d]


def _rough(k: float, d: list[float]) -> float:
    """The same x in floats, by Newton's method on the logarithm of the sum, which is convex."""
    x = 0.0
    for _ in range(30):
        p = [(1 + x + k * item) ** (-1 / k) for item in d]
        x += math.log(sum(p)) * sum(p) * k / sum(a / (1 + x + k * item) for a, item in zip(p, d, strict=True))
    return x
