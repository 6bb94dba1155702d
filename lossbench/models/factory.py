"""Anybody's network: a function of theirs makes it."""

import hashlib
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from lossbench.errors import BadInput, unknown
from lossbench.guard import PASSED_ON
from lossbench.interfaces import Model
from lossbench.registry.importing import import_from_outside, message_of


@dataclass(frozen=True, kw_only=True)
class Module(Model):
    """A torch module that a function of yours makes: model=module model.path=my_nets:net.

    The function is called with the shape of an example, (D,) or (channels, height, width), and the number of raw outputs, and
    returns a torch.nn.Module from (B, *shape) to (B, outputs). Its file is run as a plugin's is; when it has changed, a run is
    another one.
    """

    path: str

    def __post_init__(self) -> None:
        name, _, function = self.path.partition(":")
        if not all(part.isidentifier() for part in (*name.split("."), *function.split("."))):
            raise BadInput(f"model.path is {self.path!r}; it wants MODULE:FUNCTION, such as my_nets:net.")

    def describe(self) -> dict[str, Any]:
        """Word, path, and the SHA-256 of the file that the function is read from."""
        file = getattr(_imported(self.path), "__file__", None)
        source = Path(file).read_bytes() if file else b""
        return {"word": self.word, "path": self.path, "source": hashlib.sha256(source).hexdigest()[:16]}

    def module(self, inputs: tuple[int, ...], outputs: int) -> nn.Module:
        factory = _factory(self.path)
        try:
            made = factory(inputs, outputs)
        except PASSED_ON:
            raise
        except (Exception, SystemExit) as error:
            file = _imported(self.path).__file__
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
            where = f" (line {lines[-1]})" if lines else ""
            raise BadInput(
                f"model.path={self.path}: {factory.__name__}({inputs}, {outputs}){where} raised {message_of(error)}."
            ) from error
        if not isinstance(made, nn.Module):
            raise BadInput(
                f"model.path={self.path}: {factory.__name__}({inputs}, {outputs}) returned a {type(made).__name__}; wanted is a "
                "torch.nn.Module."
            )
        return made


def module_of(path: str) -> str:
    """The Python module that a path names, which is run when it is imported."""
    return path.partition(":")[0]


def _factory(path: str) -> Callable[[tuple[int, ...], int], object]:
    value: Any = _imported(path)
    for part in path.partition(":")[2].split("."):
        if not hasattr(value, part):
            raise unknown(f"function in {module_of(path)}", part, [name for name in dir(value) if not name.startswith("_")])
        value = getattr(value, part)
    if not callable(value):
        raise BadInput(f"model.path={path} names a {type(value).__name__}; wanted is a function that makes a torch.nn.Module.")
    return value  # type: ignore[no-any-return]


def _imported(path: str) -> ModuleType:
    """The module of a path. Raises BadInput."""
    return import_from_outside(module_of(path), f"model.path={path}: {module_of(path)}", from_current_folder=True)
