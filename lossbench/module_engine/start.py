"""How the parameters of a module's runs start: the module's own draws from the run's seed, and an initialisation's over them."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from lossbench.engine.global_streams import seeded_global_streams
from lossbench.engine.shape_checks import checked_layers
from lossbench.engine.stacking import drawn_parameters
from lossbench.interfaces import Array, Model, says_layers
from lossbench.module_engine.skeleton import State
from lossbench.modules.chain import dense_chain
from lossbench.modules.outline import Outline
from lossbench.planning.spec import RunSpec

Arrays = Mapping[str, Array]
Learnt = Mapping[RunSpec, Arrays | None]  # where first trainings ended; None where one diverged


def new_module(model: Model, inputs: tuple[int, ...], outputs: int, seed: int) -> nn.Module:
    """A model's network, whose own draws depend on the seed alone. Raises BadInput where the model makes none."""
    with seeded_global_streams(seed):
        if not says_layers(model):
            return model.module(inputs, outputs)
        features = prod(inputs)
        return dense_chain(checked_layers(model, model.layers(features, outputs), features, outputs))


class Starts:
    """Where runs of one model start, each seed's network made once. Tensors are of the data type and device of `like`."""

    def __init__(self, inputs: tuple[int, ...], outputs: int, outline: Outline, like: Tensor) -> None:
        self.inputs, self.outputs, self.outline, self.like = inputs, outputs, outline, like
        self.modules: dict[int, nn.Module] = {}

    def own_state(self, run: RunSpec) -> State:
        """The state (1, …) in which the module itself starts, with seed 0."""
        module = new_module(run.model, self.inputs, self.outputs, 0).to(self.like)
        named = {name: tensor.detach()[None].clone() for name, tensor in _named(module).items()}
        return self._split(named, (0,))

    def state(self, runs: Sequence[RunSpec], learnt: Learnt) -> State:
        """The state (K, …) that some runs start in; those that go on from a first training start where it ended."""
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is a run that diverges at once
            each = [self._of(run, learnt) for run in runs]
        stacked = {name: torch.stack([one[name] for one in each]) for name in each[0]}
        return self._split(stacked, tuple(run.seed for run in runs))

    def _split(self, named: dict[str, Tensor], seeds: tuple[int, ...]) -> State:
        """Tensors (K, …) apart, those that are trained, in the order of data, and those that are not."""
        trained = [name for layer in self.outline.layers for name in (layer.weight, layer.bias) if name]
        return State(
            parameters={name: named[name].requires_grad_() for name in trained},
            buffers={name: tensor for name, tensor in named.items() if name not in trained},
            seeds=seeds,
        )

    def _of(self, run: RunSpec, learnt: Learnt) -> dict[str, Tensor]:
        """Every parameter and buffer of one run, by its name in the module."""
        if run.seed not in self.modules:
            self.modules[run.seed] = new_module(run.model, self.inputs, self.outputs, run.seed).to(self.like)
        module = self.modules[run.seed]
        start = {name: tensor.detach().clone() for name, tensor in _named(module).items()}
        if run.first:
            end = learnt[run.first]
            kept = {name: end[name] if end else np.full(start[name].shape, np.nan) for name in start}
            return start | {name: torch.as_tensor(array).to(start[name]) for name, array in kept.items()}
        return start | ({} if run.init.own else self._drawn(run, start))

    def _drawn(self, run: RunSpec, start: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the run's initialisation draws for weighted layers."""
        layers = [layer for layer in self.outline.layers if layer.drawn]
        drawn = drawn_parameters(run.init, self.outline.drawn, run.seed) if layers else ()
        arrays = {layer.weight: dense.weight for layer, dense in zip(layers, drawn, strict=True)}
        arrays |= {layer.bias: dense.bias for layer, dense in zip(layers, drawn, strict=True) if layer.bias}
        return {name: torch.as_tensor(array).to(start[name]).view(start[name].shape) for name, array in arrays.items()}


def _named(module: nn.Module) -> dict[str, Tensor]:
    return dict(module.named_parameters()) | dict(module.named_buffers())
