"""Convolutions by patches and with channels last are torch's own, forward and back, for every plain kind."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, vmap

from lossbench.modules.convolution import ChannelsLastConv2d, MatrixConv2d, fastest_form, margin_of

RUNS, EXAMPLES = 3, 4
KINDS = {
    "same": {"kernel_size": 3, "padding": 1},
    "same, by its word": {"kernel_size": (5, 3), "padding": "same"},
    "valid": {"kernel_size": (2, 3)},
    "wide margin": {"kernel_size": 2, "padding": 2},
    "no bias": {"kernel_size": 3, "padding": 1, "bias": False},
    "one pixel": {"kernel_size": 1},
}
OTHERS = {
    "stride": {"kernel_size": 3, "stride": 2},
    "dilation": {"kernel_size": 3, "dilation": 2},
    "groups": {"kernel_size": 3, "groups": 2},
    "circular": {"kernel_size": 3, "padding": 1, "padding_mode": "circular"},
    "uneven margins": {"kernel_size": (3, 5), "padding": "same"},
}


def tile(layer: nn.Conv2d) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Parameters of some runs, and their images, all with a way back."""
    draw = torch.Generator().manual_seed(1)
    named = {name: torch.randn(RUNS, *part.shape, generator=draw, dtype=torch.float64) for name, part in layer.named_parameters()}
    x = torch.randn(RUNS, EXAMPLES, layer.in_channels, 6, 7, generator=draw, dtype=torch.float64)
    return {name: part.requires_grad_() for name, part in named.items()}, x.requires_grad_()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "same, by its word"])
@pytest.mark.parametrize("channels", [1, 2])
def test_runs_of_a_tile_are_convolved_as_each_alone_by_torch(kind: str, channels: int) -> None:
    layer = nn.Conv2d(channels, 5, dtype=torch.float64, **KINDS[kind])
    named, x = tile(layer)
    alone = torch.stack([functional_call(layer, {key: part[k] for key, part in named.items()}, (x[k],)) for k in range(RUNS)])
    layer.__class__ = MatrixConv2d
    together = vmap(lambda own, images: functional_call(layer, own, (images,)))(named, x)
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)
    slope = torch.randn(alone.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    inputs = [*named.values(), x]
    for ours, theirs in zip(*(torch.autograd.grad(out, inputs, slope) for out in (together, alone)), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS | OTHERS)
def test_channels_last_changes_the_order_in_memory_and_nothing_else(kind: str) -> None:
    layer = nn.Conv2d(2, 4, dtype=torch.float64, **(KINDS | OTHERS)[kind])
    x = torch.randn(EXAMPLES, 2, 6, 7, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    expected = layer(x)
    layer.__class__ = ChannelsLastConv2d
    torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


def test_only_plain_convolutions_with_even_margins_are_done_by_patches() -> None:
    margins = {kind: margin_of(nn.Conv2d(2, 2, **options)) for kind, options in (KINDS | OTHERS).items()}
    plain = {"same": 1, "valid": 0, "wide margin": 2, "no bias": 1, "one pixel": 0}
    assert {kind: margin for kind, margin in margins.items() if margin is not None} == plain


class Viewing(nn.Module):
    """A network as in many a tutorial: `view` asks for channels that come first in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convolution(x).view(len(x), -1)


@pytest.mark.parametrize("mapped", [True, False])
def test_a_module_that_wants_another_order_in_memory_keeps_its_own_form(mapped: bool) -> None:
    x = torch.randn(EXAMPLES, 1, 6, 6)
    viewing, flat = Viewing(), nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten())
    for module in (viewing, flat):
        fastest_form(module, x, mapped=mapped)
    assert type(viewing.convolution) is nn.Conv2d
    assert type(flat[0]) is (MatrixConv2d if mapped else ChannelsLastConv2d)


@pytest.mark.parametrize("between", [nn.Dropout(), nn.BatchNorm2d(3)])
def test_what_draws_or_keeps_something_of_a_batch_does_not_keep_convolutions_from_being_mapped(between: nn.Module) -> None:
    module = nn.Sequential(nn.Conv2d(1, 3, 3), between, nn.Flatten(), nn.LazyLinear(2))
    x = torch.randn(EXAMPLES, 1, 6, 7, generator=torch.Generator().manual_seed(4))
    module.eval()(x)
    kept = {name: part.clone() for name, part in module.named_buffers()}
    fastest_form(module.train(), x, mapped=True)
    assert type(module[0]) is MatrixConv2d
    assert module.training
    for name, part in module.named_buffers():
        assert torch.equal(part, kept[name])
