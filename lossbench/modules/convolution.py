"""Convolutions in the form that is fastest on a processor; what they compute is the same but for rounding.

For tiles of runs with small images they are products of matrices: each run's images become patches, and those meet its weights.
One convolution after the other would take longer to begin than to do. Large images keep their channels last in memory, so that
what follows, the largest of some pixels above all, is done for several channels at a time.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from lossbench.kernels.patch_kernels import images_to_patches, patches_to_images

MOST_PATCHES = 100_000  # numbers in the patches of a mini-batch: of more, patches cost more time than they save


class MatrixConv2d(nn.Conv2d):
    """The same layer, with parameters of the same names, mapped by patches."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as torch calls it
        """Images (B, C, H, W) to (B, O, H', W')."""
        bias = self.weight.new_zeros(len(self.weight)) if self.bias is None else self.bias
        convolved: Tensor = _Convolution.apply(input, self.weight, bias, margin_of(self))  # type: ignore[no-untyped-call]
        return convolved


def margin_of(layer: nn.Conv2d) -> int | None:
    """The pixels of 0 around an image; None where the convolution is not of the plain kind that is done by patches."""
    plain = layer.stride == (1, 1) == layer.dilation and layer.groups == 1 and layer.padding_mode == "zeros"
    height, width = layer.kernel_size
    margins = (height // 2, width // 2) if layer.padding == "same" else (0, 0) if layer.padding == "valid" else layer.padding
    odd = layer.padding != "same" or (height % 2 and width % 2)
    return int(margins[0]) if plain and odd and margins[0] == margins[1] else None


class ChannelsLastConv2d(nn.Conv2d):
    """The same layer, whose images have their channels last in memory."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as torch calls it
        """Images (B, C, H, W) to (B, O, H', W')."""
        # Of one channel both orders are the same; it is the weights' that decides then, and only a copy has it for certain.
        weight = self.weight.clone(memory_format=torch.channels_last)
        convolved: Tensor = self._conv_forward(input.contiguous(memory_format=torch.channels_last), weight, self.bias)
        return convolved


def fastest_form(module: nn.Module, x: Tensor, *, mapped: bool) -> None:
    """Give a module's convolutions the form that suits tiles or single runs with mini-batches x (B, *inputs), in place.

    A module that goes on in a way that asks for another order in memory, such as with `view`, keeps its own form.
    """
    layers = [inner for inner in module.modules() if type(inner) in (nn.Conv2d, MatrixConv2d)]
    _give_form(layers, MatrixConv2d if mapped else ChannelsLastConv2d)
    module.eval()  # what it draws, or keeps of a batch, has no part in how its numbers lie in memory
    try:
        with torch.no_grad():
            _ = torch.vmap(module)(x[None]) if mapped else module(x)
    except Exception:  # noqa: BLE001 - whatever somebody's module raises
        _give_form(layers, nn.Conv2d)
    module.train()


def all_by_patches(module: nn.Module) -> bool:
    """Whether all convolutions of a module have the form for tiles."""
    return all(type(inner) is MatrixConv2d for inner in module.modules() if isinstance(inner, nn.modules.conv._ConvNd))  # noqa: SLF001


def _give_form(layers: list[nn.Module], form: type[nn.Conv2d]) -> None:
    for layer in layers:
        layer.__class__ = form


class _Convolution(Function):
    """A convolution of one run; mapped over a tile, it is that of all its runs."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor, margin: int) -> Tensor:
        """x (B, C, H, W), weight (O, C, k, l), bias (O,) to (B, O, H', W')."""
        return nn.functional.conv2d(x, weight, bias, padding=margin)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Only a tile of runs is gone back through."""

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Tensor, int]:
        """The same of K runs, each of whose tensors has an axis more, K."""
        *tensors, margin = inputs
        every = [
            tensor.expand(info.batch_size, *tensor.shape) if axis is None else tensor.movedim(axis, 0)
            for tensor, axis in zip(tensors, in_dims, strict=False)
        ]
        return _TileConvolution.apply(*every, margin), 0  # type: ignore[no-untyped-call]


class _TileConvolution(Function):
    """The convolutions of K runs: patches (B·H'·W', k·l·C) times weights (k·l·C, O), run by run."""

    @staticmethod
    def forward(context: Any, x: Tensor, weight: Tensor, bias: Tensor, margin: int) -> Tensor:
        """x (K, B, C, H, W), weight (K, O, C, k, l), bias (K, O) to (K, B, O, H', W'), whose channels lie last in memory."""
        runs, examples, channels, height, width = x.shape
        size = tuple(weight.shape[-2:])
        rows, columns = (side + 2 * margin - k + 1 for side, k in zip((height, width), size, strict=True))
        patches = x.new_empty(runs * examples, rows, columns, size[0], size[1] * channels)
        images_to_patches(_channels_last(x), channels, margin, patches.numpy())
        patches = patches.view(runs, examples * rows * columns, -1)
        matrix = weight.permute(0, 3, 4, 2, 1).flatten(1, 3)  # (K, k·l·C, O)
        context.save_for_backward(patches, matrix)
        context.shapes = x.shape, weight.shape, (rows, columns), margin
        return torch.baddbmm(bias[:, None], patches, matrix).view(runs, examples, rows, columns, -1).permute(0, 1, 4, 2, 3)

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        """dL/dx, dL/dweight and dL/dbias from dL/dout (K, B, O, H', W')."""
        (patches, matrix), (shape, kernel, grid, margin) = context.saved_tensors, context.shapes
        slope = slopes[0].permute(0, 1, 3, 4, 2).reshape(shape[0], patches.shape[1], -1)
        back = None
        if context.needs_input_grad[0]:
            parts = torch.bmm(slope, matrix.transpose(1, 2)).view(-1, *grid, kernel[-2], kernel[-1] * shape[2])
            images = slope.new_empty(shape[0] * shape[1], shape[3], shape[4] * shape[2])
            patches_to_images(parts.numpy(), shape[2], margin, images.numpy())
            back = images.view(*shape[:2], *shape[3:], shape[2]).permute(0, 1, 4, 2, 3)
        weights = torch.bmm(slope.transpose(1, 2), patches).view(kernel[0], kernel[1], *kernel[-2:], kernel[2])
        return back, weights.permute(0, 1, 4, 2, 3), slope.sum(1), None


def _channels_last(x: Tensor) -> Any:
    """Images (K, B, C, H, W) as an array (K·B, H, W·C)."""
    return x.permute(0, 1, 3, 4, 2).contiguous().view(-1, x.shape[3], x.shape[4] * x.shape[2]).numpy()
