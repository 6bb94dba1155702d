"""Callables from outside as losses that train: found out how they want to be called, and described by a path."""

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lossbench.audit.subjects.adapter import AdaptedLoss
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.detection import detect
from lossbench.audit.subjects.forms import Unusable
from lossbench.audit.subjects.import_path import add_current_folder_to_path, import_callable
from lossbench.errors import BadInput
from lossbench.losses.imported import Answers, Imported, named

SECONDS = 5.0  # that a look at one way of calling may take
TOGETHER = 32  # examples, a multiple of any vector's lanes, as the engine lays them out


def trainable(given: Any, options: Mapping[str, Any] | None = None) -> Imported:
    """The loss that trains by a function, class or object, or by what a path MODULE:NAME names, made with keyword options.

    Functions and classes stand at the top of a module; an object is made anew from its class and the arguments that it keeps
    under their names. Raises BadInput where it has no such path, cannot be called as a loss, or has no gradient.
    """
    path, arguments = (given, dict(options or {})) if isinstance(given, str) else path_and_arguments(given)
    add_current_folder_to_path()
    request = CallableRequest(path=path, given=arguments, seconds=SECONDS)
    try:
        function = import_callable(path, arguments)
    except BadInput as error:
        raise BadInput(str(error).replace("--given ", f"{path},")) from error  # which is how options are written here
    if inspect.isclass(function):
        module, _, name = path.partition(":")
        raise BadInput(
            f"{path} is a class of losses: it has a word. plugins=[{module}] loss={named(path).word} trains with {name}."
        )
    try:
        adapted = detect(function, request, ()).adapted
    except Unusable as error:
        raise BadInput(f"{path}: {error}") from error
    if adapted.convention.library != "torch" or not adapted.differentiable:
        what = "answers with arrays of jax, which have" if adapted.convention.library == "jax" else "has"
        raise BadInput(
            f"{path} {what} no gradient that torch can follow, so that nothing can be trained with it; `lossbench audit {path}` "
            "measures it all the same. Possible: the same loss written with torch's functions."
        )
    return _with_separable(_described(_public(path), arguments, adapted))


def request_of(loss: Imported) -> CallableRequest:
    """What the audit is asked for where such a loss is checked."""
    return CallableRequest(path=loss.path, given=_arguments(loss.given), seconds=SECONDS)


def _described(path: str, arguments: Mapping[str, Any], adapted: AdaptedLoss) -> Imported:
    convention, answers = adapted.convention, adapted.form
    if adapted.quick is not None:
        arguments, answers = {**arguments, "reduction": "none"}, adapted.quick[1]
    known: dict[str, Answers] = {"each": "each", "elements": "elements"}
    return Imported(
        path=path,
        given=tuple(f"{name}={json.dumps(value)}" for name, value in sorted(arguments.items())),
        link="identity" if convention.link == "identity" else "auto",
        takes_outputs=convention.takes,
        outputs="one" if convention.outputs == 1 else "several",
        layout=convention.layout,
        targets=convention.targets,
        swapped=convention.swapped,
        answers=known.get(answers, "batch"),
    )


def _arguments(given: tuple[str, ...]) -> dict[str, Any]:
    return {name: json.loads(value) for name, _, value in (option.partition("=") for option in given)}


def _with_separable(loss: Imported) -> Imported:
    """The same, and whether an example's value and gradient are the same bits beside any others, in each data type."""
    trial = replace(loss, separable=True)
    if not trial.per_example:
        return loss
    rows = 1 if loss.outputs == "one" else 3
    alike = all(_same_beside(function, rows, dtype) for function in (trial.value, trial.gradient) for dtype in _DTYPES)
    return trial if alike else loss


_DTYPES = (torch.float32, torch.float64)


