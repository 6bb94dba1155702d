"""Whether runs learn: progress, a number from 0 (chance) to 1 (all is answered rightly), and what its course is called."""

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from lossbench import tables
from lossbench.analysis import formatting, scores
from lossbench.analysis.statistics import Values
from lossbench.diagnosis.records import RunRecord

Symptom = Literal["healthy", "slow", "stalled", "diverged"]
SYMPTOMS: tuple[Symptom, ...] = get_args(Symptom)
# Set beforehand, and looked at on planted faults of seed 0 (benchmarks/planted_faults.py); other seeds judge.
LEARNT = 0.9  # progress at the end from which on a run has learnt
PROMPT = 0.75  # average progress from which on it did so in good time
RISING = 0.05  # progress in the last third of the steps by which a run is still learning
ACCURACY, R_SQUARED, DIVERGENCE = "training accuracy ", "R² ", "divergence"  # what runs end with, before its number


def progress(record: RunRecord, side: str = tables.TRAIN) -> Values:
    """How much of what can be learnt is learnt at each recorded step, (T,).

    Classification: (R − 1/C) / (1 − 1/C), with R the mean recall of the C classes, so that chance is 0 however rare a class is.
    Regression: R², and 0 where that is below.
    """
    if record.task == "regression":
        return np.clip(1 - record.curve(side + tables.SQUARED_ERROR), 0, 1)
    recalls = record.parts(side + tables.RECALL)
    if not recalls:
        return np.full(len(record.steps), np.nan)
    chance = 1 / max(2, len(recalls))
    return np.asarray((np.mean(recalls, axis=0) - chance) / (1 - chance))


def average(record: RunRecord, side: str = tables.TRAIN) -> float:
    """Progress averaged over all the steps that the run was to take; once it has diverged it counts 0."""
    values = np.nan_to_num(progress(record, side))
    if not len(values):
        return 0.0
    mean = max(0.0, scores.average(record.steps, values))
    return mean * float(record.steps[-1]) / record.length if record.diverged and record.length else mean


def end(record: RunRecord) -> float:
    """Progress at the end; 0 for a run that diverged."""
    values = progress(record)
    return 0.0 if record.diverged or not len(values) or math.isnan(values[-1]) else float(values[-1])


def symptom(records: Sequence[RunRecord]) -> Symptom:
    """What ails some runs that differ by seed alone; healthy where nothing does."""
    if 2 * sum(record.diverged for record in records) >= len(records):
        return "diverged"
    last = float(np.median([end(record) for record in records]))
    if last >= LEARNT:
        return "healthy" if np.median([average(record) for record in records]) >= PROMPT else "slow"
    return "slow" if np.median([gained_late(record) for record in records]) >= RISING else "stalled"


def gained_late(record: RunRecord) -> float:
    """How much progress the last third of the steps brings."""
    values = progress(record)
    if not len(values):
        return 0.0
    late = int(np.searchsorted(record.steps, 2 * record.steps[-1] / 3))
    return float(values[-1] - values[late])


def result(records: Sequence[RunRecord]) -> str:
    """How some runs ended, as people say it: "training accuracy 31.0 % at the end, classes counted alike"."""
    if all(record.diverged for record in records):
        return DIVERGENCE
    kept = [record for record in records if not record.diverged]
    if kept[0].task == "regression":
        return f"{R_SQUARED}{formatting.number(float(np.mean([end(record) for record in kept])), 2)}"
    recall = [float(np.mean([values[-1] for values in record.parts(tables.TRAIN + tables.RECALL)])) for record in kept]
    return f"{ACCURACY}{100 * float(np.mean(recall)):.0f}{formatting.SPACE}%"
