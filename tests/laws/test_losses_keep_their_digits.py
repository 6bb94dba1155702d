"""In float32 a loss that cancels loses every digit long before it does in float64: the two agree wherever it is well posed."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lossbench.audit.measurements.grids import Points, one_output, outputs_of_a_target, several_outputs
from lossbench.interfaces import Loss, Task
from lossbench.registry import find, shelf

BAR = 1e-5
WORDS = [word for word, cls in shelf("loss").items() if cls.__module__.startswith("lossbench.losses.")]


def settled(word: str) -> list[tuple[Loss, int]]:
    """A loss for one output, for two and for three, links as they settle."""
    cls = find("loss", word)
    assert issubclass(cls, Loss)
    if cls.tasks == ("ordinal",):
        return [(cls().on("ordinal", classes), classes) for classes in (1, 3)]
    task: Task = "classification" if "classification" in cls.tasks else "regression"
    counts = [outputs for outputs in (1, 2, 3) if cls().raw_outputs(outputs) == outputs] or [1]
    return [(cls().on(task, outputs), outputs) for outputs in counts if outputs > 1 or word != "squentropy"]


def answers(loss: Loss, z: Tensor, y: Tensor) -> Tensor:
    """Value and gradient, (1 + C, N), float64."""
    return torch.cat([loss.value(z, y)[None], loss.gradient(z, y)]).double()


def well_posed(loss: Loss, z: Tensor, y: Tensor, right: Tensor) -> Tensor:
    """Where no raw output's last place in float32 changes the true number by more than the bar."""
    steady = torch.ones_like(right, dtype=torch.bool)
    for output in range(len(z)):
        moved = z.clone()
        moved[output] = torch.nextafter(z[output], torch.full_like(z[output], torch.inf))
        there = answers(loss, moved.double(), y.double())
        steady &= (there - right).abs() <= BAR * right.abs()
    return steady


@pytest.mark.parametrize("word", WORDS)
def test_no_digits_are_lost(word: str) -> None:
    limits = torch.finfo(torch.float32)
    for loss, outputs in settled(word):
        points = one_output() if outputs == 1 else several_outputs(outputs)
        points = outputs_of_a_target(loss.raw_outputs(outputs)) if loss.raw_outputs(outputs) > outputs else points
        if loss.raw_outputs(outputs) < outputs:  # thresholds between classes: each class at every raw output
            z = several_outputs(2).z[:, ::2]
            points = Points(np.tile(z, outputs), np.repeat(np.eye(outputs), z.shape[1], axis=1))
        z, y = torch.from_numpy(points.z).float(), torch.from_numpy(points.y).float()
        right, got = answers(loss, z.double(), y.double()), answers(loss, z, y)
        normal = (right.abs() >= limits.tiny) & (right.abs() <= limits.max)
        wrong = normal & well_posed(loss, z, y, right) & ((got - right).abs() > BAR * right.abs())
        where = wrong.any(0)
        assert not wrong.any(), (loss, z[:, where].T[:3], y[:, where].T[:3], got[:, where].T[:3], right[:, where].T[:3])
