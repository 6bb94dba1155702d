"""On what a sweep ran: versions, commit, threads and machine, as plain values."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from llvmlite.binding import get_host_cpu_features, get_host_cpu_name

SETTINGS = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "OPENBLAS_CORETYPE", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")
GIT_SECONDS = 5.0  # a lock or a network folder must not hold up a training
LIBRARIES = (
    "lossbench",
    "torch",
    "numpy",
    "numba",
    "llvmlite",
    "pyarrow",
    "pandas",
    "scikit-learn",
    "scipy",
    "hydra-core",
    "joblib",
)


def provenance(device: str, workers: int) -> dict[str, Any]:
    """What numbers and timings may depend on beside the config; `workers` train side by side, one thread each."""
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES},
        "commit": _commit(Path(__file__).parents[1]),
        "threads": {"workers": workers, "inside": 1},
        "machine": {"system": platform.platform(), "processor": processor(), "cores": os.cpu_count()},
        "device": torch.cuda.get_device_name() if device == "cuda" else processor(),
        "instructions": instructions(),
        "features": features(),
    }


def instructions() -> dict[str, str]:
    """Which of the processor's instructions compiled code and libraries choose, and what in the environment changes that."""
    chosen = {"compiler": get_host_cpu_name(), "torch": torch.backends.cpu.get_cpu_capability()}
    return chosen | {name: os.environ[name] for name in SETTINGS if name in os.environ}


def features() -> str:
    """What the compiler may use of the processor beyond its name, in alphabetical order: "64bit adx aes …"."""
    return " ".join(sorted(name for name, available in get_host_cpu_features().items() if available))


def processor() -> str:
    """The processor's name, as its maker gives it where the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _commit(folder: Path) -> dict[str, Any] | None:
    """The commit that the library's files were checked out from, and whether any has changed; None outside a checkout."""
    if not _git(folder, "ls-files", "__init__.py"):
        return None  # no git, or the folder lies in somebody else's checkout, as an environment does
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".")
    return {"hash": _git(folder, "rev-parse", "HEAD"), "changed": bool(changed)}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=GIT_SECONDS,
        )
    except (OSError, ValueError, subprocess.SubprocessError):  # none, none of its answers is text, or none came in time
        return None
    return done.stdout.strip()
