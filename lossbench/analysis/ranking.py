"""Ranks over data sets: which loss comes first on average, and which of them data sets enough could tell apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy import stats

from lossbench.analysis.comparison import Contender
from lossbench.analysis.scoreboard import Scoreboard
from lossbench.analysis.scores import worst
from lossbench.analysis.statistics import CONFIDENCE, Values

FEWEST_BLOCKS, FEWEST_LOSSES = 3, 3


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Ranks (blocks, losses), 1 for the best, equal ones sharing; losses stand in the order of their average rank.

    A block is a data set, or a setting where data sets are few; `among` is the word for blocks. `p` is Friedman's test, None
    where blocks share data and nothing is tested; `distance` is Nemenyi's critical difference: average ranks that lie further
    apart differ by more than chance.
    """

    contenders: tuple[Contender, ...]
    among: str
    blocks: tuple[str, ...]
    ranks: Values
    p: float | None
    distance: float

    @property
    def averages(self) -> Values:
        """The average rank of each loss, (losses,), ascending."""
        averages: Values = self.ranks.mean(axis=0)
        return averages

    @property
    def significant(self) -> bool:
        """Whether Friedman's test finds any difference."""
        return self.p is not None and self.p < 1 - CONFIDENCE

    @property
    def groups(self) -> list[tuple[int, int]]:
        """The first and the last place of each group of losses that are not told apart; all, where nothing was found or tested.

        Groups within another, and losses alone, are left out.
        """
        if not self.significant:
            return [(0, len(self.contenders) - 1)]
        averages = self.averages
        ends = [int(np.flatnonzero(averages <= start + self.distance)[-1]) for start in averages]
        return [(i, end) for i, end in enumerate(ends) if end > i and (i == 0 or ends[i - 1] < end)]


def ranking(boards: Sequence[Scoreboard]) -> Ranking | None:
    """Ranks by median final result over the settings that rank, of the losses that all of them have.

    Settings of a data set are averaged to one block where there are at least three data sets. Of fewer, every setting is a
    block and nothing is tested: runs on the same data are no independent witnesses, however many settings they have. None with
    fewer than three blocks or three losses.
    """
    ranked = [board for board in boards if board.ranked]
    common = [s.sample.contender for s in ranked[0].standings] if ranked else []
    common = [c for c in common if all(any(s.sample.contender == c for s in board.standings) for board in ranked)]
    names = [board.setting.data for board in ranked]
    independent = len(set(names)) >= FEWEST_BLOCKS
    if not independent:
        names = [board.setting.label for board in ranked]
    blocks = list(dict.fromkeys(names))
    if len(blocks) < FEWEST_BLOCKS or len(common) < FEWEST_LOSSES:
        return None
    own = [_ranks(board, common) for board in ranked]
    averaged = [np.mean([ranks for ranks, name in zip(own, names, strict=True) if name == block], axis=0) for block in blocks]
    tested = rank(common, blocks, np.array(averaged))
    return tested if independent else replace(tested, among="settings", p=None)


def rank(contenders: Sequence[Contender], blocks: Sequence[str], costs: Values) -> Ranking:
    """Ranks from costs (blocks, losses) of independent blocks, of which smaller is better and only the order within one counts.

    Friedman's χ² keeps to its 5 % from three blocks on, where the F statistic of Iman and Davenport rejects up to 20 % of
    the time. Source: Demšar, Statistical Comparisons of Classifiers over Multiple Data Sets, 2006.
    """
    ranks = stats.rankdata(costs, axis=1)
    order = np.argsort(ranks.mean(axis=0), kind="stable")
    n, k = ranks.shape
    alike = bool((ranks == ranks[:, :1]).all())
    return Ranking(
        contenders=tuple(contenders[i] for i in order),
        among="data sets",
        blocks=tuple(blocks),
        ranks=ranks[:, order],
        p=1.0 if alike else float(stats.friedmanchisquare(*ranks.T).pvalue),
        distance=critical_difference(n, k),
    )


@cache
def critical_difference(blocks: int, losses: int) -> float:
    """Nemenyi's: q √(k (k + 1) / 6 N), q being the studentized range's 95 % quantile over √2 for k losses, N blocks.

    Written here, from scipy's quantile, because scikit-posthocs brings statsmodels, seaborn and matplotlib's global state.
    """
    q = float(stats.studentized_range.ppf(CONFIDENCE, losses, np.inf)) / math.sqrt(2)
    return q * math.sqrt(losses * (losses + 1) / (6 * blocks))


def _ranks(board: Scoreboard, contenders: Sequence[Contender]) -> Values:
    """Ranks of the losses in a setting, (losses,): 1 for the best; one whose median is no number counts as worst."""
    centres = {s.sample.contender: s.final.centre for s in board.standings}
    values = np.nan_to_num([centres[c] for c in contenders], nan=worst(board.measure.better), posinf=np.inf, neginf=-np.inf)
    ranks: Values = stats.rankdata(-values if board.measure.better == "higher" else values)
    return ranks
