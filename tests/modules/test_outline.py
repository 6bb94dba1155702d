"""Parameters and activations of a module, in the order in which data meet them."""

import pytest
import torch
from torch import nn

from lossbench.interfaces import Layer
from lossbench.kernels.activations import INPUT_SLOPES
from lossbench.modules.activation import activation, activation_word
from lossbench.modules.dropout import with_given_masks
from lossbench.modules.outline import outline


class Backwards(nn.Module):
    """Parts that are met in another order than they are written in; a parameter of its own; one activation twice."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 2)
        self.twice = nn.Tanh()
        self.norm = nn.LayerNorm(4, elementwise_affine=True)
        self.first = nn.Conv1d(3, 4, 2, bias=False)
        self.scale = nn.Parameter(torch.ones(()))
        self.frozen = nn.Parameter(torch.ones(3), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.twice(self.norm(self.twice(self.first(x)).mean(2)))) * self.scale


def test_layers_and_activations_stand_in_the_order_of_data() -> None:
    found = outline(Backwards(), torch.zeros(2, 3, 5))
    assert [(place.name, place.weight, place.bias) for place in found.layers] == [
        ("scale", "scale", None),
        ("first", "first.weight", None),
        ("norm", "norm.weight", "norm.bias"),
        ("last", "last.weight", "last.bias"),
    ]
    assert [(place.name, place.word) for place in found.activations] == [("twice", "tanh"), ("twice#2", "tanh")]
    assert found.drawn == (Layer(6, 4, "tanh"), Layer(4, 2, None))
    assert found.products == 6 * 4 * 4 + 4 * 2
    assert found.convolutional


@pytest.mark.parametrize("word", INPUT_SLOPES)
def test_the_slope_of_an_activation_is_autograds_and_never_more_than_the_steepest(word) -> None:
    z = torch.linspace(-8, 8, 20001, dtype=torch.float64, requires_grad=True)
    z = (z + 1e-4).detach().requires_grad_()
    (slope,) = torch.autograd.grad(activation(word)(z).sum(), z)
    torch.testing.assert_close(INPUT_SLOPES[word].of(z.detach()), slope, rtol=1e-7, atol=1e-12)  # torch's own 1/6 is a float32
    assert float(slope.max()) == pytest.approx(INPUT_SLOPES[word].steepest, rel=1e-3)


def test_an_activation_with_options_of_its_own_is_none_that_is_known() -> None:
    assert activation_word(nn.LeakyReLU()) == "leaky_relu"
    assert activation_word(nn.LeakyReLU(0.2)) is None
    assert activation_word(nn.GELU(approximate="tanh")) is None


@pytest.mark.parametrize("dropout", [nn.Dropout(0.25), nn.Dropout2d(0.25)])
def test_given_masks_leave_out_the_share_and_keep_the_mean(dropout) -> None:
    net = nn.Sequential(dropout)
    masks, x = with_given_masks(net), torch.ones(40, 50, 3, 3)
    masks.listing = True
    net.train()(x)
    masks.listing = False
    masks.given[:] = masks.draw(1, 2, x)
    dropped = net(x)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.05)
    assert float(dropped.max()) == pytest.approx(4 / 3)
    assert torch.equal(masks.draw(1, 2, x)[0], masks.draw(1, 2, x)[0])
    assert not torch.equal(masks.draw(1, 2, x)[0], masks.draw(1, 3, x)[0])
    assert torch.equal(net.eval()(x), x)
