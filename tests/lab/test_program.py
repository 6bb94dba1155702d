"""A loss as a program does what the loss does; what cannot be written down becomes a table, and says so."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from lossbench.audit.subjects.subject import of_class
from lossbench.interfaces import Loss
from lossbench.interfaces.links import OUTPUTS
from lossbench.lab.lowering import Untraceable
from lossbench.lab.program import traced
from lossbench.lab.table import tabulated
from lossbench.lab.zoo import on_one_sigmoid
from lossbench.registry import shelf

CLASSES = [cast(type[Loss], cls) for cls in shelf("loss").values() if cls.__module__.startswith("lossbench.")]
ZOO = {subject.title: subject.loss for cls in CLASSES for subject in on_one_sigmoid(of_class(cls, {}))}


@dataclass(frozen=True)
class Written:
    """A loss of one line, whose gradient is autograd's."""

    line: Callable[[Tensor, Tensor], Tensor]

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return self.line(z, y)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        moving = z.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(self.line(moving, y).sum(), moving)
        return slope


@pytest.mark.slow
@pytest.mark.parametrize("word", ZOO)
@pytest.mark.parametrize("outputs", [1, 10])
def test_every_loss_of_the_zoo_is_followed_and_its_program_is_the_loss(word: str, outputs: int) -> None:
    program = traced(ZOO[word], outputs)
    stream = np.random.default_rng(7)
    z, y = stream.uniform(-25, 25, (outputs, 60)), np.eye(outputs, 60)
    value, slope = program.run(z, y)
    pair = torch.from_numpy(z), torch.from_numpy(y)
    np.testing.assert_allclose(value, ZOO[word].value(*pair), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(slope, ZOO[word].gradient(*pair), rtol=1e-9, atol=1e-13)


@pytest.mark.slow
def test_a_loss_in_torch_s_own_words_is_followed_through_autograd() -> None:
    losses = [
        lambda z, y: torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none").sum(OUTPUTS),
        lambda z, y: torch.where(z > 1, z, (z + z.square()) / 2).clamp(-3, 9).sum(OUTPUTS) + (y * z).tanh().sum(OUTPUTS),
        lambda z, y: ((torch.sigmoid(z) - y).abs() + 1e-3).pow(1.5).sum(OUTPUTS).sqrt(),
        lambda z, y: torch.relu(1 - (2 * y - 1) * z).sum(OUTPUTS),
    ]
    assert all(traced(Written(line), outputs).steps for line in losses for outputs in (1, 10))  # each is compared on the way


@pytest.mark.parametrize(
    "line",
    [
        lambda z, y: ((z - y) * (2.0 if float(z.detach().max()) > 5 else 1.0)).sum(OUTPUTS),
        lambda z, y: (z - y.mean()).square().sum(OUTPUTS),
        lambda z, y: (torch.from_numpy(np.sin(y.numpy())) * z).sum(OUTPUTS),
    ],
    ids=["looks at the numbers", "joins examples", "leaves torch"],
)
def test_what_cannot_be_followed_is_refused(line: Callable[[Tensor, Tensor], Tensor]) -> None:
    with pytest.raises(Untraceable):
        traced(Written(line), 10)


def test_a_table_says_whether_several_outputs_are_a_sum() -> None:
    square = Written(lambda z, y: (torch.sigmoid(z) - y).square().sum(OUTPUTS))
    root = Written(lambda z, y: ((torch.sigmoid(z) - y).square().sum(OUTPUTS) + 1e-9).sqrt())
    assert tabulated(square, 10)[1]
    assert not tabulated(root, 10)[1]
