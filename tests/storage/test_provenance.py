"""Provenance: what a sweep ran on, in plain values, and no commit that is not the library's own."""

import json
import os
import subprocess
import time
from pathlib import Path

import llvmlite
import pytest
import torch
from llvmlite.binding import get_host_cpu_features

from lossbench.storage import provenance as provenance_module
from lossbench.storage.provenance import _commit, processor, provenance


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=n", "-c", "user.email=e@x")
    return subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "__init__.py").touch()
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    return tmp_path


def test_it_is_plain_and_names_what_numbers_depend_on() -> None:
    told = provenance("cpu", 2)
    assert json.loads(json.dumps(told)) == told
    # a build for CUDA calls itself 2.13.0+cu130, and its package on an index 2.13.0
    assert told["versions"]["torch"] in {torch.__version__, torch.__version__.partition("+")[0]}
    assert told["versions"]["llvmlite"] == llvmlite.__version__
    assert told["features"].split() == sorted(name for name, there in get_host_cpu_features().items() if there) != []
    assert told["threads"] == {"workers": 2, "inside": 1}
    assert told["machine"]["cores"] == os.cpu_count()
    assert told["device"] == told["machine"]["processor"] == processor() != ""


def test_a_commit_is_told_with_whether_anything_changed(checkout: Path) -> None:
    assert _commit(checkout) == {"hash": git(checkout, "rev-parse", "HEAD"), "changed": False}
    (checkout / "__init__.py").write_text("changed")
    assert _commit(checkout) == {"hash": git(checkout, "rev-parse", "HEAD"), "changed": True}


def test_somebody_elses_checkout_is_not_the_librarys(checkout: Path) -> None:
    inside = checkout / "environment" / "lossbench"
    inside.mkdir(parents=True)
    (inside / "__init__.py").touch()
    assert _commit(inside) is None


def test_without_git_there_is_no_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert _commit(checkout) is None


def test_a_git_that_hangs_does_not_hold_up_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(provenance_module, "GIT_SECONDS", 0.1)
    started = time.monotonic()
    assert _commit(tmp_path) is None
    assert time.monotonic() - started < 30
