"""The Dask executor, on a scheduler and two workers of its own: the bits are those of this process, and nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from local_clusters import LocalCluster

from lossbench.tables import part_files, read_study

TESTS = Path(__file__).parent
DELAY = 0.01  # seconds, of each step of the mortal loss: a sweep lasts for long enough to be interrupted
Tables = tuple[pd.DataFrame, pd.DataFrame]


def tables(root: Path) -> Tables:
    """What a study holds, less what tells one invocation from another."""
    study = read_study(root / "mortal")
    runs = study.runs.drop(columns=["seconds", "invocation"]).sort_values("run", ignore_index=True)
    return runs, study.records.sort_values(["run", "step"], ignore_index=True)


def expect_same(root: Path, expected: Tables) -> None:
    for found, wanted in zip(tables(root), expected, strict=True):
        pd.testing.assert_frame_equal(found[wanted.columns], wanted, check_exact=True)


def words(root: Path, settings: str) -> list[str]:
    program = f"import sys; sys.path.insert(0, {str(TESTS)!r}); import mortal; mortal.sweep({str(root)!r}, {settings})"
    return [sys.executable, "-c", program]


def finish(root: Path, settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words(root, settings), check=False, capture_output=True, text=True, cwd=TESTS)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    folder = tmp_path_factory.mktemp("cluster")
    # None of a scheduler's second chances: the first death of a worker is told.
    environment = {"MORTAL": str(folder / "marker"), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0", "TMPDIR": str(folder)}
    made = LocalCluster(folder, environment)
    try:
        made.start_scheduler()
        for _ in range(2):
            made.start_worker()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Tables]:
    roots = {delay: tmp_path_factory.mktemp("at_home") for delay in (0.0, DELAY)}
    first, second = (words(root, f"'serial', {delay}") for delay, root in roots.items())
    subprocess.run([*first[:-1], f"{first[-1]}; {second[-1]}"], check=True, capture_output=True)
    return {delay: tables(root) for delay, root in roots.items()}


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["shared", "driver"])
def test_two_workers_train_the_same_bits_as_one_process(
    tmp_path: Path, storage: str, cluster: LocalCluster, expected: dict[float, Tables]
) -> None:
    done = finish(tmp_path, f"'dask', address={cluster.address!r}, storage={storage!r}")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    expect_same(tmp_path, expected[0.0])
    assert not list((tmp_path / "mortal" / "checkpoints").glob("*"))
    assert not list(cluster.folder.glob("lossbench-node-*"))


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_the_cohort_that_it_was_at(
    tmp_path: Path, cluster: LocalCluster, expected: dict[float, Tables]
) -> None:
    Path(cluster.environment["MORTAL"]).touch()
    killed = finish(tmp_path, f"'dask', address={cluster.address!r}")
    assert "4 runs not stored, everything else is. The same command trains what is missing." in killed.stderr
    assert "Traceback" not in killed.stderr
    assert killed.returncode == 1
    assert len(read_study(tmp_path / "mortal").runs) == 16 - 4
    continued = finish(tmp_path, f"'dask', address={cluster.address!r}")  # by the worker that is left
    assert "4 runs trained (12 there already)" in continued.stderr
    expect_same(tmp_path, expected[0.0])


@pytest.mark.slow
def test_without_its_scheduler_a_sweep_ends_in_a_sentence_and_goes_on_later(
    tmp_path: Path, cluster: LocalCluster, expected: dict[float, Tables]
) -> None:
    settings = f"'dask', {DELAY}, address={cluster.address!r}"
    with subprocess.Popen(words(tmp_path, settings), stderr=subprocess.PIPE, text=True, cwd=TESTS) as process:
        while not part_files(tmp_path / "mortal"):
            assert process.poll() is None
            time.sleep(0.05)
        assert cluster.scheduler
        os.kill(cluster.scheduler.pid, signal.SIGKILL)
        told = process.communicate()[1]
    assert f"The Dask scheduler at {cluster.address} is gone." in told
    assert "Traceback" not in told
    assert process.returncode == 1
    cluster.stop()  # a worker ends the cohort that it is at and stores it, when nobody waits for it any more
    stored = len(read_study(tmp_path / "mortal").runs)
    assert f"({stored} there already)" in finish(tmp_path, f"'serial', {DELAY}").stderr
    expect_same(tmp_path, expected[DELAY])
