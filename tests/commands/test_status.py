"""What another shell is told of a sweep: while it runs, when it was stopped, and when it was killed."""

import json
import os
import platform
import re
import signal
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from lossbench.commands.cli import answer
from lossbench.errors import BadInput
from lossbench.storage.sweep_status import SWEEPS, StatusFile, read_statuses

LONG = ["study=long", "dataset=xor", "batch=null", "engine=serial", "steps=3000000", "loss=ce"]


def own_file(folder: Path, **changed) -> Path:
    """The status that this process tells, with some of it changed afterwards."""
    StatusFile(folder, "0" * 16, 8).begin()
    path = folder / SWEEPS / f"{os.getpid()}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    return path


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "running"),
        ({"pid": 2**22 + 1}, "killed"),  # a number that no process has
        ({"born": "1"}, "killed"),  # another process has the number now
        ({"host": "elsewhere"}, "running"),
        ({"host": "elsewhere", "updated": 0.0}, "killed"),
        ({"state": "stopped"}, "stopped"),
    ],
)
def test_a_sweep_whose_process_is_gone_was_killed(tmp_path, changed, state):
    own_file(tmp_path, **changed)
    assert [sweep.state for sweep in read_statuses(tmp_path)] == [state]


def test_what_is_no_status_tells_nothing_and_letters_are_shown(tmp_path):
    path = own_file(tmp_path, now="\x1b[2J")
    for number, content in enumerate(["", "[]", "{}", '{"pid": "x"}']):
        (path.parent / f"{number}.json").write_text(content)
    (sweep,) = read_statuses(tmp_path)
    assert sweep.now == "\\x1b[2J"
    assert asdict(sweep)["host"] == platform.node()


def test_the_time_left_is_that_of_the_pace_so_far(tmp_path):
    own_file(tmp_path, started=100.0, updated=160.0, share=0.25)
    assert read_statuses(tmp_path)[0].seconds_left == pytest.approx(180.0)


@pytest.mark.parametrize("error", [None, BadInput("refused")])
def test_a_sweep_that_ends_leaves_nothing_and_takes_what_others_left(tmp_path, error):
    left = own_file(tmp_path, state="failed", pid=2**22 + 1).rename(tmp_path / SWEEPS / f"{2**22 + 1}.json")
    assert left.exists()
    file = StatusFile(tmp_path, "0" * 16, 8)
    file.begin()
    assert not left.exists()
    file.end(error)
    assert not (tmp_path / SWEEPS).exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")  # which is the point
@pytest.mark.parametrize(
    ("sent", "says", "code"),
    [(signal.SIGTERM, "was stopped", 0), (signal.SIGKILL, "ended without a word, so it was killed", 1)],
)
def test_a_detached_sweep_can_be_asked_for_and_ended_from_another_shell(tmp_path, monkeypatch, capsys, sent, says, code):
    monkeypatch.chdir(tmp_path)
    assert answer(["run", *LONG, "--detach"]) == 0
    process = int(re.search(r"Process (\d+) trains 1 run", capsys.readouterr().out)[1])
    assert os.getsid(process) == process  # a session of its own, which no shell's end reaches
    assert answer(["status", "results/long"]) == 0
    running = capsys.readouterr().out
    assert f"Running: process {process} on " in running
    assert "0 of its 1 run stored" in running
    os.kill(process, sent)
    os.waitpid(process, 0)
    assert answer(["status", "results/long"]) == code
    ended = capsys.readouterr().out
    assert f"The sweep of process {process} on {platform.node()} {says}" in ended
    assert f"Continue with: lossbench run {' '.join(LONG)}\n" in ended
    assert answer(["run", *LONG[:-2], "steps=5", "loss=mse"]) == 0  # the next sweep of the study takes what this one left
    capsys.readouterr()
    assert answer(["status", "results/long"]) == 0
    assert "1 run stored" in (done := capsys.readouterr().out)
    assert "none was left unfinished" in done
    assert time.time() - (tmp_path / "results/long.log").stat().st_mtime < 600


@pytest.mark.slow
def test_a_detached_sweep_that_cannot_be_planned_is_refused_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert answer(["run", "study=long", "loss=focl", "--detach"]) == 2
    assert "Did you mean 'focal'?" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()
    assert answer(["status", "results/long"]) == 2
