"""Parameters kept on the way are those of a run that ends there, in both engines, interrupted or not."""

import numpy as np
import pytest

from lossbench.engine import train
from lossbench.errors import BadInput
from lossbench.models.dense import MLP
from lossbench.models.feedforward import Normalised
from lossbench.module_engine.engine import ModuleEngine
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule

ENDS = RecordingSchedule(kind="linear", points=2)
KEPT = Recording(schedule=ENDS, probes=("loss",), keep=("parameters", "step:0", "step:7", "epoch:2"))  # of 23 in fours: 10
FINAL = Recording(schedule=ENDS, probes=("loss",), keep=("parameters",))


class Held:
    """A checkpoint in memory, of every step."""

    seconds = 0.0
    arrays = None

    def load(self):
        return self.arrays

    def save(self, arrays):
        self.arrays = {name: np.array(array) for name, array in arrays.items()}


def arrays(parameters):
    if isinstance(parameters, dict):
        return list(parameters.values())
    return [part for layer in parameters for part in layer]


def expect_ends(traces, engine, split):
    """Every moment is the last one of a run that takes so many steps."""
    for trace in traces:
        assert set(trace.moments) == {"step:0", "step:7", "epoch:2"}
        for word, steps in (("step:0", 0), ("step:7", 7), ("epoch:2", 10)):
            (ended,) = engine(Cohort(runs=(replaced(trace.run, steps),), recording=FINAL), split)
            for mine, wanted in zip(arrays(trace.moments[word]), arrays(ended.parameters), strict=True):
                np.testing.assert_array_equal(mine, wanted, err_msg=word, strict=True)


def replaced(run, steps):
    return type(run)(**{name: getattr(run, name) for name in run.__dataclass_fields__} | {"steps": steps})


@pytest.mark.parametrize("rule", [SGD(lr=0.3), SGD(lr=0.1, momentum=0.9)], ids=str)
@pytest.mark.parametrize("features", [6, 200])  # 200 are worked out ahead, several steps at once
def test_moments_are_where_shorter_runs_end(rule, features, run, blobs):
    split = blobs(features=features)
    runs = tuple(run(seed=seed, optimizer=rule, dtype="float32", model=MLP(hidden=(16,))) for seed in (1, 2))
    expect_ends(train(Cohort(runs=runs, recording=KEPT), split), train, split)


@pytest.mark.slow
def test_moments_of_a_module_are_where_shorter_runs_end(run, blobs):
    split, engine = blobs(), ModuleEngine().train
    runs = tuple(run(seed=seed, model=Normalised(hidden=(5,), norm="layer")) for seed in (1, 2))
    expect_ends(engine(Cohort(runs=runs, recording=KEPT), split), engine, split)


def test_a_training_that_goes_on_still_has_its_moments(run, blobs):
    split, cohort, held = blobs(), Cohort(runs=(run(),), recording=KEPT), Held()

    def interrupt(step):
        if step == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(cohort, split, report=interrupt, checkpoint=held)
    (resumed,), (whole,) = train(cohort, split, checkpoint=held), train(cohort, split)
    assert resumed.moments.keys() == whole.moments.keys()
    for word, parameters in whole.moments.items():
        for mine, wanted in zip(arrays(resumed.moments[word]), arrays(parameters), strict=True):
            np.testing.assert_array_equal(mine, wanted, strict=True)


def test_what_is_no_moment_or_lies_beyond_the_run_is_refused(run, blobs):
    for word in ("step", "step:-1", "step:07", "moment:3", "epoch:x"):
        with pytest.raises(BadInput, match="No value of keep is called"):
            Recording(keep=(word,))
    beyond = Recording(keep=("epoch:3",))
    with pytest.raises(BadInput, match="epoch:3, which is step 15, and a run takes 12 steps"):
        train(Cohort(runs=(run(),), recording=beyond), blobs())
