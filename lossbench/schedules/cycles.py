"""Schedules by which the learning rate rises and falls."""

import math
from dataclasses import dataclass

from lossbench.errors import BadInput
from lossbench.interfaces import Schedule


@dataclass(frozen=True, kw_only=True)
class OneCycle(Schedule):
    """The learning rate rises along half a cosine to its full size, then falls along another to nearly nothing.

    Formula: from 1/rise_from to 1 over the first share `peak` of the updates, then to 1/(rise_from · fall_to); between a and b
    it is b + (a − b)·(1 + cos(π·t))/2, t from 0 to 1.
    Identities: equals torch.optim.lr_scheduler.OneCycleLR(max_lr=lr, total_steps=steps, pct_start=peak, div_factor=rise_from,
    final_div_factor=fall_to, cycle_momentum=False), step by step.
    Source: Smith & Topin, Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates, 2018.
    """

    peak: float = 0.3
    rise_from: float = 25.0
    fall_to: float = 1e4

    def check(self) -> None:
        if not 0 < self.peak < 1:
            raise BadInput(f"schedule.peak is {self.peak:g}; it is a share of the updates, between 0 and 1, neither included.")
        if not (self.rise_from >= 1 and self.fall_to >= 1):
            raise BadInput(
                f"schedule.rise_from is {self.rise_from:g} and schedule.fall_to {self.fall_to:g}; both divide, by 1 or more."
            )

    def after_warmup(self, step: int, steps: int) -> float:
        start, top, last = 1 / self.rise_from, self.peak * steps - 1, steps - 1
        if step <= top:
            return _between(start, 1.0, step / top if top > 0 else 1.0)
        return _between(1.0, start / self.fall_to, (step - top) / (last - top))


def _between(start: float, end: float, share: float) -> float:
    """Along half a cosine from start to end."""
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))
