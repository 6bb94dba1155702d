"""What is compiled is kept: for other processes, for as long as nothing that it calls has changed, and not at any price."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lossbench.kernels import compilation

SOURCE = """
from lossbench.kernels.compilation import compiled

@compiled()
def double(x):
    return x + x
"""
PROGRAM = "import doubling; assert doubling.double(2) == 4; print(sum(doubling.double.stats.cache_hits.values()))"


@pytest.fixture
def doubling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module with a compiled function, imported anew each time."""
    path = tmp_path / "doubling.py"
    path.write_text(SOURCE)

    def fresh():
        spec = importlib.util.spec_from_file_location("doubling", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "doubling", module)
        spec.loader.exec_module(module)
        return module.double

    return fresh


def hits(function) -> int:
    """How often something was found instead of compiled."""
    assert function(2) == 4
    return sum(function.stats.cache_hits.values())


@pytest.mark.slow
def test_another_process_finds_what_was_compiled(doubling, tmp_path: Path) -> None:
    assert hits(doubling()) == 0
    words, paths = [sys.executable, "-c", PROGRAM], os.pathsep.join([str(Path(compilation.__file__).parents[2]), str(tmp_path)])
    done = subprocess.run(words, check=False, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_what_calls_something_that_has_changed_is_compiled_anew(doubling, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [hits(doubling()), hits(doubling())] == [0, 1]
    monkeypatch.setattr(compilation, "GROUND", ("another",))
    assert [hits(doubling()), hits(doubling())] == [0, 1]


def test_without_a_folder_to_keep_it_in_every_process_compiles_for_itself(doubling, monkeypatch: pytest.MonkeyPatch) -> None:
    njit = compilation.njit

    def closed(*, cache: bool = False, **options):
        if cache:
            raise RuntimeError("no locator available")
        return njit(**options)

    monkeypatch.setattr(compilation, "njit", closed)
    assert [hits(doubling()), hits(doubling())] == [0, 0]


def test_a_full_disk_is_no_reason_not_to_compute(doubling, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.core.caching.FunctionCache.save_overload", full)
    assert [hits(doubling()), hits(doubling())] == [0, 0]
