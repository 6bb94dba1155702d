"""Laws of fairness: whoever is timed computes what lossbench computes."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.agreement import difference, same_norms
from benchmarks.contest import Disagreement
from benchmarks.lesson import Lesson
from benchmarks.rivals import eager, plain
from benchmarks.training import HAS_JAX, sample
from lossbench.datasets.classic import BreastCancer, Iris

SMALL = Lesson(dataset=Iris(), hidden=(5,), batch=4, seeds=2, rates=(0.1, 0.5))
NEURON = Lesson(dataset=BreastCancer(), hidden=(), batch=None, seeds=2, rates=(0.1, 0.5))


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [SMALL, NEURON], ids=["network", "neuron"])
def test_every_rival_computes_the_same_norms(lesson):
    rivals = {"eager": eager.train} | ({"plain": plain.train} if lesson is NEURON else {})
    said = same_norms(lesson, rivals, jax=HAS_JAX and lesson is SMALL)
    assert all(name in said for name in rivals)


MISTAKES = {
    "another rate": lambda loss, seed, rate: (loss, seed, rate * 1.1),
    "another seed": lambda loss, seed, rate: (loss, seed + 1, rate),
    "one loss for both": lambda loss, seed, rate: (loss.replace("half_squared_error", "cross_entropy"), seed, rate),
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_rival_that_trains_something_else_is_refused(mistake):
    def wrong(lesson, *run_and_steps):
        *run, steps = run_and_steps
        return eager.train(lesson, *MISTAKES[mistake](*run), steps)

    with pytest.raises(Disagreement, match="eager"):
        same_norms(SMALL, {"eager": wrong}, jax=False)


@pytest.mark.slow
def test_a_rival_that_logs_less_is_refused():
    with pytest.raises(Disagreement, match="eager"):
        same_norms(SMALL, {"eager": lambda *run: eager.train(*run)[:, :2]}, jax=False)


def test_rounding_is_forgiven_and_nan_is_not():
    ours = np.array([1.0, 1e-3, 1e-12], np.float32)
    assert difference("theirs", ours * np.float32(1.0001) + np.float32(1e-11), ours) < 1e-3
    with pytest.raises(Disagreement, match="nan"):
        difference("theirs", ours * np.float32(np.nan), ours)


def test_the_sample_has_both_losses_and_the_whole_range_of_rates():
    lesson = Lesson(dataset=Iris(), hidden=(), batch=4, seeds=3, rates=tuple(np.geomspace(0.01, 1, 20)))
    some = sample(lesson)
    assert {loss for loss, _, _ in some} == {"cross_entropy", "half_squared_error"}
    assert {seed for _, seed, _ in some} == {0, 1, 2}
    assert {lesson.rates[0], lesson.rates[-1]} < {rate for *_, rate in some}


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [SMALL, NEURON], ids=["network", "neuron"])
def test_operations_are_those_that_torch_counts(lesson):
    model = eager.network(lesson, 0)
    x = torch.zeros(lesson.batch or len(lesson.examples[0]), lesson.layers[0].inputs)
    with FlopCounterMode(display=False) as counted:
        model(x).sum().backward()
    assert counted.get_total_flops() == lesson.operations
