"""Somebody's loss, by its path `package.module:name`. Importing it runs its module's code."""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from lossbench.audit.subjects.time_limit import TooSlow, time_limit
from lossbench.errors import BadInput, unknown

_IMPORT_SECONDS = 60.0


def add_current_folder_to_path() -> None:
    """Append the current folder to sys.path, so that modules in it can be imported."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)


def import_callable(path: str, given: dict[str, Any]) -> Callable[..., Any]:
    """What the path names: a function with its keywords given, or an instance of a class made with them.

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
        return target if not issubclass(target, torch.nn.Module) else _instantiate(target, path, given)
    return partial(target, **given) if given else target


def _callables(owner: Any) -> list[str]:
    return [name for name in dir(owner) if not name.startswith("_") and callable(getattr(owner, name, None))]


def _module(name: str, path: str) -> Any:
    add_current_folder_to_path()
    os.environ.setdefault("JAX_ENABLE_X64", "true")  # by default jax has no float64, and it reads this when it is imported
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


def _instantiate(cls: type, path: str, given: dict[str, Any]) -> Callable[..., Any]:
    try:
        made: Callable[..., Any] = cls(**given)
    except (Exception, SystemExit) as error:
        raise BadInput(
            f"{path}({', '.join(f'{key}={value!r}' for key, value in given.items())}) could not be made: {error}. "
            "Options of its constructor are given with --given name=value."
        ) from error
    return made
