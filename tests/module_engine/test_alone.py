"""A run of a module is the same bits alone, in company, in any order, and interrupted."""

from dataclasses import replace

import numpy as np
import pytest

from lossbench.inits.continued import Continued
from lossbench.inits.own import Own
from lossbench.inits.uniform import Uniform
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.convolutional import CNN
from lossbench.models.feedforward import Normalised, Perceptron, Residual
from lossbench.module_engine.engine import ModuleEngine
from lossbench.module_engine.mapping import TileSizes
from lossbench.optimizers.adam import Adam
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule

EVERY = Recording(schedule=RecordingSchedule(kind="every"), keep=("parameters",))
MSE, CE = HalfSquaredError(link="softmax"), CrossEntropy(link="softmax")
MODELS = {
    "batch norm and dropout": Normalised(hidden=(5,), dropout=0.4),
    "layer norm": Normalised(hidden=(5,), norm="layer", activation="silu"),
    "residual": Residual(width=5, blocks=1, activation="gelu", dropout=0.3),
    "cnn": CNN(channels=(3,), hidden=(4,), dropout=0.3),
}


class Kept:
    """A checkpoint in memory that is saved at every step; reading it later goes on from the step it was cut at."""

    seconds = 0.0

    def __init__(self, cut: int) -> None:
        self.cut, self.arrays = cut, None

    def load(self):
        return self.arrays

    def save(self, arrays) -> None:
        if int(arrays["step"]) == self.cut:
            self.arrays = {name: np.array(array) for name, array in arrays.items()}
            raise KeyboardInterrupt


def train(split, *runs, checkpoint=None):
    return ModuleEngine().train(Cohort(runs=runs, recording=EVERY), split, checkpoint=checkpoint)


def same(one, other) -> None:
    assert (one.run, one.outcome, one.stopped, one.values.keys()) == (
        other.run,
        other.outcome,
        other.stopped,
        other.values.keys(),
    )
    for name, curve in one.values.items():
        np.testing.assert_array_equal(curve, other.values[name], err_msg=name)
    for name, array in (one.parameters or {}).items():
        np.testing.assert_array_equal(array, other.parameters[name], err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("model", MODELS)
def test_a_run_is_the_same_bits_alone_in_company_and_interrupted(model, dtype, run, images) -> None:
    spec = run(model=MODELS[model], dtype=dtype, optimizer=Adam(lr=0.01), init=Own(), steps=5)
    runs = [replace(spec, loss=loss, seed=seed) for loss in (MSE, CE) for seed in (2, 1)]
    together = train(images, *runs)
    same(train(images, runs[2])[0], together[2])
    for one, other in zip(reversed(train(images, *reversed(runs))), together, strict=True):
        same(one, other)
    kept = Kept(cut=3)
    with pytest.raises(KeyboardInterrupt):
        train(images, *runs, checkpoint=kept)
    for one, other in zip(train(images, *runs, checkpoint=kept), together, strict=True):
        same(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_run_is_the_same_bits_in_tiles_of_every_size(model, run, images) -> None:
    spec = run(model=MODELS[model], dtype="float32", optimizer=Adam(lr=0.01), init=Own(), steps=5)
    crowd = [replace(spec, seed=seed) for seed in range(70)]
    together = train(images, *crowd)
    for number in (0, 63, 64, 69):
        same(train(images, crowd[number])[0], together[number])


def test_the_last_tile_is_the_least_that_holds_what_is_left() -> None:
    sizes = TileSizes((16, 64))
    assert [sizes.filled(count) for count in (1, 16, 17, 64, 65, 130, 150)] == [16, 16, 64, 64, 80, 144, 192]


def test_a_run_that_diverges_is_an_outcome_and_its_mates_do_not_change(run, images) -> None:
    mate = run(model=Perceptron(hidden=(5,), activation="identity"), loss=HalfSquaredError(link="identity"))
    wild = replace(mate, optimizer=replace(mate.optimizer, lr=1e200))
    lost, among = train(images, wild, mate)
    assert lost.outcome == "diverged"
    assert lost.stopped < mate.steps
    same(among, train(images, mate)[0])


@pytest.mark.slow
def test_a_run_goes_on_from_where_a_first_training_ended(run, images) -> None:
    model = Normalised(hidden=(5,))
    spec = run(model=model, init=Continued(loss=CE, init=Uniform(), lr=0.5, steps=4), loss=MSE)
    (first,) = train(images, run(model=model, loss=CE, steps=4))
    (trace,) = train(images, spec)
    np.testing.assert_array_equal(trace.values["test_accuracy"][0], first.values["test_accuracy"][-1])
    assert trace.values["gradient_norm_weights/1:dense_1"][0] > 0


def test_the_same_seed_has_the_same_start_and_the_same_dropout_masks_for_every_loss(run, images) -> None:
    spec = run(model=Perceptron(hidden=(50,), activation="identity", dropout=0.5), init=Own())
    one, other, third = train(images, spec, replace(spec, loss=MSE), replace(spec, seed=4))
    assert one.values["activation_spread/1:identity_1"][0] == other.values["activation_spread/1:identity_1"][0]
    assert one.values["output_slope"][0] == other.values["output_slope"][0] != third.values["output_slope"][0]
