"""Causes that lie in the data, or in what a model can do with them: wrong labels, and too few units."""

import math
from collections.abc import Sequence

import numpy as np

from lossbench import tables
from lossbench.analysis import formatting
from lossbench.diagnosis.cause import BEHIND, Cause, Evidence, Trial, beside, present
from lossbench.diagnosis.changes import Twin, with_cross_entropy, with_gentle_start, with_more_units, with_rate, with_right_labels
from lossbench.diagnosis.records import Description, RunRecord
from lossbench.diagnosis.symptoms import RISING, gained_late, progress

AHEAD = 0.05  # progress on test data beyond that on training data
FLAT = 0.1  # share of the training loss that the last third of the steps takes off
OTHER_RATES = (3.0, 10.0, 1 / 3, 1 / 10)  # at which the same units may fit what they do not fit at the run's


class LabelsWrong(Cause):
    """Training labels of which a part is wrong: the right ones of the test data are learnt before them."""

    name = "wrong labels"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        leads = [_lead(record) for record in records]
        if not min(leads) > AHEAD:
            return None
        text = f"progress on the test data is up to {beside(min(leads), AHEAD)} ahead of that on the training data"
        return Evidence(
            measured=min(leads), bound=AHEAD, text=f"{text} (over the bound of {AHEAD:g}): some labels are learnt last"
        )

    def twins(self, run: Description) -> list[Twin]:
        return present(with_right_labels(run))


class TooFewUnits(Cause):
    """Data that this model cannot fit: the loss no longer falls, or no more is answered rightly, far from where it could be.

    The twin has more units. Other twins have as many as the run, at other rates, with cross entropy and from a gentle start:
    where one of these gets as far as the wider one, the model can fit the data, and nothing is claimed.
    """

    name = "the data cannot be fitted by this model"
    by_gain = True

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        if any(record.diverged for record in records):
            return None
        rises = [gained_late(record) for record in records]
        if max(rises) < RISING:
            text = f"the last third of the steps brings {beside(max(rises), RISING)} of progress"
            return Evidence(measured=max(rises), bound=RISING, text=f"{text} (under the bound of {RISING:g})")
        falls = [_late_fall(record) for record in records]
        if not max(falls) < FLAT:
            return _bottleneck(records)
        text = (
            f"the last third of the steps takes {beside(100 * max(falls), 100 * FLAT)}{formatting.SPACE}% off the training loss"
        )
        return Evidence(measured=max(falls), bound=FLAT, text=f"{text} (under the bound of {100 * FLAT:g}{formatting.SPACE}%)")

    def twins(self, run: Description) -> list[Twin]:
        """The wider one, and those with the run's own units; [] where there is no wider one."""
        wider = with_more_units(run)
        rates = (with_rate(run, factor) for factor in OTHER_RATES)
        return [wider, *present(*rates, with_cross_entropy(run), with_gentle_start(run))] if wider else []

    def confirmed(self, trials: Sequence[Trial]) -> Trial | None:
        """The wider one, if it learns and none with the run's own units gets as far."""
        if not trials or not trials[0].helps:
            return None
        wider, *as_wide = trials
        return wider if all(trial.further < wider.further - BEHIND for trial in as_wide) else None


def _bottleneck(records: Sequence[RunRecord]) -> Evidence | None:
    """A layer with fewer units than the outputs of that many classes have directions: a softmax bottleneck."""
    narrowest, classes = max(map(_narrowest, records)), len(records[0].parts(tables.TRAIN + tables.RECALL))
    if not narrowest < classes - 1:
        return None
    units = formatting.counted(int(narrowest), "unit")
    text = f"all passes through {units}, and {classes} classes differ in {classes - 1} directions"
    return Evidence(measured=narrowest, bound=classes - 1, text=text)


def _narrowest(record: RunRecord) -> float:
    """The units of the narrowest hidden layer; infinity where the model has none of a stated width."""
    model = record.description["model"]
    hidden = [model["width"]] if model["word"] == "residual" else model.get("hidden")
    return min(hidden, default=math.inf) if isinstance(hidden, Sequence) and not isinstance(hidden, str) else math.inf


def _lead(record: RunRecord) -> float:
    """The largest lead of progress on the test data over that on the training data."""
    leads = progress(record, tables.TEST) - progress(record)
    leads = leads[~np.isnan(leads)]
    return float(leads.max()) if len(leads) else -math.inf


def _late_fall(record: RunRecord) -> float:
    """The share of the training loss that the last third of the steps takes off, between medians of a few recorded steps."""
    values = record.curve(tables.TRAIN + tables.LOSS)
    if len(values) < 6 or not np.isfinite(values).all():
        return math.inf
    late = int(np.searchsorted(record.steps, 2 * record.steps[-1] / 3))
    before, after = (float(np.median(part)) for part in (values[late - 1 : late + 2], values[-3:]))
    return (before - after) / before if before > 0 else 0.0
