"""The first layer, worked out some steps ahead, is the one that is moved at every step."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lossbench.engine import train
from lossbench.engine.batches import batches
from lossbench.engine.first_layer import FirstLayerShape
from lossbench.engine.look_ahead import LookAhead
from lossbench.engine.products import Inputs, Layout
from lossbench.engine.stacking import Sharing
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec, Trace

EVERY = Recording(schedule=RecordingSchedule(kind="every"), keep=("parameters",))
ENDS = replace(EVERY, schedule=RecordingSchedule(kind="linear", points=2))
BATCH, FEATURES = 2, 200
REACH = FirstLayerShape(9, FEATURES, BATCH, lasting=False, dtype=torch.float32, device="cpu").reach


@st.composite
def firsts(draw) -> tuple[LookAhead, list[int], torch.Generator]:
    """A first layer in float64, the place of each run's batch, and a stream of numbers."""
    batches, runs = draw(st.integers(1, 3)), draw(st.integers(2, 3))
    owners = [batch for batch in range(batches) for _ in range(runs)]
    units, features, width, reach = (draw(st.integers(1, most)) for most in (4, 9, 3, 5))
    stream = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    rows, weight = (
        torch.randn(*size, generator=stream, dtype=torch.float64)
        for size in ((batches, reach * width, features), (len(owners), units, features))
    )
    laid = Layout(Sharing(tuple(range(batches)), tuple(owners), alike=False).run_blocks(), tall=draw(st.booleans()))
    return (
        LookAhead(weight, Inputs(rows, rows.transpose(1, 2)), weight.new_empty(len(owners), units, width), laid),
        owners,
        stream,
    )


@pytest.mark.slow
@given(firsts())
def test_every_place_of_every_block_has_the_products_and_weights_of_plain_descent(drawn) -> None:
    ahead, owners, stream = drawn
    plain, rate = ahead.weight.clone(), torch.rand(len(owners), 1, 1, generator=stream, dtype=torch.float64)
    for step in range(2 * ahead.reach):
        if ahead.position == 0:
            ahead.rows.normal_(generator=stream)
            ahead.renew()
        x = ahead.rows[owners, ahead.now]
        ahead.enter()
        torch.testing.assert_close(ahead.units, plain @ x.transpose(1, 2), msg=f"products at step {step}")
        with ahead.settled():
            torch.testing.assert_close(ahead.weight, plain, msg=f"weights at step {step}")
        delta = torch.randn(ahead.units.shape, generator=stream, dtype=torch.float64)
        torch.testing.assert_close(ahead.gradient(delta), delta @ x)
        torch.testing.assert_close(ahead.norms(delta), torch.linalg.matrix_norm(delta @ x))
        ahead.move(delta, rate)
        plain -= rate * (delta @ x)
    torch.testing.assert_close(ahead.weight, plain)


def test_looking_leaves_no_trace() -> None:
    rows, weight = torch.linspace(0, 1, 24).view(1, 6, 4), torch.linspace(-1, 1, 24).view(2, 3, 4)
    laid = Layout(Sharing((0,), (0, 0), alike=False).run_blocks())
    ahead = LookAhead(weight, Inputs(rows, rows.transpose(1, 2)), torch.empty(2, 3, 2), laid)
    ahead.enter()
    ahead.move(torch.ones_like(ahead.units), torch.full((2, 1, 1), 0.1))
    before = weight.clone()
    with ahead.settled():
        assert not torch.equal(weight, before)
    assert torch.equal(weight, before)


@pytest.fixture
def spec(run) -> RunSpec:
    """A run whose first layer is worked out several steps ahead, over several blocks, the last of them cut short."""
    assert REACH > 3
    return run(model=MLP(hidden=(9,)), batch=BATCH, dtype="float32", steps=2 * REACH + 3, optimizer=SGD(lr=0.05))


@pytest.fixture
def split(blobs):
    return blobs(features=FEATURES)


def alone(run: RunSpec, split, recording: Recording = EVERY) -> Trace:
    return train(Cohort(runs=(run,), recording=recording), split)[0]


