"""The program as a shell may start and end it: streams closed, an encoding with few letters, a signal."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-c", "from lossbench.commands.cli import main; main()"]
TINY = ["dataset=xor", "batch=null", "steps=4", "engine=serial", "study=tiny"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_where_standard_error_is_closed_runs_are_trained_all_the_same() -> None:
    done = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", *PROGRAM, "run", *TINY], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "Next: lossbench report results/tiny\n")
    assert len(list(Path("results/tiny/runs").iterdir())) == 1


@pytest.mark.slow
def test_letters_that_the_terminal_lacks_are_escaped() -> None:
    words = [*PROGRAM, "show", "losses", "focal"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "\\u2113" in done.stdout  # ℓ


@pytest.mark.slow
def test_a_request_to_terminate_ends_as_ctrl_c_does() -> None:
    words = [*PROGRAM, "run", *TINY, "steps=2000000000"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("1 run to train" in line for line in process.stderr)  # on a busy machine others come first
        process.send_signal(signal.SIGTERM)
        told = process.communicate()[1]
    assert process.returncode == 130
    assert "Stopped; 0 runs trained and stored. Continue with: lossbench run dataset=xor" in told
    assert "Traceback" not in told
