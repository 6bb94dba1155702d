"""Whether being more wrong costs more, for each target."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lossbench.audit.subjects.adapter import AdaptedLoss

_MARGINS = torch.tensor([-20.0, -12.0, -5.0, -1.0, 1.0, 12.0, 20.0], dtype=torch.float64)  # negative ones are wrong
_CONSTANT = 1e-4  # of the largest change over all targets


@dataclass(frozen=True, kw_only=True)
class Direction:
    """`kind`: right; negated, where being more wrong costs less for every target; mixed, where it does for some; or none.

    None: for some target the value does not change, or is no number, so that this is no loss. `reversed_label` is one for which
    it costs less, `costs` what it costs when right by 1 and when wrong by 20.
    """

    kind: Literal["right", "negated", "mixed", "none"]
    reversed_label: int = 0
    costs: tuple[float, float] = (0.0, 0.0)

    @property
    def sentence(self) -> str:
        """The fault in words; empty where there is none."""
        if self.kind in {"right", "none"}:
            return ""
        right, wrong = (f"{cost:.3g}".replace("-", "−") for cost in self.costs)
        numbers = f"right by 1 costs {right}, wrong by 20 costs {wrong}"
        if self.kind == "negated":
            return f"It looks negated: being more wrong costs less ({numbers})."
        return f"For target {self.reversed_label} being more wrong costs less ({numbers}): is a sign, a power or a side mistaken?"


def direction(adapted: AdaptedLoss) -> Direction:
    """Which way values go when the outputs move from wrong to right, for every target."""
    values = _wrong_and_right(adapted)
    if not bool(torch.isfinite(values).all()):
        return Direction(kind="none")
    change = values.amax(0) - values.amin(0)
    if bool((change <= _CONSTANT * change.max()).any()):
        return Direction(kind="none")
    farthest, near, right = values[0], values[3], values[4]
    is_right = (farthest > near) & (farthest > right)
    is_reversed = farthest < right
    if bool(is_right.all()):
        return Direction(kind="right")
    if not bool(is_reversed.any()):
        return Direction(kind="none")
    label = int(is_reversed.to(torch.int64).argmax())
    costs = (float(right[label]), float(farthest[label]))
    named = label if adapted.convention.outputs == 2 else 1 - label
    return Direction(kind="negated" if bool(is_reversed.all()) else "mixed", reversed_label=named, costs=costs)


def _wrong_and_right(adapted: AdaptedLoss) -> Tensor:
    """Values (7, cases) at the margins; the cases are targets 1 and 0, or three classes."""
    if adapted.convention.outputs == 1:
        z = torch.stack((_MARGINS, -_MARGINS), 1).reshape(1, 14)
        return adapted.value(z, torch.tensor([[1.0, 0.0] * 7], dtype=torch.float64)).reshape(7, 2)
    eye = torch.eye(3, dtype=torch.float64)
    lead = 0.6 * eye - 0.4 * eye.roll(1, 0) - 0.2 * eye.roll(2, 0)
    return adapted.value(torch.cat([margin * lead for margin in _MARGINS], 1), eye.repeat(1, 7)).reshape(7, 3)
