"""Every group of runs that does not learn well, with the cause that its records show and a twin confirms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lossbench.analysis.comparison import Sample, compare
from lossbench.diagnosis.cause import Cause, Evidence, Trial
from lossbench.diagnosis.changes import (
    Twin,
    with_cross_entropy,
    with_float64,
    with_gentle_start,
    with_more_units,
    with_other_activation,
    with_rate,
)
from lossbench.diagnosis.data_causes import LabelsWrong, TooFewUnits
from lossbench.diagnosis.rate_causes import FloatsEnd, RateTooLarge, RateTooSmall
from lossbench.diagnosis.records import Description, RunRecord, records_of
from lossbench.diagnosis.symptoms import Symptom, end, symptom
from lossbench.diagnosis.unit_causes import (
    ClampedLogarithm,
    ClassNeverAnswered,
    HiddenSaturated,
    LostWithDepth,
    OutputsSaturated,
    OutputsShut,
    StartFarOut,
)
from lossbench.errors import BadInput
from lossbench.tables import read_study

# From what only one fault shows to what many do: the first that is confirmed is the cause.
CAUSES: tuple[Cause, ...] = (
    LabelsWrong(),
    ClampedLogarithm(),
    FloatsEnd(),  # a probability is rounded to 1 where outputs are saturated, too
    OutputsSaturated(),
    HiddenSaturated(),
    LostWithDepth(),
    ClassNeverAnswered(),
    RateTooLarge(),
    OutputsShut(),
    StartFarOut(),
    RateTooSmall(),
    TooFewUnits(),
)
SEEDS = 2  # of a group, that are examined: those that come out worst
ATTEMPTED = 0.3  # progress at the end from which on runs that no twin beats are said to have learnt what there is
Train = Callable[[Sequence[Description]], Sequence[RunRecord]]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A confirmed cause: the inequality, the twin, and both in a sentence."""

    cause: str
    evidence: Evidence
    trial: Trial
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a group of runs has, by the examined ones of it. `claims` are the confirmed causes, the first one is the answer.

    `suspicions` are causes whose inequality holds and that no twin confirms; `trials` are all twins that were trained.
    """

    sample: Sample
    examined: tuple[RunRecord, ...]
    symptom: Symptom
    claims: tuple[Claim, ...]
    suspicions: tuple[tuple[str, Evidence], ...]
    trials: tuple[Trial, ...]

    @property
    def at_limit(self) -> bool:
        """Whether no twin, of any kind, gets further than a run that has got somewhere."""
        reached = float(np.mean([end(record) for record in self.examined]))
        return bool(self.trials) and reached >= ATTEMPTED and not any(trial.helps for trial in self.trials)

    @property
    def answer(self) -> str:
        """The cause, "healthy" or "unknown"."""
        if self.claims:
            return self.claims[0].cause
        return "healthy" if self.symptom == "healthy" or self.at_limit else "unknown"


def explain(folder: Path, train: Train, seeds: int = SEEDS) -> list[Explanation]:
    """Explain every group of runs of a study, in the order of the report.

    `train` gives the records of descriptions, in their order, with everything in `PROBES` recorded. Three rounds are trained:
    the examined runs once more, twins of what is suspected, and of what is not explained by them every other twin.
    Raises BadInput where the study cannot be read, and for several labels at once, of which progress is not defined.
    """
    study = read_study(folder)
    stored = records_of(study)
    if any(record.task == "multilabel" for record in stored.values()):
        raise BadInput(f"{folder} has runs of several labels at once; explained are runs of classes and of quantities.")
    samples = compare(study.runs).samples
    chosen = [_worst([stored[run] for run in sample.runs], seeds) for sample in samples]
    controls = _trained(train, [[record.description for record in group] for group in chosen])
    _refuse_changed(chosen, controls)
    return explain_groups(samples, controls, train)


def explain_groups(samples: Sequence[Sample], controls: Sequence[Sequence[RunRecord]], train: Train) -> list[Explanation]:
    """Explain groups of runs by records that hold everything in `PROBES`; `samples` say which group each is."""
    suspected = [_suspected(group) for group in controls]
    pairs = [(group, cause) for group, causes in zip(controls, suspected, strict=True) for cause in causes]
    trials = iter(_trials(train, [(group, _twins(cause.twins, group)) for group, cause in pairs]))
    tried = [{cause: next(trials) for cause in causes} for causes in suspected]
    explanations = [
        _explanation(sample, group, causes, tests)
        for sample, group, causes, tests in zip(samples, controls, suspected, tried, strict=True)
    ]
    return _with_other_twins(train, explanations)


def _refuse_changed(chosen: Sequence[Sequence[RunRecord]], controls: Sequence[Sequence[RunRecord]]) -> None:
    """Raise BadInput where a run, trained again, is another one than is stored: its data have changed since."""
    for old, new in zip(chosen, controls, strict=True):
        for before, now in zip(old, new, strict=True):
            if before.run != now.run:
                raise BadInput(f"Run {before.run} cannot be trained again as it was: its data, or a file of its, have changed.")


def _worst(records: Sequence[RunRecord], seeds: int) -> list[RunRecord]:
    """So many of the runs, those that learnt least by what the study recorded; the first where it recorded nothing of it."""
    return sorted(records, key=lambda record: (not record.diverged, round(float(_stored_score(record)), 3)))[:seeds]


def _stored_score(record: RunRecord) -> float:
    columns = ("train_accuracy", "test_accuracy")
    known = [value for column in columns if not np.isnan(value := record.last(column))]
    return known[0] if known else -np.nan_to_num(record.last("train_loss"))


def _suspected(records: Sequence[RunRecord]) -> dict[Cause, Evidence]:
    """The causes whose inequality holds. Of a healthy group only one that shows in spite of that: wrong labels."""
    causes = CAUSES if symptom(records) != "healthy" else CAUSES[:1]
    made = {cause: cause.suspected(records) for cause in causes}
    return {cause: evidence for cause, evidence in made.items() if evidence is not None}


def _twins(change: Callable[[Description], list[Twin]], group: Sequence[RunRecord]) -> list[list[Twin]]:
    """The twins of every run of a group, a list a kind of twin."""
    return [list(same) for same in zip(*(change(record.description) for record in group), strict=True)]


def _trials(train: Train, asked: Sequence[tuple[Sequence[RunRecord], list[list[Twin]]]]) -> list[list[Trial]]:
    """Train all twins at once; the trials of each group that asks for some."""
    descriptions = [[twin.description for twin in kind] for _, kinds in asked for kind in kinds]
    records = iter(_trained(train, descriptions))
    return [
        [Trial(change=kind[0].change, originals=tuple(group), twins=tuple(next(records))) for kind in kinds]
        for group, kinds in asked
    ]


def _trained(train: Train, groups: Sequence[Sequence[Description]]) -> list[list[RunRecord]]:
    """The records of groups of descriptions, trained all at once."""
    records = iter(train([description for group in groups for description in group]))
    return [[next(records) for _ in group] for group in groups]


def _explanation(
    sample: Sample, group: Sequence[RunRecord], causes: Mapping[Cause, Evidence], tests: Mapping[Cause, Sequence[Trial]]
) -> Explanation:
    confirmed = in_order({cause: trial for cause in causes if (trial := cause.confirmed(tests[cause])) is not None})
    return Explanation(
        sample=sample,
        examined=tuple(group),
        symptom=symptom(group),
        claims=tuple(
            Claim(cause=cause.name, evidence=causes[cause], trial=trial, sentence=cause.sentence(causes[cause], trial))
            for cause, trial in confirmed.items()
        ),
        suspicions=tuple((cause.name, evidence) for cause, evidence in causes.items() if cause not in confirmed),
        trials=tuple({trial.change: trial for trials in tests.values() for trial in trials}.values()),  # causes share twins
    )


def in_order(confirmed: Mapping[Cause, Trial]) -> dict[Cause, Trial]:
    """Causes and the trials that confirm them, from the answer on: as they came, and last those `by_gain`, by their gain.

    Where a lower rate alone is enough, a twin that needs it and another change as well does not come first.
    """
    rate_alone = any(isinstance(cause, RateTooLarge) for cause in confirmed)

    def order(item: tuple[Cause, Trial]) -> tuple[bool, bool, float]:
        cause, trial = item
        return cause.by_gain, rate_alone and trial.rate_as_well, -trial.gain if cause.by_gain else 0.0

    return dict(sorted(confirmed.items(), key=order))


def _with_other_twins(train: Train, explanations: Sequence[Explanation]) -> list[Explanation]:
    """The same; what ails a group for no cause so far is tried with every twin that it has not had."""
    open_ones = [one for one in explanations if not one.claims and one.symptom != "healthy"]
    asked = [(one.examined, _untried(one)) for one in open_ones]
    more = dict(zip(map(id, open_ones), _trials(train, asked), strict=True))
    return [replace(one, trials=(*one.trials, *more.get(id(one), ()))) for one in explanations]


def _untried(one: Explanation) -> list[list[Twin]]:
    had = {trial.change for trial in one.trials}
    return [kind for kind in _twins(_every_twin, one.examined) if kind[0].change not in had]


def _every_twin(run: Description) -> list[Twin]:
    made = (
        with_cross_entropy(run),
        with_gentle_start(run),
        with_rate(run, 3.0),
        with_rate(run, 1 / 3),
        with_other_activation(run),
        with_more_units(run),
        with_float64(run),
    )
    return [twin for twin in made if twin is not None]
