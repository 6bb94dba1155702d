"""A study is read while others store into it: nothing is missed, whenever parts are merged."""

from pathlib import Path

import pandas as pd
import pytest

from lossbench.errors import BadInput
from lossbench.storage.compaction import compact
from lossbench.tables import Gone, content_hash, each_part, part_files, read_study, reading


@pytest.fixture
def folder(made, tmp_path: Path) -> Path:
    """Six runs in a part each, as the store names parts."""
    study = made.write(tmp_path / "study", [])
    part_files(study)[0].unlink()
    for number in range(1, 7):
        (one,) = part_files(made.write(tmp_path / str(number), [made.learn(seed=number).only("train_loss", "test_accuracy")]))
        content = one.read_bytes()
        (study / "runs" / f"part-{number:08d}-{content_hash(content)}.parquet").write_bytes(content)
    return study


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        *(frame.sort_values(["run", "step"], ignore_index=True) for frame in (one, other)), check_exact=True
    )


@pytest.mark.parametrize("at", range(7))
def test_parts_that_are_merged_while_a_study_is_read_are_found_again(
    at: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, read, calls = read_study(folder).records, reading.read_part, 0

    def merging(path: Path, *rest: object) -> object:
        nonlocal calls
        calls += 1
        if calls == at:
            monkeypatch.undo()
            assert compact(folder, 2) == 1
        return read(path, *rest)

    monkeypatch.setattr(reading, "read_part", merging)
    study = read_study(folder)
    assert compact(folder, 2) == 1  # before a curve is looked at
    same(study.records, wanted)


def test_a_curve_of_a_run_that_is_gone_is_not_made_up(folder: Path) -> None:
    study = read_study(folder)
    part_files(folder)[2].unlink()
    with pytest.raises(BadInput, match="was changed while it was read"):
        study.columns["train_loss"]


def test_a_listing_that_never_holds_still_is_told(folder: Path) -> None:
    def move(path: Path) -> Path:
        raise Gone("it is gone")

    with pytest.raises(Gone, match="change all the time"):
        each_part(folder, move)
