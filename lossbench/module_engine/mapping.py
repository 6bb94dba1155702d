"""Whether runs of a module may be mapped as a tile: only where a run's bits are the same at every place of it.

Large convolutions are not: run after run they are as fast, or faster, and nothing need be filled up; small ones are mapped as
products of matrices. What else may go wrong is found by trial: the same run at every place of a tile must be the same bits, in
training and in evaluation. What decides is the module and the shapes, never a run's loss, start or rate, so that the answer is
the same for every cohort on one machine.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from lossbench.module_engine.skeleton import Skeleton, State
from lossbench.modules.convolution import all_by_patches
from lossbench.modules.outline import Outline

TILE = 32  # runs that are mapped together; fewer are filled up
CONVOLUTIONAL_TILE = 8  # the same with convolutions, which gain little from more


def why_not_mapped(skeleton: Skeleton, one: State, x: Tensor, widths: Iterable[int]) -> str:
    """Why a module is trained run after run instead of in a tile, or "" where it can be mapped.

    `one` is the state (1, …) of any run; x (B, *inputs) is a mini-batch, and `widths` count examples of evaluations.
    """
    if skeleton.outline.convolutional and not all_by_patches(skeleton.module):
        return "its convolutions are no slower so"
    if skeleton.random:
        return "it draws from torch's global stream, which is then each run's own"
    try:
        same = _same_everywhere(skeleton, repeated(one, tile_size(skeleton.outline)), x, widths)
    except Exception as error:  # noqa: BLE001 - whatever torch's vmap, or the module under it, raises
        return f"torch.func.vmap cannot map it ({type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]})"
    return "" if same else "its bits would depend on where in a tile it stands"


def tile_size(outline: Outline) -> int:
    """How many runs of such a module are mapped together."""
    return CONVOLUTIONAL_TILE if outline.convolutional else TILE


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


def _same_everywhere(skeleton: Skeleton, state: State, x: Tensor, widths: Iterable[int]) -> bool:
    """Whether a pass, its way back and evaluations give each of a tile's equal runs the same bits."""
    every = x.expand(len(state.seeds), *x.shape)
    with torch.enable_grad():
        passed = skeleton.train(state, every, 0, watching=True)
    slopes = torch.linspace(-1, 1, passed.z[0].numel(), dtype=x.dtype).view(passed.z[0].shape).expand_as(passed.z)
    compared: list[Tensor | None] = [passed.z, *passed.outputs, *state.buffers.values()]
    if passed.z.requires_grad:
        compared += torch.autograd.grad(passed.z, list(state.parameters.values()), slopes, allow_unused=True)
    with torch.no_grad():
        compared += [skeleton.evaluate(state, _as_wide(every, width), 0) for width in widths]
    return all(part is None or torch.allclose(part, part[:1], rtol=0, atol=0, equal_nan=True) for part in compared)


def _as_wide(every: Tensor, width: int) -> Tensor:
    """So many examples (K, width, *inputs), by repetition of those (K, B, *inputs) that there are."""
    return every[:, torch.arange(width) % every.shape[1]]
