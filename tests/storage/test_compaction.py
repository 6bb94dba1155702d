"""Compaction: few files, the same tables, whatever interrupts it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lossbench.datasets.xor import Xor
from lossbench.errors import Failure
from lossbench.inits.normal import Normal
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Recording, RunSpec, Trace
from lossbench.storage import compaction
from lossbench.storage.compaction import compact
from lossbench.storage.parquet_part import Origin
from lossbench.storage.store import append, missing, remember
from lossbench.tables import Quantity, content_hash, part_files, read_study

RECORDING, OTHER = Recording(probes=("loss",)), Recording(probes=("loss", "accuracy"))
OWN = Quantity(stem="mine", title="a quantity of my own", unit="%")


def runs(count: int) -> list[RunSpec]:
    named: dict[str, Any] = {"loss": CrossEntropy(), "model": MLP(), "init": Normal(), "dataset": Xor(), "optimizer": SGD(lr=0.1)}
    return [RunSpec(data="d", seed=seed, steps=9, **named) for seed in range(count)]


def trace(run: RunSpec, name: str, value: float) -> Trace:
    values = {"train_loss": np.full(3, value), name: np.array([0.1, np.nan, value])}
    return Trace(run=run, outcome="finished", stopped=9, steps=(0, 3, 9), values=values, seconds=0.25)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve parts of twelve runs; three are stored anew later, under another recording, and two declare a quantity."""
    study = tmp_path / "study"
    remember(study, [], {}, {})
    first = Origin(recording=RECORDING.describe(), invocation="i", task="classification", device="cpu")
    for number, run in enumerate(runs(9)):
        append(study, [trace(run, "brier" if number % 2 else "saturated/1", number)], first)
    second = replace(
        first, recording=OTHER.describe(), quantities=(OWN,), classes=("ham", "spam"), baselines={"test_accuracy": 0.7}
    )
    for number, run in enumerate(runs(3)):
        append(study, [trace(run, "mine" if number else "brier", 10.0 + number)], second)
    return study


def expect_same(folder: Path, wanted: Any) -> None:
    study = read_study(folder)
    for name, keys in (("runs", ["run"]), ("records", ["run", "step"])):
        found, expected = (getattr(one, name).sort_values(keys, ignore_index=True) for one in (study, wanted))
        pd.testing.assert_frame_equal(found[expected.columns], expected, check_exact=True)
        assert set(found) == set(expected)
    assert (study.quantities, study.classes, study.baselines) == (wanted.quantities, wanted.classes, wanted.baselines)
    assert len(missing(folder, runs(9), RECORDING)) == 3
    assert len(missing(folder, runs(9), OTHER)) == 6


@pytest.mark.slow
def test_few_parts_hold_what_many_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_study(folder)
    assert before.quantities["mine"] == OWN
    assert before.classes == {"d": ("ham", "spam")}
    assert before.baselines == {"d": {"test_accuracy": 0.7}}
    assert compact(folder) == 12  # which is not many
    assert compact(folder, 12) == 1
    (merged,) = part_files(folder)
    assert merged.name == f"part-00000012-{content_hash(merged.read_bytes())}.parquet"
    expect_same(folder, before)
    assert compact(folder, 1) == 1
    assert part_files(folder) == [merged]


@pytest.mark.slow
def test_parts_are_merged_up_to_a_size_and_in_their_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_study(folder)
    monkeypatch.setattr(compaction, "GROUP_BYTES", 3.5 * part_files(folder)[0].stat().st_size)
    assert 2 < compact(folder, 2) < 8
    expect_same(folder, before)


@pytest.mark.slow
@pytest.mark.parametrize("survived", range(13))
def test_an_interrupted_compaction_loses_nothing(folder: Path, survived: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before, removed = read_study(folder), 0

    def unlink(path: Path, **options: Any) -> None:
        nonlocal removed
        if removed == survived and not path.name.startswith("."):
            raise OSError("the process is killed here")
        removed += not path.name.startswith(".")
        original(path, **options)

    original = Path.unlink
    monkeypatch.setattr(Path, "unlink", unlink)
    if survived < 12:
        with pytest.raises(Failure, match="killed here"):
            compact(folder, 2)
    monkeypatch.undo()
    expect_same(folder, before)
    assert compact(folder, 1) == 1
    expect_same(folder, before)


def test_a_damaged_part_is_left_to_be_told_of(folder: Path) -> None:
    path = part_files(folder)[4]
    path.write_bytes(path.read_bytes()[:-9])
    held = {part: part.read_bytes() for part in part_files(folder)}
    assert compact(folder, 2) == 12
    assert {part: part.read_bytes() for part in part_files(folder)} == held
