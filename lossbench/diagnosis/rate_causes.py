"""Causes that lie in the size of steps: a rate too small or too large, and steps below the float's resolution."""

import math
from collections.abc import Sequence

import numpy as np

from lossbench import tables
from lossbench.analysis import formatting, scores
from lossbench.diagnosis.cause import Cause, Evidence, Trial, present
from lossbench.diagnosis.changes import Twin, with_float64, with_rate
from lossbench.diagnosis.records import Description, RunRecord

FACTORS = (3.0, 10.0, 30.0, 100.0)
MOVED = 1.0  # path of a layer's weights, by their own size, below which they have hardly moved
LURCH = 0.2  # of a layer's weights, by their own size, that a step changes
RISEN = 1.05  # training loss at the end by that at the start
RESOLUTION = {"float32": 2.0**-24, "float64": 2.0**-53}  # half a unit in the last place of 1


class RateTooSmall(Cause):
    """Weights that hardly move in the steps that there are."""

    name = "learning rate too small"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        paths = [max(_paths(record), default=math.inf) for record in records]
        if any(record.diverged for record in records) or not max(paths) < MOVED:
            return None
        text = f"in {formatting.counted(records[0].length, 'step')} the weights move by {formatting.number(max(paths), 2)}"
        return Evidence(measured=max(paths), bound=MOVED, text=f"{text} of their own size (less than {MOVED:g})")

    def twins(self, run: Description) -> list[Twin]:
        return present(*(with_rate(run, factor) for factor in FACTORS))

    def confirmed(self, trials: Sequence[Trial]) -> Trial | None:
        """The trial with the most progress, where already three times the rate makes some."""
        return _best(trials)


class RateTooLarge(Cause):
    """Steps that overshoot: the run diverges, its loss rises, or one step changes a good part of the weights."""

    name = "learning rate too large"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        if all(record.diverged for record in records):
            stop = min(int(record.steps[-1]) if len(record.steps) else 0 for record in records)
            return Evidence(measured=math.inf, bound=math.inf, text=f"the loss is not finite after step {stop:,}")
        kept = [record for record in records if not record.diverged]
        rises = [_risen(record) for record in kept]
        if min(rises) > RISEN:
            text = f"the training loss ends at {formatting.times(min(rises))} what it was at the start"
            return Evidence(measured=min(rises), bound=RISEN, text=f"{text} (more than {RISEN:g})")
        steps = [max(_largest_steps(record), default=0.0) for record in kept]
        if not min(steps) > LURCH:
            return None
        text = f"a step changes a layer's weights by {formatting.number(min(steps), 2)} of their size"
        return Evidence(measured=min(steps), bound=LURCH, text=f"{text} (more than {LURCH:g})")

    def twins(self, run: Description) -> list[Twin]:
        return present(*(with_rate(run, 1 / factor) for factor in FACTORS))

    def confirmed(self, trials: Sequence[Trial]) -> Trial | None:
        """The trial with the most progress, if it is enough."""
        return _best(trials)


class FloatsEnd(Cause):
    """Updates below the resolution of the numbers that they are added to."""

    name = "the float's end"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        smallest = RESOLUTION.get(str(records[0].description["dtype"]), 0.0)
        ratios = [_least_step(record) for record in records]
        if not max(ratios) < smallest:
            return None
        text = f"a step changes a layer's weights by {formatting.number(max(ratios), 2)} of their size"
        limit = f"below the resolution of {records[0].description['dtype']}, {formatting.number(smallest, 2)}"
        return Evidence(measured=max(ratios), bound=smallest, text=f"{text}, {limit}")

    def twins(self, run: Description) -> list[Twin]:
        return present(with_float64(run))


def _best(trials: Sequence[Trial]) -> Trial | None:
    helping = [trial for trial in trials if trial.helps]
    return max(helping, key=lambda trial: trial.gain, default=None)


def _ratios(record: RunRecord) -> "list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]":
    """Each layer's size of update over size of weights, (T,), without the last step, after which there is no update."""
    return [values[:-1] for values in record.parts(tables.UPDATE_RATIO) if len(values) > 1]


def _paths(record: RunRecord) -> list[float]:
    """How far each layer's weights went, by their own size: the mean update over all steps."""
    steps = record.steps[:-1]
    return [scores.average(steps, values) * record.length for values in _ratios(record)]


def _largest_steps(record: RunRecord) -> list[float]:
    """For each layer, the size of the larger updates: their 90th percentile over the recorded steps, by the weights' size."""
    return [float(np.nanquantile(values, 0.9)) for values in _ratios(record)]


def _least_step(record: RunRecord) -> float:
    """The least of the layers' median updates, by the size of the weights."""
    return min((float(np.nanmedian(values)) for values in _ratios(record)), default=math.inf)


def _risen(record: RunRecord) -> float:
    start, stop = record.first(tables.TRAIN + tables.LOSS), record.last(tables.TRAIN + tables.LOSS)
    return stop / start if start > 0 else 0.0
