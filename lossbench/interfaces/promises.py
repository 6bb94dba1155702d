"""What methods of a plugin must return: checked at each call, in words where they return something else.

Shapes are those of the nouns' docstrings. Importing this module registers the checks (see guard).
"""

import math
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
from torch import Tensor, nn

from lossbench.guard import Call, returns
from lossbench.interfaces.dataset import Split
from lossbench.interfaces.domain import Domain
from lossbench.interfaces.init import FirstTraining
from lossbench.interfaces.loss import Loss, Task
from lossbench.interfaces.model import ActivationName, Layer

REAL = "fiub"  # NumPy's kinds of data types that hold real numbers


@returns("loss", "value")
def _value(call: Call) -> str:
    """ℓ (..., B) from z (..., C, B): the outputs' axis goes, the others stay."""
    shape = tuple(call.arguments[0].shape)
    wanted = (*shape[:-2], shape[-1])
    return "" if _real(call.returned, wanted) else f"a tensor {wanted} of real numbers for z {shape}"


@returns("loss", "gradient", "error")
def _as_z(call: Call) -> str:
    """dℓ/dz and dℓ/da, both (..., C, B) as z is."""
    wanted = tuple(call.arguments[0].shape)
    return "" if _real(call.returned, wanted) else f"a tensor {wanted} of real numbers, the shape of z"


@returns("loss", "raw_outputs")
def _count(call: Call) -> str:
    return "" if _whole(call.returned) else "a whole number, 1 or more"


@returns("loss", "prediction")
def _prediction(call: Call) -> str:
    fine = isinstance(call.returned, Tensor) and call.returned.is_floating_point()
    return "" if fine else "a tensor (..., T, B) of real numbers"


@returns("loss", "on")
def _settled(call: Call) -> str:
    return "" if isinstance(call.returned, Loss) else "a loss"


@returns("loss", "domain")
def _domain(call: Call) -> str:
    return "" if call.returned in get_args(Domain) else f"one of {', '.join(get_args(Domain))}"


@returns("model", "layers")
def _layers(call: Call) -> str:
    fine = isinstance(call.returned, Sequence) and all(
        isinstance(layer, Layer)
        and _whole(layer.inputs)
        and _whole(layer.outputs)
        and layer.activation in (None, *get_args(ActivationName))
        for layer in call.returned
    )
    return "" if fine else f"a tuple of Layer(inputs, outputs, {' or '.join(get_args(ActivationName))} or None)"


@returns("model", "module")
def _module(call: Call) -> str:
    return "" if isinstance(call.returned, nn.Module) else "a torch.nn.Module"


@returns("init", "draw")
def _drawn(call: Call) -> str:
    pairs = isinstance(call.returned, Sequence) and all(isinstance(layer, tuple) and len(layer) == 2 for layer in call.returned)
    fine = pairs and all(isinstance(part, np.ndarray) and part.dtype.kind in REAL for layer in call.returned for part in layer)
    return "" if fine else "a tuple with Dense(weight (out, in), bias (out, 1)) of NumPy arrays for each layer"


@returns("init", "first")
def _first(call: Call) -> str:
    return "" if call.returned is None or isinstance(call.returned, FirstTraining) else "a FirstTraining or None"


@returns("dataset", "load")
def _split(call: Call) -> str:
    fine = isinstance(call.returned, Split) and call.returned.task in get_args(Task)
    fine = fine and all(isinstance(part, np.ndarray) and part.dtype.kind in REAL for part in call.returned[:4])
    return "" if fine else f"a Split of four NumPy arrays of real numbers, and a task: {' or '.join(get_args(Task))}"


@returns("optimizer", "start")
def _memory(call: Call) -> str:
    fine = isinstance(call.returned, tuple) and all(isinstance(part, Tensor) for part in call.returned)
    return "" if fine else "a tuple of tensors, () for no memory"


@returns("optimizer", "update")
def _nothing(call: Call) -> str:
    return "" if call.returned is None else "None, for the parameter is changed in place"


@returns("schedule", "factor", "after_warmup")
def _factor(call: Call) -> str:
    number = isinstance(call.returned, int | float | np.floating) and not isinstance(call.returned, bool)
    return "" if number and math.isfinite(call.returned) else "a finite number"


@returns("metric", "measure")
def _measured(call: Call) -> str:
    """Numbers an example (..., B) or (..., K, B) of z (..., C, B); of a metric that looks across examples also () and (K,)."""
    shape = tuple(call.arguments[0].z.shape)
    if isinstance(call.returned, Tensor) and not call.returned.is_complex():
        of_examples = call.returned.shape[-1:] == shape[-1:] and 0 <= call.returned.dim() - len(shape) + 1 <= 1
        if of_examples or (not call.plugin.per_example and call.returned.dim() <= 1):
            return ""
    some = "" if call.plugin.per_example else ", (), (K,)"
    return f"a tensor {(*shape[:-2], shape[-1])}, {(*shape[:-2], 'K', shape[-1])}{some} of real numbers for z {shape}"


@returns("probe", "measure")
def _described(call: Call) -> str:
    """Quantities of a step by name, () or (L,) of one run, (R,) or (R, L) of many."""
    leading = (len(call.arguments[0].gradient),) if call.plugin.many_runs else ()
    fine = isinstance(call.returned, dict) and all(
        isinstance(name, str)
        and isinstance(part, Tensor)
        and not part.is_complex()
        and tuple(part.shape[: len(leading)]) == leading
        and part.dim() <= len(leading) + 1
        for name, part in call.returned.items()
    )
    return "" if fine else f"a dictionary from names to real tensors {leading} or, by layer, {(*leading, 'L')}"


def _real(value: Any, shape: tuple[int, ...]) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and tuple(value.shape) == shape


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
