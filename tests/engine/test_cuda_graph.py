"""A step can be captured and replayed: it looks at no number on its way, and all that lasts stands where it stood."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lossbench.engine import cuda_graph, train, training
from lossbench.errors import BadInput
from lossbench.interfaces import Loss
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP
from lossbench.optimizers.adam import Adam
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, Trace
from lossbench.registry import shelf

SEEN = Recording(schedule=RecordingSchedule(kind="linear", points=5), keep=("parameters",))  # some of them within blocks
# what waits for a number of the device, or brings one there
WAITING = {
    "item",
    "_local_scalar_dense",
    "is_nonzero",
    "nonzero",
    "masked_select",
    "unique",
    "equal",
    "resolve_neg",
    "lift_fresh",
}


class Tape(TorchDispatchMode):
    """What stands in for a CUDA graph where there is no card: the operations of some work, to be repeated on the same tensors.

    As with a graph, what is captured is not carried out, and work that waits for the device cannot be captured.
    """

    def __init__(self) -> None:
        TorchDispatchMode.__init__(self)
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []
        self.made: set[int] = set()
        self.before: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def capture(self, work):
        try:
            with self:
                return work()
        finally:
            for there, value in self.before.values():
                there.copy_(value)

    def replay(self) -> None:
        for function, args, kwargs, out in self.calls:
            again = function(*args, **kwargs)
            for old, new in zip(_tensors(out), _tensors(again), strict=True):
                if old.data_ptr() != new.data_ptr():
                    old.copy_(new)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        masked = name == "index" and any(tensor.dtype == torch.bool for tensor in _tensors(args[1]))
        if name in WAITING or masked:
            raise RuntimeError(f"{name} waits for the device while its work is captured")
        for tensor in _tensors((args, kwargs)):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in self.made | self.before.keys():
                bytes_ = torch.empty(0, dtype=torch.uint8).set_(storage)
                self.before[storage.data_ptr()] = bytes_, bytes_.clone()
        out = function(*args, **(kwargs or {}))
        self.made |= {tensor.untyped_storage().data_ptr() for tensor in _tensors(out)} - self.before.keys()
        self.calls.append((function, args, kwargs or {}, out))
        return out


def _tensors(values: Any) -> list[torch.Tensor]:
    if isinstance(values, torch.Tensor):
        return [values]
    if isinstance(values, dict):
        values = values.values()
    return (
        [tensor for value in values for tensor in _tensors(value)] if isinstance(values, list | tuple | type({}.values())) else []
    )


pytestmark = pytest.mark.usefixtures("tensors")  # which are what a graph captures


@pytest.fixture
def taped(monkeypatch) -> list[cuda_graph.CapturedStep]:
    """Training captures its steps, on tapes; what was captured."""
    made: list[cuda_graph.CapturedStep] = []

    def captured(step, look_ahead):
        made.append(cuda_graph.CapturedStep(step, look_ahead, Tape))
        return made[-1]

    monkeypatch.setattr(training, "CapturedStep", captured)
    monkeypatch.setattr(training.TrainingState, "captured", True)
    return made


def trained(runs, split) -> list[Trace]:
    return train(Cohort(runs=tuple(runs), recording=SEEN), split)


def same(one: list[Trace], other: list[Trace]) -> None:
    for mine, theirs in zip(one, other, strict=True):
        assert (mine.outcome, mine.stopped) == (theirs.outcome, theirs.stopped)
        for name, curve in mine.values.items():
            np.testing.assert_array_equal(curve, theirs.values[name], err_msg=name)
        for layer, wanted in zip(mine.parameters or (), theirs.parameters or (), strict=True):
            np.testing.assert_array_equal(layer.weight, wanted.weight)
            np.testing.assert_array_equal(layer.bias, wanted.bias)


def cases() -> list[tuple[str, str, int]]:
    """Every loss on every task that it is for, by its word, the task and the number of targets."""
    return [
        (word, task, outputs)
        for word, loss in sorted(shelf("loss").items())
        for task, outputs in (("classification", 1), ("classification", 3), ("regression", 2))
        if task in loss.tasks and fits(loss, task, outputs)
    ]


def fits(loss: type[Loss], task: str, outputs: int) -> bool:
    try:
        loss().on(task, outputs).raw_outputs(outputs)
    except BadInput:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(("word", "task", "outputs"), cases())
def test_replayed_steps_of_every_loss_are_the_steps(word: str, task: str, outputs: int, run, blobs, request) -> None:
    split = blobs(classes=max(outputs, 2))
    if task == "regression":
        split = split._replace(train_y=split.train_x[:, :outputs], test_y=split.test_x[:, :outputs], task=task)
    runs = [run(loss=shelf("loss")[word]().on(task, outputs), seed=seed, optimizer=SGD(lr=0.05)) for seed in (0, 1)]
    plain = trained(runs, split)
    made = request.getfixturevalue("taped")
    same(trained(runs, split), plain)
    assert made[0].capturable
    assert made[0].graphs


@pytest.mark.slow
@pytest.mark.parametrize("rule", [SGD(lr=0.1), SGD(lr=0.1, momentum=0.9, nesterov=True, l2=0.01), Adam(l2=0.01)], ids=str)
@pytest.mark.parametrize("changes", [{"batch": None}, {"batch": 2, "dtype": "float32"}], ids=str)
def test_replayed_steps_of_every_rule_are_the_steps(rule, changes, run, blobs, request) -> None:
    """With several losses, and with a first layer that is worked out ahead: then there is a graph for each place."""
    split = blobs(features=200)
    losses = (CrossEntropy(link="softmax"), HalfSquaredError(link="softmax"))
    runs = [run(loss=loss, optimizer=rule, model=MLP(hidden=(9, 4)), steps=60, **changes) for loss in losses]
    runs.append(replace(runs[0], optimizer=replace(rule, lr=1e30)))  # which diverges, and is to be seen where it does
    plain = trained(runs, split)
    made = request.getfixturevalue("taped")
    same(trained(runs, split), plain)
    ahead = made[0].look_ahead
    assert len(made[0].graphs) == (ahead.reach if ahead else 1)


@pytest.mark.slow
def test_what_cannot_be_captured_is_trained_all_the_same(run, blobs, request, monkeypatch) -> None:
    """A loss that looks at a number, as a user's may."""

    def looking(self, z, y):
        return (z - y) * (2.0 if z.abs().max().item() > 0.5 else 1.0)

    monkeypatch.setattr(HalfSquaredError, "gradient", looking)
    runs, split = [run(loss=HalfSquaredError(link="softmax"))], blobs()
    plain = trained(runs, split)
    made = request.getfixturevalue("taped")
    same(trained(runs, split), plain)
    assert not made[0].capturable


def test_nothing_is_captured_where_there_is_no_card(run, blobs, monkeypatch) -> None:
    monkeypatch.setattr(training, "CapturedStep", lambda *_: pytest.fail("captured"))
    assert trained([run()], blobs())[0].outcome == "finished"
