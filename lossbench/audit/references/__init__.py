"""Reference formulas: one plain formula a loss, in mpmath, to any number of digits.

A formula is called like the loss's word and takes the loss (for its link and options) and lists of C numbers z and y.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mpf

from lossbench.audit.references import (
    distances,
    distributional,
    entropies,
    imbalanced,
    likelihoods,
    margins,
    ordered,
    reshaped,
    scores,
    squares,
    tempered,
    tolerant,
)
from lossbench.interfaces import Loss

_FAMILIES = (
    *(entropies, reshaped, squares, distances, margins, tolerant, tempered, likelihoods, distributional, ordered, imbalanced),
    scores,
)
_FORMULAS: dict[str, Callable[[Any, list[mpf], list[mpf]], mpf]] = {
    name: function
    for family in _FAMILIES
    for name, function in vars(family).items()
    if not name.startswith("_") and getattr(function, "__module__", "") == family.__name__
}


@dataclass(frozen=True)
class Formula:
    """ℓ of one loss, in the precision that mpmath is set to."""

    loss: Loss

    def __call__(self, z: list[mpf], y: list[mpf]) -> mpf:
        return _FORMULAS[self.loss.word](self.loss, z, y)


def formula(loss: Loss) -> Formula | None:
    """The loss's formula, None where nobody wrote one."""
    return Formula(loss) if loss.word in _FORMULAS else None
