"""Which learning rate stands for a loss where several were tried, and by which measure that is decided."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lossbench import tables
from lossbench.analysis import run_scores, scores
from lossbench.analysis.comparison import Comparison, Sample, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.labels import natural
from lossbench.analysis.statistics import Values
from lossbench.tables.metric_words import metric_word
from lossbench.tables.quantity import Better, Quantity

FEWEST_TO_SPLIT = 5  # of fewer seeds those that choose would leave too few to judge by
TUNING_SHARE = 4  # one seed in so many chooses, and most are left to judge
OF_EVERY_CLASSIFICATION = (tables.ACCURACY, tables.LOG_LOSS, tables.BRIER)  # one of them is first, and the figures show all
FEWEST_TO_CHOOSE = 2  # one lucky seed often prefers a rate at which others fail; two seldom do


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A recorded column. Losses are ranked by it where it is neutral: where none of them minimises it."""

    column: str
    quantity: Quantity
    neutral: bool

    @property
    def better(self) -> Better:
        """Which way is better."""
        return self.quantity.better or "higher"


@dataclass(frozen=True, kw_only=True, eq=False)
class RateTrial:
    """A learning rate on the seeds that choose: the scores (runs,), and averages over the whole run (runs,), that decide."""

    rate: float
    scores: Values
    averages: Values


