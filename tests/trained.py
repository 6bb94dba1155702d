"""A run trained by the dense engine, and whether two trainings came out the same, bit for bit."""

import numpy as np

from lossbench.engine import train
from lossbench.interfaces import Split
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec, Trace

KEPT = Recording(schedule=RecordingSchedule(kind="every"), keep=("parameters",))


def alone(run: RunSpec, split: Split, recording: Recording = KEPT) -> Trace:
    return train(Cohort(runs=(run,), recording=recording), split)[0]


def assert_same(one: Trace, other: Trace) -> None:
    """Bit for bit, but for the time it took."""
    assert (one.outcome, one.stopped, one.steps) == (other.outcome, other.stopped, other.steps)
    assert one.values.keys() == other.values.keys()
    for name, curve in one.values.items():
        np.testing.assert_array_equal(curve, other.values[name], err_msg=name, strict=True)
    for mine, theirs in zip(one.parameters or (), other.parameters or (), strict=True):
        np.testing.assert_array_equal(mine.weight, theirs.weight, strict=True)
        np.testing.assert_array_equal(mine.bias, theirs.bias, strict=True)