@pytest.mark.parametrize("less", range(REACH), ids=lambda less: f"{less} steps less")
def test_training_equals_autograd_with_torch_optim_wherever_it_ends(less: int, spec, split, twin) -> None:
    spec = replace(spec, steps=spec.steps - less)
    expected = twin(spec, split).train(lambda groups: torch.optim.SGD(groups, lr=0.05))
    for mine, wanted in zip(alone(spec, split).parameters, expected, strict=True):
        np.testing.assert_allclose(mine.weight, wanted.weight, rtol=1e-4, atol=2e-6)
        np.testing.assert_allclose(mine.bias, wanted.bias, rtol=1e-4, atol=2e-6)


def test_looking_at_every_step_changes_nothing(spec, split) -> None:
    looked, left = alone(spec, split), alone(spec, split, ENDS)
    for one, other in zip(looked.parameters, left.parameters, strict=True):
        np.testing.assert_array_equal(one.weight, other.weight, strict=True)
        np.testing.assert_array_equal(one.bias, other.bias, strict=True)


def test_what_is_seen_at_a_step_is_what_is_seen_where_every_gradient_is_formed(spec, split) -> None:
    """As in float64, where nothing is worked out ahead: losses on all examples and every probe of the step, step by step."""
    spec = replace(spec, optimizer=SGD(lr=0.5))
    ahead, formed = alone(spec, split), alone(replace(spec, dtype="float64"), split)
    for name, curve in formed.values.items():
        if "saturated" not in name and "accuracy" not in name:  # which count, and may jump
            np.testing.assert_allclose(ahead.values[name], curve, rtol=2e-4, atol=1e-6, err_msg=name)


def test_what_is_seen_at_a_step_is_what_a_training_of_so_many_steps_ends_with(spec, split) -> None:
    """Norms of parameters, and the loss, at every step of a long training, against short ones."""
    long = alone(spec, split)
    for steps in (REACH - 1, REACH, REACH + 1, REACH + 2):
        short = alone(replace(spec, steps=steps), split)
        for name, curve in short.values.items():
            if name.startswith("update_ratio"):  # of a step that a training's end does not make
                continue
            np.testing.assert_array_equal(curve, long.values[name][: len(curve)], err_msg=name)


class Drawer:
    """Checkpoints at every chance, kept."""

    seconds = 0.0

    def __init__(self, first=None) -> None:
        self.first, self.kept = first, []

    def load(self):
        return self.first

    def save(self, arrays) -> None:
        self.kept.append({name: array.copy() for name, array in arrays.items()})


def test_a_checkpoint_falls_between_blocks_and_training_goes_on_from_it_to_the_same_bits(spec, split) -> None:
    wild = replace(spec, loss=HalfSquaredError(link="softmax"), optimizer=SGD(lr=1e30))
    cohort, drawer = Cohort(runs=(spec, wild), recording=EVERY), Drawer()
    whole = train(cohort, split, checkpoint=drawer)
    assert [int(kept["step"]) for kept in drawer.kept if kept["step"] <= spec.steps] == [REACH, 2 * REACH]
    for kept in drawer.kept:
        for trace, again in zip(whole, train(cohort, split, checkpoint=Drawer(kept)), strict=True):
            assert (trace.outcome, trace.stopped) == (again.outcome, again.stopped)
            for name, curve in trace.values.items():
                np.testing.assert_array_equal(curve, again.values[name], err_msg=name)


def test_blocks_name_the_examples_that_single_steps_do(spec, split, run) -> None:
    """Over the ends of several epochs, which are no multiple of a block."""
    x, y = (torch.tensor(part, dtype=torch.float32) for part in split[:2])
    seen = []
    for reach in (1, 5):
        net = Stage(torch.zeros(2, reach * BATCH, FEATURES), reach)
        steps = zip(range(40), batches(spec, net, (), (x, y), 0), strict=False)
        seen.append([net.rows_at(step % reach) for step, _ in steps])
    for one, other in zip(*seen, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


class Stage:
    """As much of a network as the batches are put on."""

    def __init__(self, rows: torch.Tensor, reach: int) -> None:
        self.inputs, self.units = Inputs(rows, rows.transpose(1, 2)), (torch.zeros(2, 1, BATCH),)
        self.sharing, self.look_ahead = Sharing((0, 1), (0, 1), alike=False), None

    def rows_at(self, place: int) -> torch.Tensor:
        return self.inputs.rows[:, place * BATCH : (place + 1) * BATCH].clone()
