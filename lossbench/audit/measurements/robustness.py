"""What wrong labels and outliers do to a loss."""

from dataclasses import dataclass

import numpy as np
import torch

from lossbench.audit.measurements.margin import Shape
from lossbench.audit.measurements.saturation import Saturation
from lossbench.audit.subjects.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """`spread` is how far Σ_c ℓ(z, c) varies over raw outputs z; constant means tolerant of uniform label noise.

    `at_ten` and `at_hundred` are |dℓ/dz| for an example that far on the wrong side.
    Ghosh, Kumar & Sastry, Robust Loss Functions under Label Noise for Deep Neural Networks, 2017.
    """

    spread: float
    tolerant: bool
    at_ten: float
    at_hundred: float
    outlier: str


def robustness(subject: Subject, form: Shape, tails: Saturation) -> Robustness:
    """The robustness of a subject whose shape and tails are known."""
    rng = np.random.default_rng(0)
    draws = [torch.from_numpy(rng.normal(0, 5, (rows, subject.thinned(400, 40)))) for rows in subject.row_counts]
    totals = [subject.over_labels(z).sum(0) for z in draws]
    spreads = [float(total.max() - total.min()) for total in totals]
    equality = subject.precision.equality
    slope = subject.slope(torch.tensor([10.0, 100.0], dtype=torch.float64), 0).abs()
    return Robustness(
        spread=max(spreads),
        tolerant=all(spread <= equality * (1 + float(total.abs().max())) for spread, total in zip(spreads, totals, strict=True)),
        at_ten=float(slope[0]),
        at_hundred=float(slope[1]),
        outlier=_outlier(form, tails, slope),
    )


def _outlier(form: Shape, tails: Saturation, slope: torch.Tensor) -> str:
    exponents = [tail.exponent for tail in tails.wrong]
    if max(exponents) > 0.01 or float(slope[1]) < 0.5 * float(slope[0]):
        return "is ignored in the end"
    if min(exponents) < -0.01:
        return "pulls exponentially harder, the farther it is"
    if form.largest_gradient == np.inf:
        return "pulls harder, the farther it is"
    return f"pulls with at most {form.largest_gradient:.3g}, however far it is"