def tuning_seeds(seeds: Sequence[int], count: int | None = None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds on which learning rates are chosen, and the others, on which losses are then judged; both ascending.

    The lowest quarter chooses, rounded down but at least two, or the lowest `count`. Of fewer than five seeds, or with a
    count that leaves none on either side, all choose and all judge: both are then the same. Repeated seeds count once.
    """
    known = tuple(sorted(set(seeds)))
    if count is None:
        count = max(FEWEST_TO_CHOOSE, len(known) // TUNING_SHARE) if len(known) >= FEWEST_TO_SPLIT else 0
    if not 0 < count < len(known):
        return known, known
    return known[:count], known[count:]


def measure_named(metric: str, setting: Setting, comparison: Comparison, curves: Curves) -> Measure | None:
    """The measure that somebody names: a recorded metric on test data, else on training data, that all losses of a setting have.

    A metric of several classes or outputs is named with one, by its name or number: recall/yes, recall/1. One that a
    contestant minimises is marked as such, as in `measure_for`.
    """
    samples = comparison.within(setting)
    stem, _, part = metric_word(metric).partition(tables.LAYER)
    number = str(curves.classes.index(part)) if part in curves.classes else part
    column = stem + tables.LAYER + number if part else stem
    if not curves.quantity(column).can_rank:
        return None
    sides = (tables.TEST + column, tables.TRAIN + column)
    recorded = [name for name in sides if all(_recorded(sample, curves, name) for sample in samples)]
    loss_words = {sample.contender.word for sample in samples}
    return next((_measure(name, loss_words, curves) for name in recorded), None)


def measure_for(setting: Setting, comparison: Comparison, curves: Curves) -> Measure | None:
    """The measure for a setting: the first neutral one, on test data before training data, that all its losses have.

    Where there is none, the first common measure that a contestant minimises, marked as such: it shows values and chooses
    each loss's rate, and ranks nobody. None without any. A run's own loss is never a measure.
    """
    samples = comparison.within(setting)
    loss_words = {sample.contender.word for sample in samples}
    stems = [stem for stem, declared in curves.quantities.items() if declared.can_rank]  # built-in ones first
    columns = [side + stem for side in (tables.TEST, tables.TRAIN) for stem in stems]
    recorded = [name for name in columns if all(_recorded(sample, curves, name) for sample in samples)]
    measures = [_measure(name, loss_words, curves) for name in recorded]
    return next((measure for measure in measures if measure.neutral), next(iter(measures), None))


def further_measures(setting: Setting, comparison: Comparison, curves: Curves, first: Measure) -> tuple[Measure, ...]:
    """The measures beside the first: on test data, or where that has none on training data.

    Each is one that all losses of the setting have: of a regression all that were recorded, of a classification those that were
    named in probes. They choose nothing: losses are shown at the rates that the first chose.
    """
    samples = comparison.within(setting)
    loss_words = {sample.contender.word for sample in samples}
    stems = [stem for stem, declared in curves.quantities.items() if declared.can_rank and stem not in OF_EVERY_CLASSIFICATION]
    columns = [curves.first_of(tables.TEST + stem, tables.TRAIN + stem) for stem in stems]
    return tuple(
        _measure(column, loss_words, curves)
        for column in columns
        if column and column != first.column and all(_recorded(sample, curves, column) for sample in samples)
    )


def _measure(column: str, loss_words: Collection[str], curves: Curves) -> Measure:
    declared = curves.quantity(column)
    return Measure(column=column, quantity=declared, neutral=declared.neutral_among(loss_words))


def finals(sample: Sample, curves: Curves, measure: Measure) -> Values:
    """Each run's final value, (runs,); a run without one, because it diverged, counts as worse than any that finished."""
    values = np.where(sample.diverged, np.nan, run_scores.lasts(sample.runs, curves, measure.column))
    return np.where(np.isnan(values), scores.worst(measure.better), values)


def choosers(samples: Sequence[Sample]) -> tuple[int, ...]:
    """The seeds that choose among a setting's learning rates and do not judge: of those that all its samples have.

    () where nothing is to be chosen, or seeds are so few that all choose and all judge.
    """
    if len({sample.contender for sample in samples}) == len(samples):
        return ()
    tuning, judging = tuning_seeds(sorted(set.intersection(*(set(sample.seeds) for sample in samples))))
    return () if tuning == judging else tuning


def best_rate(trials: Sequence[RateTrial], better: Better, better_average: Better) -> RateTrial:
    """The rate with the best median score; of rates that tie the one with the best median average, then the smallest.

    A median that is no number is worse than any. `better` says which way scores are better, `better_average` averages.
    """
    sign, sign_of_average = (-1.0 if way == "higher" else 1.0 for way in (better, better_average))

    def cost(trial: RateTrial) -> tuple[bool, float, float, float]:
        median = float(np.median(trial.scores))
        return bool(np.isnan(median)), sign * median, sign_of_average * float(np.median(trial.averages)), trial.rate

    return min(trials, key=cost)


def tuned(samples: Iterable[Sample], curves: Curves, measure: Measure, seeds: Collection[int] = ()) -> Sample:
    """Of a loss's samples at several rates, the one with the best median final value on the seeds, on all if none are named.

    A diverged run counts as worst. Ties are decided as `best_rate` does.
    """
    trials = {_trial(sample.only(seeds) if seeds else sample, curves, measure): sample for sample in samples}
    return trials[best_rate(list(trials), measure.better, measure.better)]


def select(comparison: Comparison, curves: Curves, measures: Mapping[Setting, Measure | None]) -> Comparison:
    """The same comparison with one learning rate for each loss in each setting, chosen on seeds that are then left out.

    Where there are too few seeds for that none is left out. Where nothing can decide, every rate becomes a setting of its
    own, so that losses meet at equal rates.
    """
    if not comparison.swept:
        return comparison
    chosen: list[Sample] = []
    for setting in comparison.settings:
        measure, samples = measures[setting], comparison.within(setting)
        if measure is None:
            chosen += _apart(samples)
            continue
        tuning = choosers(samples)
        rivals = [[s for s in samples if s.contender == contender] for contender in comparison.contenders]
        best = [tuned(group, curves, measure, tuning) for group in rivals if group]
        chosen += [sample.only(set(sample.seeds) - set(tuning)) for sample in best]
    settings = tuple(sorted({sample.setting for sample in chosen}, key=lambda setting: natural(setting.label)))
    return replace(comparison, samples=tuple(chosen), settings=settings)


def _recorded(sample: Sample, curves: Curves, column: str) -> bool:
    """Whether the runs that lasted have the measure; of a sample of which none lasted, whether some run has it."""
    if column not in curves.columns:
        return False
    lasted = ~np.array(sample.diverged)
    recorded = run_scores.recorded(sample.runs, curves, column)
    return bool(recorded[lasted].all() if lasted.any() else recorded.any())


def _trial(sample: Sample, curves: Curves, measure: Measure) -> RateTrial:
    averages = run_scores.averages(sample.runs, curves, measure.column)
    averages_or_worst = np.where(sample.diverged, scores.worst(measure.better), averages)
    return RateTrial(rate=sample.rate, scores=finals(sample, curves, measure), averages=averages_or_worst)


def _apart(samples: Iterable[Sample]) -> list[Sample]:
    labels = [(sample, f"learning rate {sample.rate:g}") for sample in samples]
    return [
        replace(sample, setting=replace(sample.setting, label=f"{sample.setting.label}, {rate}".removeprefix(", ")))
        for sample, rate in labels
    ]