def _same_beside(function: Callable[[Tensor, Tensor], Tensor], rows: int, dtype: torch.dtype) -> bool:
    stream = np.random.default_rng(0)
    for scale in (3.0, 1e4):
        z = torch.from_numpy(scale * stream.normal(size=(rows, TOGETHER))).to(dtype)
        y = torch.eye(max(rows, 2), dtype=dtype)[:, torch.from_numpy(stream.integers(0, max(rows, 2), TOGETHER))][-rows:]
        alone = function(z, y)
        for neighbours in (0.0, 1.0, 1e6):
            other = torch.from_numpy(neighbours * stream.normal(size=(rows, 3 * TOGETHER))).to(dtype)
            for before in (0, TOGETHER, 3 * TOGETHER):
                wide = torch.cat([other[:, :before], z, other[:, before:]], 1)
                targets = torch.cat([y.repeat(1, 3)[:, :before], y, y.repeat(1, 3)[:, before:]], 1)
                beside = function(wide, targets)[..., before : before + TOGETHER]
                if not torch.allclose(alone, beside, rtol=0, atol=0, equal_nan=True):
                    return False
    return True


def path_and_arguments(given: Any) -> tuple[str, dict[str, Any]]:
    """Path and keyword arguments of a function, class or object. Raises BadInput where it has none."""
    if isinstance(given, partial) and not given.args:
        path, arguments = path_and_arguments(given.func)
        return path, {**arguments, **{name: _plain(value) for name, value in given.keywords.items()}}
    if inspect.isclass(given) or inspect.isroutine(given) or hasattr(given, "__wrapped__"):  # by a decorator, such as jax.jit
        return _path(given), {}
    if not callable(given):
        raise BadInput(
            f"{given!r} is no loss that can be trained. Possible: a word with options, MODULE:NAME, an instance or class of "
            "losses, a function of outputs and targets, or a torch module."
        )
    path, arguments = _path(type(given)), _kept_arguments(given)
    try:
        same = _state(type(given)(**arguments)) == _state(given)
    except (Exception, SystemExit):
        same = False
    if not same:
        raise BadInput(
            f"{path}: this object cannot be made anew from the arguments that it keeps ({', '.join(arguments) or 'none'}), so "
            "that its runs could not be repeated. Possible: a function in a module that computes the same, or a class that "
            "keeps its arguments under their own names."
        )
    return path, {name: _plain(value) for name, value in arguments.items()}


def _path(function: Any) -> str:
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not module or not name.isidentifier():
        raise BadInput(
            f"{function!r} has no path by which a worker, or you tomorrow, could import it. Possible: a function or class that "
            "is defined at the top of a module, under a name."
        )
    return f"{module}:{name}"


def _public(path: str) -> str:
    """The path by the shortest of its packages that offers the same: torch.nn:BCELoss is in torch.nn.modules.loss."""
    value = named(path)
    module, name = getattr(value, "__module__", None) or "", getattr(value, "__qualname__", "")
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        package = ".".join(parts[:length])
        if getattr(sys.modules.get(package), name, None) is value:
            return f"{package}:{name}"
    return path


def _kept_arguments(given: Any) -> dict[str, Any]:
    """The constructor's arguments that an object keeps under their names, those that have their default left out."""
    parameters = inspect.signature(type(given)).parameters.values()
    kept = {p.name: getattr(given, p.name) for p in parameters if hasattr(given, p.name)}
    defaults = {p.name: p.default for p in parameters}
    return {name: value for name, value in kept.items() if _plain(value) != _plain(defaults[name])}


def _state(given: Any) -> dict[str, Any]:
    """What an object holds, in plain values."""
    tensors = given.state_dict() if isinstance(given, nn.Module) else {}
    held = {name: value for name, value in vars(given).items() if not name.startswith("_")}
    return {name: _plain(value) for name, value in {**held, **tensors}.items() if name != "training"}


def _plain(value: Any) -> Any:
    """A value as JSON has it: tensors and tuples as lists, a tensor of one number as a list of one."""
    if isinstance(value, Tensor):
        return value.reshape(-1).tolist() if value.dim() == 0 else value.tolist()
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value
