"""The executor: interrupted anywhere and run again, a study holds what it would hold without the interruption."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lossbench.data.loading import load
from lossbench.datasets.xor import Xor
from lossbench.engine import dense
from lossbench.errors import BadInput, Failure
from lossbench.execution import executor, job
from lossbench.execution.executor import run_plan
from lossbench.execution.executors import selection
from lossbench.execution.executors.loky import Loky
from lossbench.execution.executors.serial import Serial
from lossbench.inits.normal import Normal
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.cohorts import cohorts
from lossbench.planning.executor_words import CLUSTERS, LOCAL
from lossbench.planning.plan import Plan
from lossbench.planning.spec import Recording, RecordingSchedule, Resources, RunSpec
from lossbench.tables import part_files, read_study

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parent
COHORT = 4  # runs, in mortal.py
DELAY = 0.005  # seconds, so that a sweep lasts for long enough to be interrupted
Tables = tuple[pd.DataFrame, pd.DataFrame]


def plan(steps: int = 20, count: int = 8, **changes: Any) -> Plan:
    xor = Xor()
    one = RunSpec(
        loss=CrossEntropy(link="sigmoid"),
        model=MLP(hidden=(3,)),
        init=Normal(),
        dataset=xor,
        optimizer=SGD(lr=0.5),
        data=load(xor).fingerprint,
        seed=0,
        steps=steps,
    )
    losses = (CrossEntropy(link="sigmoid"), HalfSquaredError(link="sigmoid"))
    runs = tuple(replace(one, loss=loss, seed=seed) for loss in losses for seed in range(count // 2))
    recording = Recording(schedule=RecordingSchedule(kind="linear", points=5), probes=("loss", "accuracy"), keep=("parameters",))
    return replace(Plan(study="study", runs=runs, recording=recording, resources=Resources(executor="serial", tile=2)), **changes)


def tables(folder: Path) -> Tables:
    """What a study holds, less what tells one invocation from another."""
    study = read_study(folder)
    runs = study.runs.drop(columns=["seconds", "invocation"]).sort_values("run", ignore_index=True)
    return runs, study.records.sort_values(["run", "step"], ignore_index=True)


def expect_same(folder: Path, expected: Tables) -> None:
    for found, wanted in zip(tables(folder), expected, strict=True):
        pd.testing.assert_frame_equal(found[wanted.columns], wanted, check_exact=True)


def program(root: Path, how: str, delay: float) -> str:
    return f"import sys; sys.path.insert(0, {str(TESTS)!r}); import mortal; mortal.sweep({str(root)!r}, {how!r}, {delay})"


def words(root: Path, how: str, delay: float = 0.0) -> list[str]:
    return [sys.executable, "-c", program(root, how, delay)]


def finish(root: Path, how: str, delay: float = 0.0, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words(root, how, delay), check=False, capture_output=True, text=True, env=os.environ | environment)


@contextmanager
def begun(root: Path, how: str, delay: float) -> Iterator[subprocess.Popen[str]]:
    """The sweep, at the moment when its first part is there."""
    with subprocess.Popen(words(root, how, delay), stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not part_files(root / "mortal"):
            assert process.poll() is None
            time.sleep(0.01)
        yield process


def children(process: subprocess.Popen[str]) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def is_deaf_to_interrupts(process: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text()
    masks = [int(mask, 16) for mask in re.findall(r"Sig(?:Blk|Ign):\s*(\w+)", status)]
    return any(mask >> (signal.SIGINT - 1) & 1 for mask in masks)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Tables]:
    roots = {delay: tmp_path_factory.mktemp("uninterrupted") for delay in (0.0, DELAY)}
    sweeps = "; ".join(program(root, "serial", delay) for delay, root in roots.items())
    subprocess.run([sys.executable, "-c", sweeps], check=True)
    return {delay: tables(root / "mortal") for delay, root in roots.items()}


def test_a_plan_is_trained_once_and_then_nothing_is(tmp_path: Path) -> None:
    first = run_plan(plan(), tmp_path, ["a"], {"seed": 0})
    assert (first.trained, first.already_stored, first.diverged, first.run_steps) == (8, 0, 0, 8 * 20)
    held = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    second = run_plan(plan(), tmp_path, ["a"], {"seed": 0})
    assert (second.trained, second.already_stored, second.run_steps) == (0, 8, 0)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == held


def test_only_what_is_missing_is_trained(tmp_path: Path) -> None:
    some = plan(runs=plan().runs[2:5])
    assert run_plan(some, tmp_path, [], {}).trained == 3
    rest = run_plan(plan(), tmp_path, [], {})
    assert (rest.trained, rest.already_stored) == (5, 3)
    run_plan(plan(study="whole"), tmp_path, [], {})
    expect_same(tmp_path / "study", tables(tmp_path / "whole"))


def test_a_run_named_twice_is_trained_once(tmp_path: Path) -> None:
    assert run_plan(plan(runs=plan().runs * 2), tmp_path, [], {}).trained == 8


def test_rows_name_the_invocation_that_trained_them(tmp_path: Path) -> None:
    run_plan(plan(runs=plan().runs[:2]), tmp_path, ["first"], {})
    run_plan(plan(), tmp_path, ["second"], {})
    study = read_study(tmp_path / "study")
    kept = {path.stem: path.read_text() for path in (tmp_path / "study" / "invocations").glob("*.json")}
    typed = [re.findall(r'"(first|second)"', kept[name]) for name in study.runs["invocation"]]
    assert sorted(map(str, typed)) == ["['first']"] * 2 + ["['second']"] * 6


def test_a_diverged_run_is_counted_stored_and_not_trained_again(tmp_path: Path) -> None:
    steep = {"loss": HalfSquaredError(link="identity"), "optimizer": SGD(lr=1e6)}
    wild = plan(runs=(*plan().runs, *(replace(run, **steep) for run in plan().runs[:4])))
    assert run_plan(wild, tmp_path, [], {}).diverged == 4
    assert read_study(tmp_path / "study").runs["outcome"].value_counts().to_dict() == {"finished": 8, "diverged": 4}
    assert run_plan(wild, tmp_path, [], {}).trained == 0


def test_workers_store_the_same_bits_as_one_process(tmp_path: Path, uninterrupted: dict[float, Tables]) -> None:
    done = finish(tmp_path, "loky")
    assert (done.returncode, done.stdout) == (0, "")
    expect_same(tmp_path / "mortal", uninterrupted[0.0])
    assert len(part_files(tmp_path / "mortal")) == 16 // COHORT


@pytest.mark.parametrize("how", ["serial", "loky"])
def test_a_kill_in_the_middle_of_training_costs_what_was_unfinished(
    tmp_path: Path, how: str, uninterrupted: dict[float, Tables]
) -> None:
    marker = tmp_path / "marker"
    marker.touch()
    killed = finish(tmp_path, how, MORTAL=str(marker))
    stored = len(read_study(tmp_path / "mortal").runs)
    if how == "serial":
        assert killed.returncode == -signal.SIGKILL
    else:
        assert killed.returncode == 1
        assert "4 runs not stored, everything else is. The same command trains what is missing." in killed.stderr
        assert "Traceback" not in killed.stderr
        assert stored == 16 - COHORT
    continued = finish(tmp_path, "serial")
    assert f"{16 - stored} runs trained ({stored} there already)" in continued.stderr
    expect_same(tmp_path / "mortal", uninterrupted[0.0])


@pytest.mark.parametrize("how", ["serial", "loky"])
def test_ctrl_c_stops_and_keeps_what_is_done(tmp_path: Path, how: str, uninterrupted: dict[float, Tables]) -> None:
    with begun(tmp_path, how, DELAY) as process:
        assert all(is_deaf_to_interrupts(child) for child in children(process))
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers too
        told = process.communicate()[1]
    assert process.returncode == 130
    stored = len(read_study(tmp_path / "mortal").runs)
    assert re.search(r"Stopped; \d+ runs trained and stored\.\n", told)
    assert "Traceback" not in told
    assert f"({stored} there already)" in finish(tmp_path, "serial", DELAY).stderr
    expect_same(tmp_path / "mortal", uninterrupted[DELAY])


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        with begun(tmp_path, "loky", 0.05) as process:
            crew = children(process)
            process.kill()
    assert len(crew) >= 2
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{worker}/exe").exists() for worker in crew) or any(scratch.glob("lossbench-*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_processes_on_one_study_do_no_harm(tmp_path: Path, uninterrupted: dict[float, Tables]) -> None:
    crew = [subprocess.Popen(words(tmp_path, "serial"), stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in crew:
        told = process.communicate()[1]
        assert process.returncode == 0, told
    expect_same(tmp_path / "mortal", uninterrupted[0.0])


@pytest.mark.parametrize("error", [Failure("No space is left"), BadInput("not yours")])
def test_what_a_cohort_raises_ends_the_sweep_and_keeps_what_is_stored(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    appended = []

    def fail(*arguments: Any) -> Path:
        if len(appended) == 2:
            raise error
        appended.append(job_append(*arguments))
        return appended[-1]

    job_append = job.append
    monkeypatch.setattr(job, "append", fail)
    with pytest.raises(type(error), match=str(error)):
        run_plan(plan(), tmp_path, [], {})
    assert part_files(tmp_path / "study") == appended
    monkeypatch.undo()
    assert run_plan(plan(), tmp_path, [], {}).already_stored == 4


def test_data_that_changed_since_the_plan_is_not_trained_on(tmp_path: Path) -> None:
    other = tuple(replace(run, data="something else") for run in plan().runs)
    with pytest.raises(Failure, match="The data set 'xor' changed after the runs were planned"):
        run_plan(plan(runs=other), tmp_path, [], {})
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_folder_and_an_impossible_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "notes.txt").touch()
    with pytest.raises(BadInput, match=r"notes\.txt"):
        run_plan(plan(), tmp_path, [], {})
    with pytest.raises(BadInput, match="not a plain folder name"):
        run_plan(plan(study="../study"), tmp_path, [], {})


def test_long_cohorts_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def note(cohort: Any, *rest: Any) -> Any:
        seen.append(cohort.runs[0].steps)
        return train(cohort, *rest)

    train = dense.train
    monkeypatch.setattr(dense, "train", note)
    runs = tuple(replace(run, steps=steps) for steps in (10, 30, 20) for run in plan(count=2).runs)
    run_plan(plan(runs=runs), tmp_path, [], {})
    assert seen == [30, 20, 10]


@pytest.mark.parametrize(
    ("asked", "seconds", "workers"),
    [
        (Resources(), 60.0, 2),
        (Resources(), 1.0, 0),
        (Resources(device="cuda"), 60.0, 0),
        (Resources(device="cuda", executor="loky"), 60.0, 1),
        (Resources(device="cuda", executor="loky", workers=3), 60.0, 3),
        (Resources(executor="serial"), 60.0, 0),
        (Resources(executor="loky"), 1.0, 2),
        (Resources(executor="loky", workers=9), 1.0, 3),
        (Resources(workers=1), 60.0, 0),
        (Resources(workers=3), 60.0, 3),
    ],
)
def test_workers_are_asked_for_or_pay(asked: Resources, seconds: float, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection.joblib, "cpu_count", lambda: 2)
    planned = cohorts(plan(count=2).runs, plan().recording, 2)
    work = [executor.CohortCost(cohort=planned[0], step_seconds=seconds / 3 / 20, record_seconds=0.0)] * 3
    assert selection.choose_executor(asked, work) == ((Loky, workers) if workers else (Serial, 1))


def test_every_executor_that_a_config_can_name_is_there() -> None:
    assert {"auto", *selection.EXECUTORS} == set(LOCAL)
    assert set(selection.CLUSTER_EXECUTORS) == set(CLUSTERS)
