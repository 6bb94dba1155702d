"""A module without parameters of its own: called with those of one run, or with those of a tile of runs at once."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from lossbench.engine.global_streams import seeded_global_streams
from lossbench.modules.activation import activation_word
from lossbench.modules.dropout import Masks, with_given_masks
from lossbench.modules.outline import Outline

Named = Mapping[str, Tensor]


class Passed(NamedTuple):
    """What a pass gives: raw outputs (K, B, C), and of each activation what came in and what came out, (K, B, …)."""

    z: Tensor
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class State:
    """What a tile of K runs trains: parameters and buffers (K, …) by their names in the module, and each run's seed."""

    parameters: dict[str, Tensor]
    buffers: dict[str, Tensor]
    seeds: tuple[int, ...]


@dataclass
class Skeleton:
    """A module that is called with other parameters than its own. `random` says that it draws from torch's global stream."""

    module: nn.Module
    outline: Outline
    random: bool = False
    masks: Masks = field(default_factory=Masks)
    watched: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    watching: bool = False

    def __post_init__(self) -> None:
        self.masks = with_given_masks(self.module)
        for inner in self.module.modules():
            if activation_word(inner):
                inner.register_forward_hook(self._watch)

    def list_masks(self, examples: Tensor) -> None:
        """Find out, by a pass of a mini-batch of examples (B, *inputs), which masks a pass takes."""
        self.masks.listing = True
        self.masks.kinds.clear()
        self.module.train()(examples)
        self.masks.listing = False

    def train(self, state: State, x: Tensor, step: int, *, watching: bool = False) -> Passed:
        """A pass of mini-batches x (K, B, *inputs) of K runs that learn; `watching` says that activations are wanted, too."""
        self.module.train()
        self.watching = watching
        drawn = {seed: self.masks.draw(seed, step, x) for seed in dict.fromkeys(state.seeds)} if self.masks.kinds else {}
        masks = [torch.stack([drawn[seed][number] for seed in state.seeds]) for number in range(len(self.masks.kinds))]
        with self._streams(state, step):
            passed = self._call(state, x, masks)
        self.watching = False
        return passed

    def evaluate(self, state: State, x: Tensor, step: int) -> Tensor:
        """Raw outputs (K, B, C) of examples x (K, B, *inputs), of runs that do not learn."""
        self.module.eval()
        with self._streams(state, step):
            return self._call(state, x, []).z

    def _call(self, state: State, x: Tensor, masks: list[Tensor]) -> Passed:
        if len(x) > 1:
            return Passed(*vmap(self._one)(state.parameters, state.buffers, x, masks))
        # A view, and no tensor[0], whose way back would fill a tensor with 0 and copy into it.
        parameters = {name: tensor.view(tensor.shape[1:]) for name, tensor in state.parameters.items()}
        buffers = {name: tensor[0] for name, tensor in state.buffers.items()}
        z, inputs, outputs = self._one(parameters, buffers, x[0], [mask[0] for mask in masks])
        return Passed(z[None], tuple(part[None] for part in inputs), tuple(part[None] for part in outputs))

    def _one(
        self, parameters: Named, buffers: Named, x: Tensor, masks: list[Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...]]:
        """The pass of one run, which sees nothing of any other."""
        self.watched.clear()
        self.masks.given[:] = masks
        z = functional_call(self.module, {**parameters, **buffers}, (x,))
        return z, tuple(given for given, _ in self.watched), tuple(returned for _, returned in self.watched)

    def _watch(self, module: nn.Module, given: tuple[Tensor, ...], returned: Tensor) -> None:
        del module
        if self.watching:
            self.watched.append((given[0], returned))

    def _streams(self, state: State, step: int) -> AbstractContextManager[None]:
        """For a module that draws from the global streams: they are its run's while it does."""
        return seeded_global_streams(state.seeds[0], step) if self.random else nullcontext()
