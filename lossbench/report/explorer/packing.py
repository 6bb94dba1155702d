"""Numbers as text for a page: two bytes each, on a scale that fits what they measure."""

import base64
from dataclasses import dataclass

import numpy as np

from lossbench.analysis.statistics import Values

ZERO, MISSING, LEAST, MOST = 0, 65535, 1, 65534  # codes: two that say what there is, and the ends of the scale
DEEPEST = 1e-30  # of the median; what is smaller is 0. Not of the largest: runs that all but diverge make that 10¹⁰⁰ and more


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Codes in base64, and the scale: a code is so far on the way from `low` to `high`, which are logarithms where it says so."""

    codes: str
    low: float
    high: float
    logarithmic: bool


def packed(values: Values) -> Packed:
    """Values (n,) as codes of 16 bits, least significant byte first.

    Sizes of any order of magnitude keep one part in some thousands (their range in powers of e over 65,533), others that share of
    their range. What is not finite is missing.
    """
    known = np.isfinite(values)
    positive = values[known & (values > 0)]
    logarithmic = bool(len(positive)) and not (values[known] < 0).any()
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.log(values) if logarithmic else values
    kept = known & (values > 0) & (values >= _middle(positive) * DEEPEST) if logarithmic else known
    low, high = (float(scaled[kept].min()), float(scaled[kept].max())) if kept.any() else (0.0, 0.0)
    codes = np.full(values.shape, MISSING, dtype="<u2")
    codes[known & ~kept] = ZERO
    way = (scaled[kept] - low) / (high - low) if high > low else np.zeros(int(kept.sum()))
    codes[kept] = np.rint(LEAST + way * (MOST - LEAST)).astype("<u2")
    return Packed(codes=base64.b64encode(codes.tobytes()).decode(), low=low, high=high, logarithmic=logarithmic)


def _middle(values: Values) -> float:
    """The upper median, which is one of the values: their mean might be too large for a float."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])
