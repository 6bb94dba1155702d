"""Losses of a regression whose raw outputs say a distribution of each number."""

from functools import lru_cache
from itertools import pairwise
from typing import Any

from mpmath import exp, log, mp, mpf, ncdf, npdf, pi, sqrt

_FAR = 10**6  # standard deviations, beyond which a normal law has less than 10^(−10^11)


def hl_gauss(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    total = mpf(0)
    for index, target in enumerate(y):
        own = z[index * loss.bins : (index + 1) * loss.bins]
        whole = log(sum(map(exp, own)))
        shares = _histogram(loss, index, target, mp.prec)
        total += sum(q * (whole - s) for q, s in zip(shares, own, strict=True))
    return total


def gaussian_crps(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    total = mpf(0)
    for m, s, t in zip(z[: len(y)], z[len(y) :], y, strict=True):
        sigma = exp(s / 2)
        w = (t - m) / sigma
        score = abs(w) if abs(w) > _FAR else w * (2 * ncdf(w) - 1) + 2 * npdf(w)
        total += sigma * (score - 1 / sqrt(pi))
    return total


@lru_cache(maxsize=1024)
def _histogram(loss: Any, index: int, target: mpf, _precision: int) -> list[mpf]:
    """The mass of each bin: of those right of the target as a difference of the tails above, which are small there."""
    least, greatest = (mpf(end[index]) if end else mpf(default) for end, default in ((loss.least, 0), (loss.greatest, 1)))
    smoothing = mpf(loss.smoothing)
    width = (greatest - least) / (loss.bins - 6 * smoothing)
    sigma = smoothing * width
    inside = min(max(target, least), greatest)
    u = [(least + (k - 3 * smoothing) * width - inside) / sigma for k in range(loss.bins + 1)]
    mass = [ncdf(-a) - ncdf(-b) if a > 0 else ncdf(b) - ncdf(a) for a, b in pairwise(u)]
    return [part / sum(mass) for part in mass]
