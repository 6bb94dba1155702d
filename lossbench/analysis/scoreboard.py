"""Who learnt how well and how fast: scores over seeds for every setting and loss, and paired differences between losses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from lossbench.analysis import scores, shares, statistics
from lossbench.analysis.comparison import Comparison, Contender, Sample, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.selection import Measure, finals
from lossbench.analysis.statistics import Difference, Estimate, Values

WAY = 0.9  # the level to be reached lies this far on the way from the start to the best median final value
ALL_PAIRS = 4  # with more losses than this each is compared with one reference instead
REFERENCE = "cross_entropy"
SIGNIFICANT = 0.05

Score = Literal["final", "steps"]


@dataclass(frozen=True, kw_only=True)
class LossScores:
    """A loss in a setting: scores (runs,) and their medians; `mean` is of the final values of the runs that finished."""

    sample: Sample
    finals: Values
    bests: Values
    steps: Values
    final: Estimate
    best: Estimate
    step: Estimate
    mean: Estimate

    @property
    def diverged(self) -> int:
        """How many of the runs diverged."""
        return sum(self.sample.diverged)


@dataclass(frozen=True, kw_only=True)
class Scoreboard:
    """A setting's standings by one measure; the level is None where nothing was learnt that could be timed.

    A measure that one of several losses minimises shows how far each got, and ranks nobody: there is no level either.
    """

    setting: Setting
    measure: Measure
    level: float | None
    standings: tuple[LossScores, ...]

    @property
    def ranked(self) -> bool:
        """Whether its losses may be compared with one another."""
        return comparable(self.measure, self.standings)

    @property
    def owners(self) -> list[str]:
        """Its losses that minimise the measure."""
        contenders = [standing.sample.contender for standing in self.standings]
        return [contender.label for contender in contenders if contender.word in self.measure.quantity.owners]


@dataclass(frozen=True, kw_only=True)
class PairedComparison:
    """Two losses in a setting, `one` less `other`, seed by seed; `corrected` is Holm's p over all matches of the report.

    `improvement` is the probability that `one` does better than `other` on a new seed.
    """

    board: Scoreboard
    score: Score
    one: Contender
    other: Contender
    difference: Difference
    improvement: Estimate
    corrected: float


def board(setting: Setting, comparison: Comparison, curves: Curves, measure: Measure) -> Scoreboard:
    """Scores of every loss in a setting."""
    samples = comparison.within(setting)
    ends = [finals(sample, curves, measure) for sample in samples]
    level = _level(samples, ends, curves, measure) if comparable(measure, samples) else None
    standings = tuple(_standing(sample, end, curves, measure, level) for sample, end in zip(samples, ends, strict=True))
    return Scoreboard(setting=setting, measure=measure, level=level, standings=standings)


def comparable(measure: Measure, rivals: Sequence[object]) -> bool:
    """Whether the measure may compare so many losses: if it belongs to none of them, or there is only one."""
    return measure.neutral or len(rivals) < 2


def matches(boards: Sequence[Scoreboard]) -> list[PairedComparison]:
    """Paired differences between losses, in every setting that ranks: all pairs of few losses, of many each with a reference."""
    played = [match for board in boards if board.ranked for match in _matches(board)]
    corrected = statistics.holm([match.difference.p for match in played])
    return [replace(match, corrected=p) for match, p in zip(played, corrected, strict=True)]


def can_tell(matches: Sequence[PairedComparison]) -> bool:
    """Whether there are seeds enough for a corrected p below 0.05: of n pairs the smallest p is 2^(1 − n)."""
    return any(len(matches) * 2.0 ** (1 - match.difference.median.n) < SIGNIFICANT for match in matches)


def contests(standings: Sequence[LossScores]) -> list[tuple[LossScores, LossScores]]:
    """Which losses are compared: all with all up to four, else each with cross entropy or, in its absence, the first."""
    if len(standings) <= ALL_PAIRS:
        return list(combinations(standings, 2))
    reference = next((s for s in standings if s.sample.contender.word == REFERENCE), standings[0])
    return [(reference, other) for other in standings if other is not reference]


def _standing(sample: Sample, ends: Values, curves: Curves, measure: Measure, level: float | None) -> LossScores:
    bests = np.array([scores.best(curves.values(run, measure.column), measure.better) for run in sample.runs])
    steps = _steps_to(sample, curves, measure, level)
    return LossScores(
        sample=sample,
        finals=ends,
        bests=bests,
        steps=steps,
        final=statistics.median(ends),
        best=statistics.median(bests),
        step=statistics.median(steps),
        mean=statistics.mean(ends[~np.array(sample.diverged)]),
    )


def _steps_to(sample: Sample, curves: Curves, measure: Measure, level: float | None) -> Values:
    """Each run's steps to the level; a diverged run never reaches it, and without a level there is nothing to reach."""
    if level is None:
        return np.full(len(sample.runs), np.nan)
    steps = [scores.steps_to(curves.steps(run), curves.values(run, measure.column), level, measure.better) for run in sample.runs]
    return np.where(sample.diverged, scores.NEVER, steps)


def _level(samples: Sequence[Sample], ends: Sequence[Values], curves: Curves, measure: Measure) -> float | None:
    """90 % of the way from where the losses start to the best median final value; None where no loss got better."""
    starts = [values[0] for sample in samples for run in sample.runs if len(values := curves.values(run, measure.column))]
    medians = [float(np.median(end)) for end in ends]
    start = float(np.nanmedian(starts)) if np.isfinite(starts).any() else np.nan
    goal = max(medians) if measure.better == "higher" else min(medians)
    gain = goal - start if measure.better == "higher" else start - goal
    if not np.isfinite(gain) or gain <= 0:
        return None
    level = start + WAY * (goal - start)
    return round(level, 3) if measure.quantity.share else float(f"{level:.3g}")


def _matches(board: Scoreboard) -> Iterator[PairedComparison]:
    for one, other in contests(board.standings):
        seeds = sorted(set(one.sample.seeds) & set(other.sample.seeds))
        for score in ("final", "steps"):
            a, b = _by_seed(one, score, seeds), _by_seed(other, score, seeds)
            difference = statistics.paired(a, b)
            if difference.median.n > 1 and np.isfinite([a, b]).any():
                yield PairedComparison(
                    board=board,
                    score=score,
                    one=one.sample.contender,
                    other=other.sample.contender,
                    difference=difference,
                    improvement=shares.improvement(a, b, board.measure.better if score == "final" else "lower"),
                    corrected=difference.p,
                )


def _by_seed(standing: LossScores, score: Score, seeds: Sequence[int]) -> list[float]:
    values = standing.finals if score == "final" else standing.steps
    known = dict(zip(standing.sample.seeds, values.tolist(), strict=True))
    return [known[seed] for seed in seeds]
