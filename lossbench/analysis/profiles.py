"""Performance profiles: which share of a loss's runs reaches the level within so many steps."""

from dataclasses import dataclass

import numpy as np

from lossbench.analysis.comparison import Contender
from lossbench.analysis.scoreboard import Scoreboard
from lossbench.analysis.shares import clopper_pearson
from lossbench.analysis.statistics import Values


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The share of n runs that have reached the level by each of K ascending steps, from 0 on, with its interval.

    The interval holds for each step by itself, not for the whole line at once.
    """

    contender: Contender
    steps: Values
    share: Values
    low: Values
    high: Values
    n: int


def profiles(board: Scoreboard) -> list[Profile]:
    """A profile for each loss of a setting; none without a level, or where no loss has several runs."""
    if board.level is None or max(len(standing.steps) for standing in board.standings) < 2:
        return []
    return [profile(standing.sample.contender, standing.steps) for standing in board.standings]


def profile(contender: Contender, steps: Values) -> Profile:
    """The performance profile of a loss, from its runs' steps (n,) to the level: infinity says never, and counts among the n ≥ 1.

    Source: Dolan & Moré, Benchmarking optimization software with performance profiles, 2002, with steps in place of ratios.
    """
    at = np.unique([0.0, *steps[np.isfinite(steps)]])
    reached = (steps[:, None] <= at).sum(axis=0)
    low, high = clopper_pearson(reached, len(steps))
    return Profile(contender=contender, steps=at, share=reached / len(steps), low=low, high=high, n=len(steps))
