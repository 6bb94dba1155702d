"""Shapes of what models and initialisations give, looked at before anything compiled sees them: there a wrong one is a crash."""

from collections.abc import Sequence

import numpy as np

from lossbench.errors import BadInput
from lossbench.interfaces import Array, Dense, Init, Layer, Model


def checked_layers(model: Model, layers: Sequence[Layer], inputs: int, outputs: int) -> tuple[Layer, ...]:
    """The layers of a model, if they are a chain from D = inputs features to C = outputs. Raises BadInput."""
    ends = [inputs, *(layer.outputs for layer in layers)]
    fits = [layer.inputs for layer in layers] == ends[:-1] and ends[-1] == outputs and min(ends) > 0
    if not layers or not fits or layers[-1].activation is not None:
        sizes = ", ".join(f"{layer.inputs} to {layer.outputs}" for layer in layers) or "none"
        raise BadInput(
            f"The layers of the model {_name(model)} are {sizes}; wanted is a chain of layers from {inputs} features to "
            f"{outputs} raw outputs, the last without an activation."
        )
    return tuple(layers)


def checked_parameters(init: Init, drawn: Sequence[Dense[Array]], layers: Sequence[Layer]) -> tuple[Dense[Array], ...]:
    """What an initialisation drew, if it is weights (out, in) and biases (out, 1) of every layer. Raises BadInput."""
    arrays = [(np.asarray(weight), np.asarray(bias)) for weight, bias in drawn]
    shapes = [(weight.shape, bias.shape) for weight, bias in arrays]
    wanted = [((layer.outputs, layer.inputs), (layer.outputs, 1)) for layer in layers]
    if shapes != wanted or any(array.dtype.kind not in "fiu" for pair in arrays for array in pair):
        kinds = sorted({str(array.dtype) for pair in arrays for array in pair})
        raise BadInput(
            f"The init {_name(init)} drew weights and biases of shapes {shapes} ({', '.join(kinds)}); "
            f"the layers want real numbers of shapes {wanted}."
        )
    return tuple(Dense(weight, bias) for weight, bias in drawn)


def _name(plugin: Init | Model) -> str:
    return f"{type(plugin).__module__}.{type(plugin).__qualname__}"
