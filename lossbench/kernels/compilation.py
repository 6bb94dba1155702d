"""Functions that are compiled when they are first called, and kept for the processes that come after."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock
from numba import njit
from numba.extending import intrinsic

CALLED = ("link_kernels.py", "summation.py", "blas.py", "activations.py", "layer_kernels.py")  # from other files
GROUND = tuple(zlib.crc32((Path(__file__).parent / name).read_bytes()) for name in CALLED)


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function for each kind of arguments that it meets; keep that beside its file, or where the user's caches are.

    Where neither folder may be written to, every process compiles for itself.
    """

    def decorated(function: Callable[..., Any]) -> Any:
        try:
            made = njit(cache=True, nogil=True, error_model="numpy", **options)(function)
            _share(made._cache)  # noqa: SLF001 - there is no other way to it
        except (AttributeError, RuntimeError):  # numba keeps things in another way, or has no folder for them
            return njit(nogil=True, error_model="numpy", **options)(function)
        return made

    return decorated


def llvm_intrinsic(function: Callable[..., Any]) -> Any:
    """A function of compiled code that says in LLVM's terms what it does."""
    return intrinsic(function)


def _share(kept: Any) -> None:
    """Let functions of several files, and processes side by side, keep what they compiled.

    By itself numba takes that for fresh as long as the function's own file is unchanged, whatever it calls elsewhere. And two
    processes that keep different kinds at the same time may both take the next number, so that one's code stands under the
    other's name.
    """
    kept._cache_file._source_stamp = kept._cache_file._source_stamp, GROUND  # noqa: SLF001
    save, lock = kept.save_overload, Path(kept.cache_path) / "lossbench.lock"

    def save_alone(kind: Any, code: Any) -> None:
        try:
            with FileLock(lock):
                save(kind, code)
        except OSError:
            return  # a full disk is no reason not to train

    kept.save_overload = save_alone
