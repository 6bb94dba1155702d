"""Losses that know how many examples each class has."""

from typing import Any

from mpmath import exp, log, mpf

from lossbench.audit.references import entropies


def logit_adjusted(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    if loss.members is None:
        return entropies.cross_entropy(loss, z, y)
    shares = [mpf(n) / sum(loss.members) for n in loss.members][-len(z) :]
    if loss.link == "sigmoid":
        odds = [share / (1 - share) for share in shares]
        return entropies.cross_entropy(loss, [s + loss.tau * log(odd) for s, odd in zip(z, odds, strict=True)], y)
    return entropies.cross_entropy(loss, [s + loss.tau * log(share) for s, share in zip(z, shares, strict=True)], y)


def ldam(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    each = _members(loss, z)
    margins = [mpf(loss.margin) * (min(each) / n) ** mpf("0.25") for n in each]
    if len(z) == 1:
        return entropies.cross_entropy(loss, [loss.scale * (z[0] - y[0] * margins[1] + (1 - y[0]) * margins[0])], y)
    return entropies.cross_entropy(loss, [loss.scale * (s - t * m) for s, t, m in zip(z, y, margins, strict=True)], y)


def asymmetric(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    total = mpf(0)
    for s, t in zip(z, y, strict=True):
        a = 1 / (1 + exp(-s))
        b = max(mpf(0), a - mpf(loss.shift))
        present = -((1 / (1 + exp(s))) ** mpf(loss.gamma_positive)) * log(a)
        absent = -(b ** mpf(loss.gamma_negative)) * log(1 - b)
        total += t * present + (1 - t) * absent
    return total


def _members(loss: Any, z: list[mpf]) -> list[mpf]:
    return [mpf(n) for n in loss.members or [1] * max(2, len(z))]
