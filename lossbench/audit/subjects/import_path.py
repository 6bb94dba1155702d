"""Somebody's loss, by its path `package.module:name`. Importing it runs its module's code."""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch

from lossbench.audit.subjects.signature import parameters
from lossbench.audit.subjects.time_limit import TooSlow, time_limit
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Loss

_IMPORT_SECONDS = 60.0


def add_current_folder_to_path() -> None:
    """Append the current folder to sys.path, so that modules in it can be imported."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)


def import_callable(path: str, given: dict[str, Any]) -> Callable[..., Any]:
    """What the path names: a function with its keywords given, an object, or an instance of a class made with them.

    Raises BadInput that says what was looked for and where.
    """
    module, _, name = path.partition(":")
    target: Any = _module(module, path)
    for part in name.split("."):
        if not hasattr(target, part):
            raise unknown(f"function or class in {module}", part, _callables(target))
        target = getattr(target, part)
    if not callable(target):
        raise BadInput(f"{path} cannot be called: it is {target!r}. A loss is a function, a torch.nn.Module or a lossbench Loss.")
    if inspect.isclass(target):
        if issubclass(target, Loss):
            return target
        made: Any = _instantiate(target, path, given)
        if not callable(made):
            raise BadInput(
                f"{path}: what it makes cannot be called. A loss is a function, or a class whose objects can be called."
            )
    else:
        made = partial(target, **{name: _tensor(value) for name, value in given.items()}) if given else target
    _check_arguments(made, path)
    return cast(Callable[..., Any], made)


def _check_arguments(function: Callable[..., Any], path: str) -> None:
    """Raise BadInput where a callable needs more than predictions and targets; the message names the flag."""
    lacking = [item.name for item in parameters(function)[2:] if item.default is item.empty]
    if lacking:
        flags = " ".join(f"--given {name}=…" for name in lacking)
        raise BadInput(f"{path} needs more than predictions and targets: {', '.join(lacking)}. To be given with {flags}.")


def _callables(owner: Any) -> list[str]:
    return [name for name in dir(owner) if not name.startswith("_") and callable(getattr(owner, name, None))]


def _module(name: str, path: str) -> Any:
    add_current_folder_to_path()
    os.environ.setdefault("JAX_ENABLE_X64", "true")  # by default jax has no float64, and it reads this when it is imported
    os.environ.setdefault("KERAS_BACKEND", "torch")  # a loss is handed tensors of torch
    try:
        with time_limit(_IMPORT_SECONDS):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        lacking = error.name or name
        if name == lacking or name.startswith(lacking + "."):
            raise BadInput(
                f"{path}: no module is called {lacking!r}. Looked in {Path.cwd()}, on PYTHONPATH and among installed packages."
            ) from error
        raise BadInput(
            f"{path}: importing {name} failed, for it needs the module {lacking!r}, which is not installed."
        ) from error
    except TooSlow as error:
        raise BadInput(f"{path}: importing {name} took longer than {_IMPORT_SECONDS:g} s.") from error
    except (Exception, SystemExit) as error:
        raise BadInput(f"{path}: importing {name} failed: {type(error).__name__}: {error}") from error


def _instantiate(cls: type, path: str, given: dict[str, Any]) -> Any:
    lacking = [item.name for item in _needed(cls) if item.name not in given]
    if lacking:
        flags = " ".join(f"--given {name}=…" for name in lacking)
        raise BadInput(f"{path} needs {', '.join(lacking)} to be made. To be given with {flags}.")
    try:
        try:
            made = cls(**given)
        except TypeError:  # a list stands for a tensor, as that of class weights
            made = cls(**{name: _tensor(value) for name, value in given.items()})
    except (Exception, SystemExit) as error:
        raise BadInput(
            f"{path}({', '.join(f'{key}={value!r}' for key, value in given.items())}) could not be made: {error}. "
            "Options of its constructor are given with --given name=value."
        ) from error
    return made


def _needed(cls: type) -> list[inspect.Parameter]:
    """The parameters of a constructor without a default; [] where it does not tell."""
    try:
        every = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return []
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [item for item in every if item.default is item.empty and item.kind in named]


def _tensor(value: Any) -> Any:
    is_list = isinstance(value, list) and all(isinstance(item, int | float) for item in value)
    return torch.tensor(value, dtype=torch.float64) if is_list else value
