"""Causes that lie in the size of steps: a rate too small or too large, and steps below the float's resolution."""

import math
from collections.abc import Sequence

import numpy as np

from lossbench import tables
from lossbench.analysis import formatting, scores
from lossbench.diagnosis.cause import Cause, Evidence, Trial, beside, present
from lossbench.diagnosis.changes import Twin, with_cross_entropy, with_float64, with_rate
from lossbench.diagnosis.records import Description, RunRecord

FACTORS = (3.0, 10.0, 30.0, 100.0)
FAR_TOO_LARGE = 1000.0  # a rate may also be that many times too large, where it is swept over several powers of ten
MOVED = 10.0  # path of every layer's weights, by their own size, below which there may be too little of it
LURCH = 0.2  # of a layer's weights, by their own size, that a step changes
LEAP = 1.0  # of a layer's weights, by their own size, that a single step changes
RISEN = 1.05  # training loss at the end by that at the start
RESOLUTION = {"float32": 2.0**-24, "float64": 2.0**-53}  # half a unit in the last place of 1


class RateTooSmall(Cause):
    """Weights that go no long way in the steps that there are."""

    name = "learning rate too small"
    by_gain = True

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        paths = [max(_paths(record), default=math.inf) for record in records]
        if any(record.diverged for record in records) or not max(paths) < MOVED:
            return None
        text = f"in {formatting.counted(records[0].length, 'step')} the weights move {beside(max(paths), MOVED)}"
        return Evidence(measured=max(paths), bound=MOVED, text=f"{text} times their own size (under the bound of {MOVED:g})")

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
            text = f"the training loss ends at {beside(min(rises), RISEN)} times what it was at the start"
            return Evidence(measured=min(rises), bound=RISEN, text=f"{text} (over the bound of {RISEN:g})")
        for measure, bound, which in ((_usual_large_step, LURCH, "one step in ten"), (_largest_step, LEAP, "the largest step")):
            least = min(map(measure, kept))
            if least > bound:
                text = f"{which} changes a layer's weights by {beside(least, bound)} times their size or more"
                return Evidence(measured=least, bound=bound, text=f"{text} (over the bound of {bound:g})")
        return None

    def twins(self, run: Description) -> list[Twin]:
        return present(*(with_rate(run, 1 / factor) for factor in (*FACTORS, FAR_TOO_LARGE)))

    def confirmed(self, trials: Sequence[Trial]) -> Trial | None:
        """The trial with the most progress, if it is enough."""
        return _best(trials)


class FloatsEnd(Cause):
    """Updates below the resolution of the numbers that they are added to, or a loss that rounds to what it cannot take."""

    name = "the float's end"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        return self._rounded(records) or self._absorbed(records)

    def twins(self, run: Description) -> list[Twin]:
        """In float64, and with cross entropy, which lossbench takes from raw outputs: float64 rounds a probability to 1, too."""
        return present(with_float64(run), with_cross_entropy(run))

    def confirmed(self, trials: Sequence[Trial]) -> Trial | None:
        """The first trial that helps; another loss proves something of rounding only where the run's own is not finite."""
        return next((trial for trial in trials if trial.helps and (_same_loss(trial) or _all_rounded(trial))), None)

    def _rounded(self, records: Sequence[RunRecord]) -> Evidence | None:
        """A loss that is not finite where the log loss of the same outputs, worked out without probabilities, is."""
        finite = [rounded_at(record) for record in records]
        if not max(finite) < math.inf:
            return None
        text = f"the loss is not finite where the log loss of the same raw outputs is {formatting.number(max(finite), 3)}"
        return Evidence(measured=max(finite), bound=math.inf, text=f"{text}: a probability was rounded to 0 or 1")

    def _absorbed(self, records: Sequence[RunRecord]) -> Evidence | None:
        smallest = RESOLUTION.get(str(records[0].description["dtype"]), 0.0)
        ratios = [_least_step(record) for record in records]
        if not max(ratios) < smallest:
            return None
        text = f"a step changes a layer's weights by {formatting.number(max(ratios), 2)} of their size"
        limit = f"below the resolution of {records[0].description['dtype']}, {formatting.number(smallest, 2)}"
        return Evidence(measured=max(ratios), bound=smallest, text=f"{text}, {limit}")


def _same_loss(trial: Trial) -> bool:
    return bool(trial.twins[0].description["loss"] == trial.originals[0].description["loss"])


def _all_rounded(trial: Trial) -> bool:
    return all(rounded_at(record) < math.inf for record in trial.originals)


def _best(trials: Sequence[Trial]) -> Trial | None:
    helping = [trial for trial in trials if trial.helps]
    return max(helping, key=lambda trial: trial.gain, default=None)


def _ratios(record: RunRecord) -> "list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]":
    """Each layer's size of update over size of weights, (T,), without the last step, after which there is no update.

    Of a run that diverged the last one stays: that update was made, and broke it.
    """
    made = slice(None) if record.diverged else slice(-1)
    return [values[made] for values in record.parts(tables.UPDATE_RATIO) if len(values[made])]


def _paths(record: RunRecord) -> list[float]:
    """How far each layer's weights went, by their own size: the mean update over all steps."""
    return [scores.average(record.steps[: len(values)], values) * record.length for values in _ratios(record)]


def _usual_large_step(record: RunRecord) -> float:
    """The largest over the layers of the 90th percentile of the recorded updates, by the weights' size."""
    return max((float(np.nanquantile(values, 0.9)) for values in _ratios(record)), default=0.0)


def _largest_step(record: RunRecord) -> float:
    """The largest of the recorded updates by the weights' size. Units that it drives out of reach make none afterwards."""
    return max((float(values[np.isfinite(values)].max(initial=0.0)) for values in _ratios(record)), default=0.0)


def _least_step(record: RunRecord) -> float:
    """The least of the layers' updates by the size of the weights, at the start and the median, of layers with a gradient.

    At the start, too: what a float loses may drive units out of reach, which have no gradient afterwards.
    """
    pairs = list(zip(_ratios(record), record.parts(tables.GRADIENT_WEIGHTS), strict=False))
    starts = [float(ratios[0]) for ratios, norms in pairs if norms[0] > 0]
    medians = [float(np.nanmedian(ratios)) for ratios, norms in pairs if np.nanmedian(norms) > 0]
    return min((*starts, *medians), default=math.inf)


def rounded_at(record: RunRecord) -> float:
    """The log loss at the first recorded step whose loss is not finite; infinity where there is none."""
    side = tables.TRAIN
    broken = ~np.isfinite(record.curve(side + tables.LOSS)) & np.isfinite(record.curve(side + tables.LOG_LOSS))
    recorded = ~np.isnan(record.curve(side + tables.LOG_LOSS))
    steps = np.flatnonzero(broken & recorded)
    return float(record.curve(side + tables.LOG_LOSS)[steps[0]]) if len(steps) else math.inf


def _risen(record: RunRecord) -> float:
    start, stop = record.first(tables.TRAIN + tables.LOSS), record.last(tables.TRAIN + tables.LOSS)
    return stop / start if start > 0 else 0.0
