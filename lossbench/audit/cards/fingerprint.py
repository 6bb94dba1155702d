"""What a measurement depends on, as one number: the code of the loss and of the audit, options, and versions."""

import hashlib
import importlib.metadata
import platform
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import torch

_INSTALLED = tuple(str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def content(modules: list[str], request: str) -> str:
    """32 hexadecimal digits that change whenever what was asked may come out differently.

    The source of the modules, and of all that they reach and that is no installed package; of those the versions.
    """
    texts: dict[str, str] = {}
    for name in modules:
        _collect(sys.modules.get(name), texts)
    texts["asked"] = request
    texts["versions"] = repr((sys.version, platform.machine(), torch.__version__, np.__version__, mpmath.__version__))
    texts["processor"] = torch.backends.cpu.get_cpu_capability()
    return hashlib.sha256(repr(sorted(texts.items())).encode(errors="replace")).hexdigest()[:32]


def versions_of(module: str = "") -> tuple[str, ...]:
    """The versions that a card depends on: lossbench's, torch's, and that of the package which a module belongs to."""
    package = module.partition(".")[0]
    versions = [f"lossbench {importlib.metadata.version('lossbench')}"]
    version = getattr(sys.modules.get(package), "__version__", None)
    if package not in {"", "torch", "lossbench"} and version is not None:
        versions.append(f"{package} {version}")
    return (*versions, f"torch {torch.__version__}", f"Python {platform.python_version()}")


def _collect(module: ModuleType | None, texts: dict[str, str]) -> None:
    """Add a module and what it reaches, by name: its source, or its package's version where it is installed."""
    name = getattr(module, "__name__", "")
    package = name.split(".")[0]
    version = f"version of {package}"
    if module is None or name in texts or version in texts:
        return
    path = getattr(module, "__file__", None)
    if path is None or _is_installed(Path(path).resolve()):
        texts[version] = str(vars(sys.modules[package]).get("__version__", "")) if package in sys.modules else ""
        return
    texts[name] = Path(path).read_text(encoding="utf-8", errors="replace")
    for value in list(vars(module).values()):
        _collect(_owner(value), texts)


def _is_installed(path: Path) -> bool:
    """Whether a file belongs to an installed package, in whichever environment that is on the path."""
    return str(path).startswith(_INSTALLED) or not {"site-packages", "dist-packages"}.isdisjoint(path.parts)


def _owner(value: Any) -> ModuleType | None:
    """The module that a name in a module stands for or comes from."""
    if isinstance(value, ModuleType):
        return value
    owner = getattr(value, "__module__", None)
    return sys.modules.get(owner) if isinstance(owner, str) else None
