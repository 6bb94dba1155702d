"""Schedules by which the learning rate stays or falls."""

import math
from dataclasses import dataclass

from lossbench.errors import BadInput
from lossbench.interfaces import Schedule


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """The learning rate stays as it is, after a warm-up if one is asked for.

    Formula: factor 1.
    Identities: with warmup, torch's LinearLR(start_factor=1/(warmup + 1), total_iters=warmup).
    Source: Robbins & Monro 1951; warm-up: Goyal et al., Accurate, Large Minibatch SGD, 2017.
    """

    @property
    def constant(self) -> bool:
        return self.warmup == 0

    def after_warmup(self, step: int, steps: int) -> float:
        return 1.0


@dataclass(frozen=True, kw_only=True)
class Step(Schedule):
    """The learning rate falls by a factor every so many updates.

    Formula: gamma^⌊s / every⌋ at update s.
    Identities: equals torch.optim.lr_scheduler.StepLR(step_size=every, gamma=gamma), step by step.
    Source: He et al., Deep Residual Learning for Image Recognition, 2016.
    """

    every: int = 1000
    gamma: float = 0.1

    def check(self) -> None:
        if self.every < 1:
            raise BadInput(f"schedule.every is {self.every}; it is a number of updates, 1 or more.")
        check_gamma(self.gamma)

    def after_warmup(self, step: int, steps: int) -> float:
        return float(self.gamma ** (step // self.every))


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """The learning rate falls by the same factor at every update.

    Formula: gamma^s at update s.
    Identities: equals torch.optim.lr_scheduler.ExponentialLR(gamma=gamma), step by step.
    Source: Darken & Moody, Note on Learning Rate Schedules for Stochastic Optimization, 1990.
    """

    gamma: float = 0.999

    def check(self) -> None:
        check_gamma(self.gamma)

    def after_warmup(self, step: int, steps: int) -> float:
        return float(self.gamma**step)


@dataclass(frozen=True, kw_only=True)
class Linear(Schedule):
    """The learning rate falls, or rises, along a line from one factor to another, and stays there.

    Formula: start + (end − start)·min(s, over)/over at update s; over is all updates where it is null.
    Identities: equals torch.optim.lr_scheduler.LinearLR(start_factor=start, end_factor=end, total_iters=over), step by step.
    Source: Devlin et al., BERT, 2019.
    """

    start: float = 1.0
    end: float = 0.0
    over: int | None = None

    def check(self) -> None:
        if not (self.start >= 0 and self.end >= 0):
            raise BadInput(f"schedule.start is {self.start:g} and schedule.end {self.end:g}; factors of a rate are 0 or more.")
        check_over(self.over)

    def after_warmup(self, step: int, steps: int) -> float:
        over = self.over or steps
        return self.start + (self.end - self.start) * min(step, over) / over


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """The learning rate falls along half a cosine, first slowly, then fast, then slowly, and stays where it ends.

    Formula: end + (1 − end)·(1 + cos(π·min(s, over)/over))/2 at update s; over is all updates where it is null.
    Identities: equals torch.optim.lr_scheduler.CosineAnnealingLR(T_max=over, eta_min=end·lr), step by step, up to T_max.
    Source: Loshchilov & Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.
    """

    end: float = 0.0
    over: int | None = None

    def check(self) -> None:
        if not 0 <= self.end <= 1:
            raise BadInput(f"schedule.end is {self.end:g}; it is a share of the learning rate, between 0 and 1.")
        check_over(self.over)

    def after_warmup(self, step: int, steps: int) -> float:
        over = self.over or steps
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * min(step, over) / over)) / 2


def check_gamma(gamma: float) -> None:
    """Raise BadInput where a factor of decay is none."""
    if not 0 < gamma <= 1:
        raise BadInput(f"schedule.gamma is {gamma:g}; a factor of decay is above 0 and at most 1.")


def check_over(over: int | None) -> None:
    """Raise BadInput where a number of updates to change over is none."""
    if over is not None and over < 1:
        raise BadInput(f"schedule.over is {over}; it is a number of updates, 1 or more, or null for all.")
