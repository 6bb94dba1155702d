"""Who learnt how well and how fast: scores over seeds for every setting and loss, and paired differences between losses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lossbench.analysis import run_scores, scores, shares, statistics
from lossbench.analysis.comparison import Block, Comparison, Contender, Sample, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.family import Family
from lossbench.analysis.selection import Measure, finals
from lossbench.analysis.statistics import Difference, Estimate, Values

FEWEST_TO_TIME = 3  # recorded steps: with a start and an end alone, steps to a level would say again what final results say
WAY = 0.9  # the level to be reached lies this far on the way from the start to the best median final value
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
    """A setting's standings by one measure; the level is None where nothing was learnt, or too little recorded, to be timed.

    A measure that one of several losses minimises shows how far each got, and ranks nobody: there is no level either. The
    baseline is what the measure is worth without learning, None where that is not known; the level lies beyond it.
    """

    setting: Setting
    measure: Measure
    level: float | None
    standings: tuple[LossScores, ...]
    baseline: float | None = None

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
    """Two losses in a setting, `one` less `other`, block by block; `corrected` is Holm's p over all matches of the report.

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
    baseline = curves.baseline([run for sample in samples for run in sample.runs], measure.column)
    level = _level(samples, ends, curves, measure, baseline) if comparable(measure, samples) else None
    standings = tuple(_standing(sample, end, curves, measure, level) for sample, end in zip(samples, ends, strict=True))
    return Scoreboard(setting=setting, measure=measure, level=level, standings=standings, baseline=baseline)


def comparable(measure: Measure, rivals: Sequence[object]) -> bool:
    """Whether the measure may compare so many losses: if it belongs to none of them, or there is only one."""
    return measure.neutral or len(rivals) < 2


def matches(boards: Sequence[Scoreboard], family: Family) -> list[PairedComparison]:
    """Paired differences between the losses of a family, in every setting that ranks; p is corrected over all of them."""
    played = [match for board in boards if board.ranked for match in _matches(board, family)]
    corrected = statistics.holm([match.difference.p for match in played])
    return [replace(match, corrected=p) for match, p in zip(played, corrected, strict=True)]


def can_tell(matches: Sequence[PairedComparison]) -> bool:
    """Whether there are seeds enough for a corrected p below 0.05: of n pairs the smallest p is 2^(1 − n)."""
    return any(len(matches) * 2.0 ** (1 - match.difference.median.n) < SIGNIFICANT for match in matches)


def _standing(sample: Sample, ends: Values, curves: Curves, measure: Measure, level: float | None) -> LossScores:
    bests = run_scores.bests(sample.runs, curves, measure.column, measure.better)
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
    steps = run_scores.steps_to(sample.runs, curves, measure.column, level, measure.better)
    return np.where(sample.diverged, scores.NEVER, steps)


def _level(
    samples: Sequence[Sample], ends: Sequence[Values], curves: Curves, measure: Measure, baseline: float | None
) -> float | None:
    """90 % of the way from where the losses start to the best median final value; None where none got better, or nobody looked.

    What is worth less than the baseline is no start: who answers the most frequent class has learnt nothing yet.
    """
    if max(run_scores.moments(sample.runs, curves, measure.column).max() for sample in samples) < FEWEST_TO_TIME:
        return None
    starts = np.concatenate([run_scores.firsts(sample.runs, curves, measure.column) for sample in samples])
    medians = [float(np.median(end)) for end in ends]
    start = float(np.nanmedian(starts)) if np.isfinite(starts).any() else np.nan
    if baseline is not None and np.isfinite(start):
        start = max(start, baseline) if measure.better == "higher" else min(start, baseline)
    goal = max(medians) if measure.better == "higher" else min(medians)
    gain = goal - start if measure.better == "higher" else start - goal
    if not np.isfinite(gain) or gain <= 0:
        return None
    level = start + WAY * (goal - start)
    return round(level, 3) if measure.quantity.share else float(f"{level:.3g}")


def _matches(board: Scoreboard, family: Family) -> Iterator[PairedComparison]:
    for one, other in family.contests(board.standings):
        blocks = sorted(set(one.sample.blocks) & set(other.sample.blocks))
        for score in ("final", "steps"):
            a, b = _by_block(one, score, blocks), _by_block(other, score, blocks)
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


def _by_block(standing: LossScores, score: Score, blocks: Sequence[Block]) -> list[float]:
    values = standing.finals if score == "final" else standing.steps
    known = dict(zip(standing.sample.blocks, values.tolist(), strict=True))
    return [known[block] for block in blocks]
