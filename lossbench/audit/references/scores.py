"""Proper scoring rules, and what was done about the plateau before cross entropy was common."""

from typing import Any

from mpmath import beta as beta_function
from mpmath import exp, hyp2f1, log, mpf, sqrt

from lossbench.audit.references import entropies, links, squares


def proper_beta(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    alpha, beta = mpf(loss.alpha), mpf(loss.beta)
    total = mpf(0)
    for s, t in zip(z, y, strict=True):
        a, rest = links.sigmoid(s), links.sigmoid(-s)
        total += t * _mass_above(a, rest, alpha, beta) + (1 - t) * _mass_above(rest, a, beta, alpha)
    return total


def spherical_score(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    if loss.link == "sigmoid":
        pairs = [([links.sigmoid(s), links.sigmoid(-s)], [t, 1 - t]) for s, t in zip(z, y, strict=True)]
    else:
        pairs = [(links.softmax(z), y)]
    return sum(t * (1 - a / sqrt(sum(b**2 for b in p))) for p, targets in pairs for a, t in zip(p, targets, strict=True))


def fahlman_offset(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return squares.half_squared_error(loss, z, y) + mpf(loss.offset) * entropies.cross_entropy(loss, z, y)


def fahlman_arctanh(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    gaps = [a - t for a, t in zip(links.outputs(loss.link, z), y, strict=True)]
    return sum(side * log(side) for gap in gaps for side in (1 + gap, 1 - gap) if side != 0)


def inset_half_squared_error(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    inset = mpf(loss.inset)
    return squares.half_squared_error(loss, z, [inset + (1 - 2 * inset) * t for t in y])


def slope_left_out(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    del loss  # one link, no options
    return sum(t * (exp(-s) - s) + (1 - t) * (exp(s) + s) for s, t in zip(z, y, strict=True))


def _mass_above(a: mpf, rest: mpf, alpha: mpf, beta: mpf) -> mpf:
    """∫ q^(α−1) (1 − q)^β dq from a to 1, with rest = 1 − a: from above, or from below as the whole less the part under a."""
    if a < rest and alpha != 0:
        return beta_function(alpha, beta + 1) - a**alpha / alpha * hyp2f1(alpha, -beta, alpha + 1, a)
    return a**alpha * rest ** (beta + 1) / (beta + 1) * hyp2f1(1, alpha + beta + 1, beta + 2, rest)
