"""A run may go on from where another one ended."""

import numpy as np
import pytest

from lossbench.engine import train
from lossbench.inits.continued import Continued
from lossbench.inits.given import File
from lossbench.inits.uniform import Uniform
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule

EVERY = Recording(schedule=RecordingSchedule(kind="every"), keep=("parameters",))
CE, MSE = CrossEntropy(link="softmax"), HalfSquaredError(link="softmax")
AFTER = Continued(loss=CE, init=Uniform(), lr=0.3, steps=7)


def trained(split, *runs):
    return train(Cohort(runs=runs, recording=EVERY), split)


def same(one, other):
    assert one.values.keys() == other.values.keys()
    for name, curve in one.values.items():
        np.testing.assert_array_equal(curve, other.values[name], err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_goes_on_from_where_the_first_training_ended(dtype, run, blobs, tmp_path):
    split = blobs()
    (first,) = trained(split, run(loss=CE, optimizer=SGD(lr=0.3, momentum=0.5), steps=7, dtype=dtype))
    parts = {f"weight_{n}": layer.weight for n, layer in enumerate(first.parameters, start=1)}
    np.savez(tmp_path / "end.npz", **parts, **{f"bias_{n}": p.bias for n, p in enumerate(first.parameters, start=1)})
    rule = SGD(lr=0.1, momentum=0.5)
    (by_hand,) = trained(split, run(loss=MSE, optimizer=rule, init=File(path=str(tmp_path / "end.npz")), dtype=dtype))
    (at_once,) = trained(split, run(loss=MSE, optimizer=rule, init=AFTER, dtype=dtype))
    same(at_once, by_hand)


@pytest.mark.slow
def test_going_on_is_the_same_alone_and_among_others(run, blobs):
    split = blobs()
    longer = Continued(loss=MSE, init=Uniform(), lr=0.2, steps=3)
    runs = [run(loss=MSE, init=init, seed=seed) for init in (AFTER, Uniform(), longer) for seed in (1, 2)]
    for alone, among in zip([trained(split, one)[0] for one in runs], trained(split, *runs), strict=True):
        same(alone, among)


def test_a_run_whose_first_training_diverged_has_diverged_and_its_mates_have_not(run, blobs):
    split = blobs()
    wild = Continued(loss=HalfSquaredError(link="identity"), init=Uniform(), lr=1e6, steps=40)
    lost, mate = trained(split, run(loss=MSE, init=wild), run(loss=MSE, init=AFTER))
    assert (lost.outcome, lost.stopped) == ("diverged", 0)
    assert mate.outcome == "finished"
    same(mate, trained(split, mate.run)[0])


def test_a_length_counts_the_steps_of_first_trainings(run):
    twice = Continued(loss=MSE, init=AFTER, lr=0.1, steps=5)
    assert (run().length, run(init=AFTER).length, run(init=twice).length) == (12, 19, 24)
