"""A tile's step as probes see it, and what they say of it by the names that the module gives its layers and activations."""

from collections.abc import Iterator, Mapping
from functools import cached_property

import torch
from torch import Tensor

from lossbench import tables
from lossbench.engine.loss_batch import LossBatch
from lossbench.engine.output_view import OutputView
from lossbench.interfaces import Dense
from lossbench.module_engine.learner import norms
from lossbench.module_engine.tile import Tile
from lossbench.modules.outline import Outline

OUTPUTS = "outputs"  # the name of the last activation, which is the loss's link
BY_ACTIVATION = {tables.SATURATED, tables.ACTIVATION_MEAN, tables.ACTIVATION_SPREAD}
BIASES = {tables.GRADIENT_BIASES, tables.UPDATE_BIASES, tables.PARAMETER_BIASES}
Named = Mapping[str, Tensor]


class TileStep(OutputView):
    """The step of a tile that has gone forward and back; asked for updates, or at the end, the view makes it, unless `last`.

    A layer is a module's weight and bias as matrices (K, n, m), or any other parameter alone; then the bias is empty (K, 0, 1),
    and its norm NaN.
    """

    def __init__(self, tile: Tile, *, last: bool) -> None:
        self.tile, self.last, self.moved = tile, last, False
        self.loss_batches: tuple[LossBatch, ...] = tile.buffers.loss_batches

    @cached_property
    def parameters(self) -> tuple[Dense[Tensor], ...]:
        return self._layers({name: matrix.clone() for name, matrix in self.tile.matrices.items()})

    @property
    def gradients(self) -> tuple[Dense[Tensor], ...]:
        return self._layers(self.tile.gradients)

    @cached_property
    def updates(self) -> tuple[Dense[Tensor], ...] | None:
        if self.last:
            return None
        before, _ = self.parameters, self.gradient_norms  # both are those before the step
        self.finish()
        after = self._layers(self.tile.matrices)
        return tuple(Dense(new.weight - old.weight, new.bias - old.bias) for new, old in zip(after, before, strict=True))

    @cached_property
    def gradient_norms(self) -> Dense[Tensor]:
        return _norms(self.gradients)

    @cached_property
    def parameter_norms(self) -> Dense[Tensor]:
        return _norms(self.parameters)

    @cached_property
    def update_norms(self) -> Dense[Tensor] | None:
        rate = self.tile.learner.rate
        if self.last or rate is None:
            return None if self.updates is None else _norms(self.updates)
        return Dense(*(sizes * rate[..., 0] for sizes in self.gradient_norms))

    @property
    def hidden(self) -> tuple[Tensor, ...]:
        return tuple(map(_units, self.tile.passed.outputs))

    @property
    def hidden_inputs(self) -> tuple[Tensor, ...]:
        return tuple(map(_units, self.tile.passed.inputs))

    @property
    def activations(self) -> tuple[str, ...]:
        return tuple(activation.word for activation in self.tile.skeleton.outline.activations)

    def finish(self) -> None:
        """Make the step, as far as it has not been."""
        if not self.last and not self.moved:
            self.tile.move()
            self.moved = True

    @property
    def _z(self) -> Tensor:
        return self.tile.buffers.z

    @property
    def _deltas(self) -> Tensor:
        return self.tile.buffers.slopes

    def _layers(self, matrices: Named) -> tuple[Dense[Tensor], ...]:
        return tuple(
            Dense(weight := matrices[layer.weight], matrices[layer.bias] if layer.bias else weight.new_empty(len(weight), 0, 1))
            for layer in self.tile.skeleton.outline.layers
        )


def by_name(described: Named, outline: Outline) -> dict[str, Tensor]:
    """What probes say of a step, (K,) a quantity or (K, L), as columns (K,) with the module's names."""
    layers = [layer.name for layer in outline.layers]
    activations = [*(activation.name for activation in outline.activations), OUTPUTS]
    columns: dict[str, Tensor] = {}
    for quantity, measured in described.items():
        if measured.dim() == 1:
            columns[quantity] = measured
            continue
        names = activations if quantity in BY_ACTIVATION or measured.shape[1] != len(layers) else layers
        columns |= dict(_columns(quantity, measured, names, outline))
    return columns


def _columns(quantity: str, measured: Tensor, names: list[str], outline: Outline) -> Iterator[tuple[str, Tensor]]:
    """A column a layer, but where the layer has no bias to speak of."""
    for number, part in enumerate(measured.unbind(1)):
        name = names[number] if len(names) == measured.shape[1] else ""
        if quantity in BIASES and outline.layers[number].bias is None:
            continue
        named = tables.named_column(quantity, number + 1, name) if name else tables.layer_column(quantity, number + 1)
        yield named, part


def _norms(layers: tuple[Dense[Tensor], ...]) -> Dense[Tensor]:
    weights, biases = norms([layer.weight for layer in layers]), norms([layer.bias for layer in layers])
    lacking = torch.tensor([not layer.bias.numel() for layer in layers], device=biases.device)
    return Dense(weights, biases.masked_fill(lacking, torch.nan))


def _units(activated: Tensor) -> Tensor:
    """Activations (K, B, …) as units (K, H, B)."""
    return activated.detach().flatten(2).transpose(1, 2).contiguous()
