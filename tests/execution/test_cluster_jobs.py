"""What cluster executors rest on, without a cluster: jobs put together and apart, grounds compared, data kept once a node."""

import sys
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossbench.data.loading import load
from lossbench.datasets.xor import Xor
from lossbench.errors import BadInput, Failure
from lossbench.execution import executor
from lossbench.execution.executors import dask, dask_worker, selection
from lossbench.execution.executors.protocol import WorkerKilled
from lossbench.execution.ground import differences, ground_name, job_on
from lossbench.execution.job import Job, JobResult, apart, put_together
from lossbench.execution.progress import Progress
from lossbench.execution.shared_memory import map_split
from lossbench.inits.normal import Normal
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.cohorts import cohorts
from lossbench.planning.plan import resources_of
from lossbench.planning.spec import Recording, Resources, RunSpec
from lossbench.storage.parquet_part import Origin
from lossbench.storage.provenance import provenance
from lossbench.storage.store import remember
from lossbench.tables import read_invocation

NOW = provenance("cpu", 1)
OLDER = NOW | {"versions": NOW["versions"] | {"torch": "1.0"}}
ADDRESS = "tcp://127.0.0.1:1"


def runs(count: int) -> tuple[RunSpec, ...]:
    xor = Xor()
    named: dict[str, Any] = {"loss": CrossEntropy(link="sigmoid"), "model": MLP(hidden=(3,)), "init": Normal(), "dataset": xor}
    one = RunSpec(optimizer=SGD(lr=0.5), data=load(xor).fingerprint, seed=0, steps=5, **named)
    return tuple(replace(one, seed=seed) for seed in range(count))


def jobs(folder: Path, count: int, recording: str = "r") -> list[Job]:
    origin = Origin(recording=recording, invocation="i", task="classification", device="cpu")
    planned = cohorts(runs(count), Recording(), 1)
    return [Job(folder=folder, cohorts=(cohort,), indices=(index,), origin=origin) for index, cohort in enumerate(planned)]


@pytest.mark.parametrize(
    ("seconds", "least", "sizes"),
    [
        ([90, 30, 30, 30, 5], 60, [1, 2, 2]),
        ([1, 1, 1, 1, 1], 60, [5]),
        ([1, 1, 1, 1, 1], 0, [1, 1, 1, 1, 1]),
        ([70, 70, 70, 70, 70], 60, [1, 1, 1, 1, 1]),
    ],
)
def test_small_cohorts_are_put_together_until_there_is_enough_work(
    tmp_path: Path, seconds: list[float], least: float, sizes: list[int]
) -> None:
    every = jobs(tmp_path, 5)
    made = put_together(every, seconds, least)
    assert [len(job.cohorts) for job in made] == sizes
    assert [one for job in made for one in apart(job)] == every
    assert [job.runs for job in made] == sizes


def test_cohorts_of_other_rows_are_not_put_together(tmp_path: Path) -> None:
    mixed = [*jobs(tmp_path, 2, "one"), *jobs(tmp_path, 2, "other")]
    assert [job.origin.recording for job in put_together(mixed, [1.0] * 4, 60)] == ["one", "other"]


def test_of_cohorts_in_one_job_only_the_one_that_kills_is_lost(tmp_path: Path) -> None:
    class Fragile:
        slots = 2

        def submit(self, job: Job) -> Future[JobResult]:
            future: Future[JobResult] = Future()
            if 3 in job.indices:
                future.set_exception(WorkerKilled())
            else:
                future.set_result(JobResult(job.runs, 0, 0, 0))
            return future

    every = jobs(tmp_path, 6)
    together = put_together(every, [1.0] * 6, 3)
    done = list(executor._results(Fragile(), together, Progress("study", [])))  # type: ignore[arg-type]
    assert sorted((job.indices, result is None) for job, result in done) == [
        ((0, 1, 2), False),
        ((3,), True),
        ((4,), False),
        ((5,), False),
    ]


def test_a_cluster_has_work_for_more_workers_than_this_machine() -> None:
    many = runs(320)
    sizes = {len(cohort.runs) for cohort in cohorts(many, Recording(), None, None, 32)}
    assert sizes == {10}
    assert Resources(executor="dask", address=ADDRESS).planned_workers == 32
    assert Resources(executor="dask", address=ADDRESS, workers=5).planned_workers == 5
    assert Resources(executor="loky", workers=5).planned_workers == 2  # as studies were always planned


