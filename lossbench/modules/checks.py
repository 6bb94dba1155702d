"""What a torch module must be for a run to be trained: each fault is one sentence."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from lossbench.errors import BadInput, counted
from lossbench.interfaces import Model
from lossbench.modules.outline import MODULE, Outline, outline


@runtime_checkable
class Choosy(Protocol):
    """A module that cannot take all real numbers."""

    def refuse_examples(self, x: Tensor) -> None:
        """Raise BadInput where it cannot take examples x (N, D)."""


HIDDEN = {"training", "masks"}  # attributes that may change in a pass


def examined(model: Model, module: nn.Module, examples: Tensor, outputs: int) -> Outline:
    """The outline of a module, if it takes examples (B, *inputs) to (B, C = outputs). Raises BadInput where it does not."""
    buffers = dict(module.named_buffers())
    before = _attributes(module)
    try:
        with torch.no_grad():
            outlined = outline(module.train(), examples)
            returned = module(examples)
    except Exception as error:
        raise not_run(model, error, tuple(examples.shape), examples.dtype) from error
    if not isinstance(returned, Tensor) or tuple(returned.shape) != (len(examples), outputs):
        shape = tuple(returned.shape) if isinstance(returned, Tensor) else type(returned).__name__
        raise BadInput(
            f"{called(model)} returned {shape} for examples {tuple(examples.shape)}; wanted is one row of "
            f"{counted(outputs, 'raw output')} an example, {(len(examples), outputs)}."
        )
    _refuse_state(model, module, before, buffers)
    return outlined


def refuse_examples(module: nn.Module, x: Tensor) -> None:
    """Raise BadInput where a part of the module has something against examples x (N, D), in a method of this name."""
    for inner in module.modules():
        if isinstance(inner, Choosy):
            inner.refuse_examples(x)


def called(model: Model) -> str:
    """A model as an error message names it."""
    return f"The module of model={model.word}" + (f" ({path})" if (path := getattr(model, "path", "")) else "")


def not_run(model: Model, error: Exception, shape: tuple[int, ...], dtype: torch.dtype) -> BadInput:
    """The sentence for a module whose forward raises: what it was given, and what it raised."""
    first_line = (str(error).strip().splitlines() or [""])[0]
    hint = ""
    if any(word in str(error) for word in ("Long", "IntTensor", "integer", "indices")):
        hint = " Examples are real numbers; a module that wants categories casts them itself, by x.long()."
    return BadInput(f"{called(model)} cannot be run on {shape} of {dtype}: {type(error).__name__}: {first_line}.{hint}")


def refuse_parameters(model: Model, module: nn.Module) -> None:
    """Raise BadInput where a module that was just made has no parameters to train, or some that cannot be."""
    parameters = dict(module.named_parameters())
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise BadInput(f"{called(model)} has no parameters that could be trained; wanted is a torch.nn.Module with some.")
    for name, tensor in [*parameters.items(), *module.named_buffers()]:
        if isinstance(tensor, nn.UninitializedParameter | nn.UninitializedBuffer):
            raise BadInput(f"{called(model)} has the parameter {name!r} without a shape; lazy modules must be run once first.")
        if tensor.device.type != "cpu":  # from where it is moved to the device of training
            raise BadInput(f"{called(model)} keeps {name!r} on {tensor.device}; wanted is cpu, and engine.device moves it.")
        if name in parameters and not tensor.is_floating_point():
            raise BadInput(f"{called(model)} has the parameter {name!r} of {tensor.dtype}; wanted are real numbers.")


def _attributes(module: nn.Module) -> dict[str, tuple[object, object]]:
    """Every plain attribute of every part, with a copy of what can change in place."""
    return {
        f"{name or MODULE}.{key}": (value, _copied(value))
        for name, inner in module.named_modules()
        for key, value in vars(inner).items()
        if not key.startswith("_") and key not in HIDDEN
    }


def _copied(value: Any) -> object:
    """A value that shows later whether it was changed in place: a copy of numbers, the length of a container."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    return len(value) if isinstance(value, list | dict | set) else None


def _refuse_state(
    model: Model, module: nn.Module, before: Mapping[str, tuple[object, object]], buffers: Mapping[str, Tensor]
) -> None:
    """Raise BadInput where a pass left something behind outside the buffers, of which each run has its own."""
    after = _attributes(module)
    changed = [name for name in after if name not in before or not _same(before[name], after[name])]
    changed += [name for name, buffer in module.named_buffers() if buffer is not buffers.get(name)]
    if changed:
        raise BadInput(
            f"{called(model)} keeps state between calls: {changed[0]!r} is another after a pass. State belongs in a buffer "
            "(register_buffer) that is changed in place, so that every run has its own."
        )


def _same(before: tuple[object, object], after: tuple[object, object]) -> bool:
    if before[0] is not after[0]:
        return isinstance(before[0], int | float | str | bool | tuple) and before[0] == after[0]
    if isinstance(before[1], Tensor) and isinstance(after[1], Tensor):
        return torch.equal(before[1], after[1])
    return before[1] == after[1]
