"""A cohort that was interrupted goes on from its checkpoint, to the same tables."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lossbench.data.loading import load
from lossbench.datasets.xor import Xor
from lossbench.engine import dense
from lossbench.execution import checkpoint as checkpoints
from lossbench.execution.executor import run_plan
from lossbench.inits.normal import Normal
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import MLP
from lossbench.optimizers.adam import Adam
from lossbench.planning.plan import Plan
from lossbench.planning.spec import Recording, RecordingSchedule, Resources, RunSpec
from lossbench.tables import part_files, read_study

STEPS = 30


def plan(tile: int | None = 2) -> Plan:
    xor = Xor()
    one = RunSpec(
        loss=CrossEntropy(link="sigmoid"),
        model=MLP(hidden=(3,)),
        init=Normal(),
        dataset=xor,
        optimizer=Adam(),
        data=load(xor).fingerprint,
        seed=0,
        steps=STEPS,
    )
    runs = tuple(replace(one, seed=seed) for seed in range(5))
    recording = Recording(schedule=RecordingSchedule(kind="every"), probes=("loss", "gradient_norms"))
    return Plan(study="study", runs=runs, recording=recording, resources=Resources(executor="serial", tile=tile))


def records(folder: Path) -> pd.DataFrame:
    return read_study(folder).records.sort_values(["run", "step"], ignore_index=True)


class StoppedError(Exception):
    """As if the machine went down."""


def interrupted(root: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Begin the plan, keep a checkpoint at every step, and go down at one of them."""
    train = dense.train

    def falling(*arguments: Any) -> Any:
        def report(step: int) -> None:
            if step == at:
                raise StoppedError

        return train(*arguments[:3], report, arguments[4])

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "SECONDS", -1.0)
        patch.setattr(dense, "train", falling)
        with pytest.raises(StoppedError):
            run_plan(plan(), root, ["words"], {})


@pytest.mark.slow
@pytest.mark.parametrize("tile", [2, 5, None])
def test_an_interrupted_cohort_goes_on_where_it_was_to_the_same_tables(tile, tmp_path, monkeypatch):
    run_plan(plan(), tmp_path / "whole", ["words"], {})
    interrupted(tmp_path / "cut", monkeypatch, at=20)
    kept = list((tmp_path / "cut/study/checkpoints").glob("*.npz"))
    assert len(kept) == 1
    assert np.load(kept[0])["step"] == 20
    told: list[int] = []
    train = dense.train
    monkeypatch.setattr(dense, "train", lambda *arguments: train(*arguments[:3], told.append, arguments[4]))
    run_plan(plan(tile), tmp_path / "cut", ["words"], {})
    assert told.count(19) < told.count(20)  # one cohort had made its first twenty steps before
    pd.testing.assert_frame_equal(records(tmp_path / "whole/study"), records(tmp_path / "cut/study"), check_exact=True)
    assert not (tmp_path / "cut/study/checkpoints").exists()


@pytest.mark.slow
def test_a_damaged_checkpoint_costs_its_steps_and_nothing_else(tmp_path, monkeypatch):
    run_plan(plan(), tmp_path / "whole", ["words"], {})
    interrupted(tmp_path / "cut", monkeypatch, at=20)
    (kept,) = (tmp_path / "cut/study/checkpoints").glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:100])
    run_plan(plan(), tmp_path / "cut", ["words"], {})
    pd.testing.assert_frame_equal(records(tmp_path / "whole/study"), records(tmp_path / "cut/study"), check_exact=True)
    assert len(part_files(tmp_path / "cut/study")) == len(part_files(tmp_path / "whole/study"))


@pytest.mark.slow
def test_another_recording_does_not_go_on_from_a_checkpoint(tmp_path, monkeypatch):
    interrupted(tmp_path, monkeypatch, at=20)
    other = Recording(schedule=RecordingSchedule(kind="every"), probes=("loss",))
    assert list(checkpoints.resumable_cohorts(tmp_path / "study", plan().runs, plan().recording))
    assert not list(checkpoints.resumable_cohorts(tmp_path / "study", plan().runs, other))
    assert not list(checkpoints.resumable_cohorts(tmp_path / "study", plan().runs[2:], plan().recording))


@pytest.mark.parametrize("harm", ["empty", "cut", "edited"])
def test_a_damaged_or_edited_checkpoint_is_set_aside_in_a_sentence(harm, tmp_path, capsys):
    file = checkpoints.CohortFile(tmp_path / "checkpoints" / "0.npz", ("a", "b"))
    file.save({"weights": np.arange(6.0)})
    loaded = file.load()
    assert loaded is not None
    assert loaded["weights"].tolist() == [0, 1, 2, 3, 4, 5]
    if harm == "edited":
        with np.load(file.path) as arrays:
            np.savez(file.path, **{**arrays, "weights": np.arange(6.0) + 1})
    else:
        file.path.write_bytes(file.path.read_bytes()[: 0 if harm == "empty" else -9])
    assert file.load() is None
    assert file.load() is None
    assert "0.npz.damaged, and its cohort begins anew." in capsys.readouterr().err
    assert [path.name for path in file.path.parent.iterdir()] == ["0.npz.damaged"]


def test_cohorts_that_end_together_discard_their_checkpoints_together(tmp_path, monkeypatch):
    one, other = (checkpoints.CohortFile(tmp_path / "checkpoints" / name, ("a",)) for name in ("0.npz", "1.npz"))
    one.save({})
    unlink = Path.unlink

    def both_at_once(path: Path, *, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        path.parent.rmdir()

    monkeypatch.setattr(Path, "unlink", both_at_once)
    one.discard()
    monkeypatch.undo()
    one.save({})
    other.save({})
    one.discard()
    assert other.load() is not None


@pytest.mark.slow
def test_a_cohort_saves_while_another_removes_the_folder(tmp_path):
    """Two that save and discard at random moments: each finds what it saved, whoever was the last to leave the folder."""

    def save_and_discard(name: str) -> int:
        file = checkpoints.CohortFile(tmp_path / "checkpoints" / name, ("a",))
        for _ in range(200):
            file.save({})
            assert file.path.is_file()
            file.discard()
        return 200

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(save_and_discard, ["0.npz", "1.npz", "2.npz", "3.npz"])) == 800
