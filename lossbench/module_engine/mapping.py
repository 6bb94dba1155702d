"""How runs of a module may be mapped as tiles: only where a run's bits are the same at every place of a tile of any size.

Large convolutions are not: run after run they are as fast, or faster, and nothing need be filled up; small ones are mapped as
products of matrices. What else may go wrong is found by trial: the same run at every place of a tile must be the same bits, in
training and in evaluation, and a size whose bits are others than those of the largest is not used. What decides is the module
and the shapes, never a run's loss, start or rate, so that the answer is the same for every cohort on one machine.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from lossbench.module_engine.skeleton import Skeleton, State
from lossbench.modules.convolution import all_by_patches

TILES = (16, 64)  # runs that are mapped together; fewer are filled up
CONVOLUTIONAL_TILES = (2, 8)  # the same with convolutions, which gain little from more


class TileSizes(NamedTuple):
    """How many runs a tile of a module may hold, ascending; (1,) where each is trained by itself, and why that is so."""

    sizes: tuple[int, ...]
    reason: str = ""

    @property
    def largest(self) -> int:
        """The size of all tiles but perhaps the last."""
        return self.sizes[-1]

    def filled(self, count: int) -> int:
        """How many runs fit into the tiles of so many: the last tile is the least that holds what is left."""
        rest = count % self.largest
        return count - rest + (next(size for size in self.sizes if size >= rest) if rest else 0)


ONE_BY_ONE = TileSizes((1,))


def tile_sizes(skeleton: Skeleton, one: State, x: Tensor, widths: Iterable[int]) -> TileSizes:
    """How a module's runs may be mapped.

    `one` is the state (1, …) of any run; x (B, *inputs) is a mini-batch, and `widths` count examples of evaluations.
    """
    if skeleton.outline.convolutional and not all_by_patches(skeleton.module):
        return ONE_BY_ONE._replace(reason="its convolutions are no slower so")
    if skeleton.random:
        return ONE_BY_ONE._replace(reason="it draws from torch's global stream, which is then each run's own")
    sizes = CONVOLUTIONAL_TILES if skeleton.outline.convolutional else TILES
    try:
        passes = {size: _pass(skeleton, repeated(one, size), x, list(widths)) for size in sizes}
    except Exception as error:  # noqa: BLE001 - whatever torch's vmap, or the module under it, raises
        message = (str(error).strip().splitlines() or [""])[0]
        return ONE_BY_ONE._replace(reason=f"torch.func.vmap cannot map it ({type(error).__name__}: {message})")
    expected = [part if part is None else part[:1] for part in passes[sizes[-1]]]
    alike = tuple(size for size, parts in passes.items() if all(map(_same_bits, parts, expected)))
    return (
        TileSizes(alike)
        if sizes[-1] in alike
        else ONE_BY_ONE._replace(reason="its bits would depend on where in a tile it stands")
    )


def repeated(one: State, copies: int) -> State:
    """A run's state (1, …) as often as a tile has room for it."""
    every = {
        name: tensor.detach().expand(copies, *tensor.shape[1:]).clone() for name, tensor in (one.parameters | one.buffers).items()
    }
    return State(
        {name: every[name].requires_grad_() for name in one.parameters},
        {name: every[name] for name in one.buffers},
        one.seeds * copies,
    )


def _pass(skeleton: Skeleton, state: State, x: Tensor, widths: Iterable[int]) -> list[Tensor | None]:
    """What a pass, its way back and evaluations give a tile's equal runs, (K, …) each; None where there is no gradient."""
    every = x.expand(len(state.seeds), *x.shape)
    with torch.enable_grad():
        passed = skeleton.train(state, every, 0, watching=True)
    slopes = torch.linspace(-1, 1, passed.z[0].numel(), dtype=x.dtype).view(passed.z[0].shape).expand_as(passed.z)
    parts: list[Tensor | None] = [passed.z, *passed.outputs, *state.buffers.values()]
    if passed.z.requires_grad:
        parts += torch.autograd.grad(passed.z, list(state.parameters.values()), slopes, allow_unused=True)
    with torch.no_grad():
        parts += [skeleton.evaluate(state, _as_wide(every, width), 0) for width in widths]
    return parts


def _same_bits(part: Tensor | None, expected: Tensor | None) -> bool:
    """Whether what each of equal runs was given (K, …) is what is expected of any (1, …)."""
    if part is None or expected is None:
        return part is expected
    return torch.allclose(part, expected, rtol=0, atol=0, equal_nan=True)


def _as_wide(every: Tensor, width: int) -> Tensor:
    """So many examples (K, width, *inputs), by repetition of those (K, B, *inputs) that there are."""
    return every[:, torch.arange(width) % every.shape[1]]