@pytest.mark.parametrize(
    ("kept", "named"),
    [
        (NOW, []),
        (OLDER, [f"torch 1.0, and {NOW['versions']['torch']} here"]),
        (NOW | {"versions": NOW["versions"] | {"python": "3.1"}}, [f"python 3.1, and {NOW['versions']['python']} here"]),
        (NOW | {"device": "abacus"}, [f"device abacus, and {NOW['device']} here"]),
        (NOW | {"machine": NOW["machine"] | {"system": "another kernel"}}, []),
        (NOW | {"commit": None}, []),
    ],
)
def test_a_worker_differs_in_what_bits_may_depend_on(kept: dict[str, Any], named: list[str]) -> None:
    assert list(differences(NOW, kept)) == named
    assert (ground_name(kept) != ground_name(NOW)) >= bool(named)


def test_other_versions_are_refused_or_recorded_with_the_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "study"
    job = jobs(folder, 1)[0]
    job = replace(job, origin=replace(job.origin, invocation=remember(folder, ["typed"], {"seed": 0}, NOW)))
    with pytest.raises(BadInput, match=r"The worker at tcp://w:2 has torch 1\.0, and .* engine\.versions=recorded"):
        job_on("tcp://w:2", OLDER, NOW, job, Resources())
    assert job_on("tcp://w:2", NOW | {"commit": None}, NOW, job, Resources()) == job
    renamed = job_on("tcp://w:2", OLDER, NOW, job, Resources(versions="recorded"))
    assert replace(renamed, origin=job.origin) == job
    kept = read_invocation(folder, renamed.origin.invocation)
    assert kept
    assert not kept.altered
    assert (kept.overrides, kept.config, kept.provenance["versions"]["torch"]) == (("typed",), {"seed": 0}, "1.0")
    assert "The worker at tcp://w:2 has torch 1.0" in capsys.readouterr().err


def test_data_are_kept_once_a_node_and_for_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    split = load(Xor()).split
    assert not dask_worker.has_data("s", "f")
    dask_worker.keep_data("s", "f", dask.dumps(split))
    first = (dask_worker.node_folder("s") / "f").stat().st_ino
    dask_worker.keep_data("s", "f", dask.dumps(split))  # as where two workers of a node asked at once
    assert dask_worker.has_data("s", "f")
    assert (dask_worker.node_folder("s") / "f").stat().st_ino == first
    assert [path.name for path in dask_worker.node_folder("s").iterdir()] == ["f"]
    mapped = map_split(dask_worker.node_folder("s") / "f", "f", "classification")
    assert all(np.array_equal(one, other) for one, other in zip(mapped[:4], split[:4], strict=True))
    dask_worker.node_folder("s").chmod(0o755)
    with pytest.raises(Failure, match="open to others"):
        dask_worker.has_data("s", "f")
    dask_worker.forget_data("other")
    assert [path.name.rpartition("-")[2] for path in tmp_path.iterdir()] == ["s"]


def test_a_worker_that_sees_another_folder_stores_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"tcp://w:2 does not see .*study as it is here.*engine\.storage=driver"):
        dask_worker._refuse_unseen(jobs(tmp_path / "study", 1)[0], "tcp://w:2")


def test_an_address_at_which_nobody_answers_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "CONNECT_SECONDS", 0.1)
    for address in (ADDRESS, "nonsense://x"):
        with pytest.raises(BadInput, match=f"No Dask scheduler answers at {address}"):
            dask._connected(address)


def test_a_missing_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "lossbench.execution.executors.dask")
    monkeypatch.delitem(sys.modules, "lossbench.execution.executors.dask_worker")
    with pytest.raises(BadInput, match=r"needs distributed, which is not installed: pip install 'lossbench\[dask\]'"):
        selection.choose_executor(Resources(executor="dask", address=ADDRESS), [])


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"executor": "dask"}, "wants the address of a scheduler"),
        ({"address": ADDRESS}, "goes with engine.executor=dask"),
        ({"executor": "dask", "address": ADDRESS, "storage": "nowhere"}, "engine.storage"),
    ],
)
def test_settings_of_a_cluster_fit_together(engine: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        resources_of(engine)


def test_where_runs_are_trained_is_no_part_of_what_they_are() -> None:
    assert not {"address", "storage", "versions", "executor"} & runs(1)[0].describe().keys()


def test_nobody_waits_for_workers_of_a_scheduler_that_is_gone() -> None:
    class Cut:
        status = "connecting"

        def nthreads(self) -> dict[str, int]:
            raise OSError

    executor = dask.Dask(Resources(executor="dask", address=ADDRESS), 1, Progress("study", []))
    executor._client = Cut()
    with pytest.raises(Failure, match="is gone"):
        executor._await_worker()
