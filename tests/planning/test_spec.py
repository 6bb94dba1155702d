"""Runs have ids, schedules are values."""

import hashlib
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbench.datasets.xor import Xor
from lossbench.errors import BadInput
from lossbench.inits.normal import Normal
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Recording, RecordingSchedule, RunSpec, epoch_steps

KINDS = st.sampled_from(["every", "linear", "log"])


@given(KINDS, st.integers(2, 200), st.integers(0, 5000))
def test_a_schedule_keeps_the_start_and_the_end_in_order_and_no_step_twice(kind, points, total):
    steps = RecordingSchedule(kind=kind, points=points).steps(total)
    assert steps[0] == 0
    assert steps[-1] == total
    assert list(steps) == sorted(set(steps))
    assert len(steps) <= (total + 1 if kind == "every" else points)


def test_linear_steps_are_even_and_logarithmic_ones_grow():
    assert RecordingSchedule(kind="linear", points=5).steps(1000) == (0, 250, 500, 750, 1000)
    steps = RecordingSchedule(kind="log", points=10).steps(100_000)
    gaps = [after - before for before, after in pairwise(steps)]
    assert gaps == sorted(gaps)


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 300))
def test_a_curve_by_epoch_has_the_start_the_end_of_every_whole_pass_and_the_end(rows, batch, total):
    whole_batches = len([start for start in range(0, rows, batch) if start + batch <= rows]) or 1
    steps = RecordingSchedule(kind="epoch").steps(total, epoch_steps(rows, batch))
    assert steps == tuple(step for step in range(total + 1) if step % whole_batches == 0 or step == total)


def test_a_schedule_of_one_point_is_refused():
    with pytest.raises(BadInput, match="at least 2"):
        RecordingSchedule(points=1)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"steps": -1}, {"batch": 0}])
def test_counts_below_their_least_are_refused(wrong):
    parts = dict.fromkeys(("loss", "model", "init", "dataset", "optimizer"))
    with pytest.raises(BadInput, match="or more"):
        RunSpec(**parts, data="", **({"seed": 0, "steps": 1} | wrong))


def test_the_order_in_which_probes_are_named_makes_no_other_recording():
    assert Recording(probes=("brier", "loss")).describe() == Recording(probes=("loss", "brier")).describe()
    assert Recording(probes=("loss",)).describe() != Recording(probes=("brier",)).describe()


def test_a_run_of_another_seed_is_the_run_that_would_have_been_built() -> None:
    parts = {"loss": CrossEntropy(), "model": MLP(), "init": Normal(), "dataset": Xor(), "optimizer": SGD(lr=0.1)}
    one = RunSpec(**parts, data="d", seed=3, steps=9)
    for seed in (0, 3, 7):
        moved, built = one.of_seed(seed), RunSpec(**parts, data="d", seed=seed, steps=9)
        assert moved == built
        assert (moved.id, moved.describe()) == (built.id, built.describe())
        text = json.dumps(built.describe(), sort_keys=True, separators=(",", ":"))
        assert moved.id == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert one.seed == 3
