"""Temporary folders: what killed processes left is removed, what belongs to a living one stays."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lossbench.errors import Failure
from lossbench.execution import shared_memory, temporary_folders
from lossbench.execution.executors import loky


def test_a_folder_of_a_process_that_ended_is_removed_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary_folders.tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    orphan, living = tmp_path / f"lossbench-{ended.pid}-abc", tmp_path / f"lossbench-{os.getppid()}-abc"
    foreign = tmp_path / "lossbench-notes"
    for folder in (orphan, living, foreign):
        (folder / "inner").mkdir(parents=True)
    with temporary_folders.temporary_folder() as own:
        assert Path(own).name.startswith(f"lossbench-{os.getpid()}-")
        assert {path.name for path in tmp_path.iterdir()} == {living.name, foreign.name, Path(own).name}


def test_a_full_temporary_folder_is_told_as_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("86208 requested and 1520 written")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(Failure, match=r"No space is left to write .*steps\.npy"):
        shared_memory.create_steps(tmp_path, 3)


def test_a_worker_is_guarded_before_anything_slow_is_imported() -> None:
    """Else one whose driver is killed while it imports torch would go on importing, and outlive it."""
    program = "import sys; import lossbench.execution.worker_guard; print('torch' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]
    assert "initializer=guard_worker" in inspect.getsource(loky.Loky)
