"""Dropout by masks that are given: what is left out follows from a run's own stream, and not from torch's global one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from lossbench.rng import generator

ELEMENTS, CHANNELS = (nn.Dropout,), (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


@dataclass
class Masks:
    """The masks of one pass, in the order in which data meet the dropouts, and what each looks like: its shape and its rate."""

    given: list[Tensor] = field(default_factory=list)
    kinds: list[tuple[tuple[int, ...], float]] = field(default_factory=list)
    listing: bool = False  # whether a pass is made to list the kinds

    def next(self, shape: tuple[int, ...], rate: float) -> Tensor | None:
        """The next mask, which broadcasts to (B, …); None where the pass lists them."""
        if self.listing:
            self.kinds.append((shape, rate))
            return None
        return self.given.pop(0)

    def draw(self, seed: int, step: int, like: Tensor) -> list[Tensor]:
        """The masks of a run's step: 0 with the dropout's rate, else 1 / (1 − rate), each of its kind's shape."""
        stream = generator(seed, "dropout", step)
        return [_mask(stream, shape, rate, like) for shape, rate in self.kinds]


class GivenDropout(nn.Module):
    """Dropout that multiplies by the next of some masks while it is trained."""

    def __init__(self, masks: Masks, rate: float, *, channels: bool) -> None:
        nn.Module.__init__(self)
        self.masks, self.rate, self.channels = masks, rate, channels

    def forward(self, x: Tensor) -> Tensor:
        """x (B, …) with some of its numbers, or of its channels, set to 0; x itself where nothing is trained."""
        if not self.training:
            return x
        shape = (*x.shape[:2], *[1] * (x.dim() - 2)) if self.channels else tuple(x.shape)
        mask = self.masks.next(shape, self.rate)
        return x if mask is None else x * mask


def with_given_masks(module: nn.Module) -> Masks:
    """Put a dropout with given masks where a module has one of torch's, in place."""
    masks = Masks()
    for parent in list(module.modules()):
        for name, child in _dropouts(parent):
            setattr(parent, name, GivenDropout(masks, child.p, channels=isinstance(child, CHANNELS)))
    return masks


def _dropouts(parent: nn.Module) -> Iterator[tuple[str, _DropoutNd]]:
    """The dropouts of torch's own among the children of a module, by their names."""
    for name, child in list(parent.named_children()):
        if isinstance(child, _DropoutNd) and type(child) in (*ELEMENTS, *CHANNELS):
            yield name, child


def _mask(stream: np.random.Generator, shape: Sequence[int], rate: float, like: Tensor) -> Tensor:
    kept = stream.random(shape, dtype=np.float32) >= rate
    return torch.as_tensor(kept).to(like) * (0.0 if rate == 1 else 1 / (1 - rate))
