"""The Slurm executor, by submitit's processes on this machine: the bits are those of this process, and nothing is lost."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from lossbench.errors import BadInput, Failure
from lossbench.execution.executors import slurm
from lossbench.execution.progress import Progress
from lossbench.planning.plan import resources_of
from lossbench.planning.spec import Resources
from lossbench.tables import read_study

TESTS = Path(__file__).parent
LOCAL = "from lossbench.execution.executors import slurm; slurm.CLUSTER = 'local'"


def finish(root: Path, settings: str, before: str = "") -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.path.insert(0, {str(TESTS)!r}); {before or 'pass'}; import mortal"
    words = [sys.executable, "-c", f"{program}; mortal.sweep({str(root)!r}, {settings})"]
    return subprocess.run(words, check=False, capture_output=True, text=True, cwd=TESTS)


def tables(root: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    study = read_study(root / "mortal")
    runs = study.runs.drop(columns=["seconds", "invocation"]).sort_values("run", ignore_index=True)
    return runs, study.records.sort_values(["run", "step"], ignore_index=True)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    root = tmp_path_factory.mktemp("at_home")
    assert finish(root, "'serial'").returncode == 0
    return tables(root)


@pytest.mark.slow
def test_jobs_of_an_array_train_the_same_bits_though_one_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    away, marker = tmp_path / "away", tmp_path / "marker"
    marker.touch()
    monkeypatch.setenv("MORTAL", str(marker))
    done = finish(away, "'slurm'", LOCAL)  # in two jobs of two cohorts, of which the killed one's are tried again, each alone
    assert (done.returncode, done.stdout, marker.exists()) == (0, "", False), done.stderr
    assert "16 runs trained" in done.stderr
    for found, wanted in zip(tables(away), expected, strict=True):
        pd.testing.assert_frame_equal(found[wanted.columns], wanted, check_exact=True)
    assert {path.name for path in away.iterdir()} == {"mortal"}


def test_without_slurm_it_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="sbatch and srun, which are not here"):
        slurm._executor(tmp_path, Resources(executor="slurm"), 1)


def test_an_array_that_is_not_taken_is_one_sentence() -> None:
    executor = slurm.Slurm(Resources(executor="slurm"), 2, Progress("study", []))
    result: slurm.Future[slurm.JobResult] = slurm.Future()
    executor._waiting.append((None, result))  # type: ignore[arg-type]
    executor._refuse(RuntimeError("sbatch: error:\n  invalid partition specified: gone\n"))
    with pytest.raises(Failure, match=r"Slurm took no array of jobs: invalid partition specified: gone\. What was stored"):
        result.result()


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"partition": "short"}, "goes with engine.executor=slurm"),
        ({"executor": "slurm", "storage": "driver"}, "goes with engine.executor=dask"),
        ({"executor": "slurm", "minutes": 0}, "engine.minutes"),
        ({"executor": "slurm", "array": 10**6}, "engine.array"),
    ],
)
def test_settings_of_slurm_fit_together(engine: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        resources_of(engine)


@pytest.mark.slow
def test_a_slurm_of_one_machine_trains_the_same_bits_though_a_job_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    away, marker = tmp_path / "away", tmp_path / "marker"
    marker.touch()
    monkeypatch.setenv("MORTAL", str(marker))
    program = f"import sys; sys.path.insert(0, {str(TESTS)!r}); import mortal; mortal.sweep({str(away)!r}, 'slurm', minutes=5)"
    words = [str(TESTS.parent / "one_machine_slurm.sh"), sys.executable, "-c", program]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=TESTS)
    if done.returncode == 77:
        pytest.skip(f"no Slurm: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert "16 runs trained" in done.stderr
    assert not marker.exists()
    for found, wanted in zip(tables(away), expected, strict=True):
        pd.testing.assert_frame_equal(found[wanted.columns], wanted, check_exact=True)
