"""The window: what is read back is what was stored, and what cannot be read is refused in words."""

import json
import math
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lossbench.errors import BadInput
from lossbench.tables import CURVE, RUN_COLUMNS, Damaged, content_hash, layer_column, read_manifest, read_part, read_study

SPEC = {
    "loss": {"word": "focal", "gamma": 2.0},
    "model": {"word": "mlp", "hidden": [30, 10]},
    "init": {"word": "glorot"},
    "dataset": {"word": "noisy", "of": {"word": "digits", "seed": 3}, "rate": 0.1},
    "optimizer": {"word": "sgd", "lr": 0.1},
    "data": "0",
    "seed": 7,
    "steps": 9,
    "batch": None,
    "order": "shuffled",
    "dtype": "float32",
}


def row(run: str, steps: list[int], seed: int = 7, **curves: list[float]) -> dict[str, Any]:
    """A row as the store writes it, in plain Python."""
    head = {"run": run, "spec": json.dumps(SPEC | {"seed": seed}), "recording": "{}", "invocation": "i", "task": "classification"}
    tail = {"outcome": "finished", "stopped": steps[-1] if steps else 0, "seconds": 0.5, "device": "cpu", "step": steps}
    return head | tail | {CURVE + name: values for name, values in curves.items()}


def write_part(folder: Path, sequence: int, rows: list[dict[str, Any]], *, hashed: bool = False) -> Path:
    names = list(dict.fromkeys(name for item in rows for name in item))
    kinds = RUN_COLUMNS | {name: pa.list_(pa.float64()) for name in names if name.startswith(CURVE)}
    table = pa.table({name: pa.array([item.get(name) for item in rows], kinds[name]) for name in names})
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    (folder / "study.json").write_text(json.dumps({"format": 1, "name": folder.name}))
    path = folder / "runs" / f"part-{sequence:08d}-x.parquet"
    pq.write_table(table, path)
    return path.rename(path.with_name(f"part-{sequence:08d}-{content_hash(path.read_bytes())}.parquet")) if hashed else path


def naive_records(rows: list[dict[str, Any]], quantities: list[str]) -> list[list[Any]]:
    return [
        [item["run"], step, *(item.get(CURVE + name, [math.nan] * len(item["step"]))[place] for name in quantities)]
        for item in rows
        for place, step in enumerate(item["step"])
    ]


def test_records_are_a_row_a_recorded_step_and_nan_where_a_run_lacks_a_quantity(tmp_path: Path) -> None:
    first = [
        row("a", [0, 1, 5], train_loss=[3.0, 2.0, 1.0], saturated=[0.1, 0.2, 0.3]),
        row("b", [0, 9], train_loss=[7.0, math.nan]),
    ]
    second = [row("c", [0], test_loss=[0.25]), row("d", [], train_loss=[])]
    write_part(tmp_path, 1, first)
    write_part(tmp_path, 2, second)
    quantities = ["train_loss", "saturated", "test_loss"]
    records = read_study(tmp_path).records
    assert list(records.columns) == ["run", "step", *quantities]
    expected = pd.DataFrame(naive_records(first + second, quantities), columns=records.columns)
    pd.testing.assert_frame_equal(records, expected, check_dtype=False)


def test_runs_have_the_spec_spread_over_columns(tmp_path: Path) -> None:
    write_part(tmp_path, 1, [row("a", [0, 1]), row("b", [0, 1], seed=8)])
    study = read_study(tmp_path)
    a, b = study.runs.to_dict("records")
    assert (a["run"], a["loss"], a["loss.gamma"], a["model"], a["model.hidden"]) == ("a", "focal", 2.0, "mlp", "[30, 10]")
    assert (a["dataset"], a["dataset.seed"], a["label_noise"]) == ("digits", 3, 0.1)
    assert (a["seed"], b["seed"], a["stopped"], a["outcome"]) == (7, 8, 1, "finished")
    assert pd.isna(a["batch"])
    assert "spec" not in study.runs


def test_of_a_run_stored_twice_the_last_row_counts(tmp_path: Path) -> None:
    write_part(tmp_path, 2, [row("a", [0, 2], train_loss=[5.0, 4.0])])
    write_part(tmp_path, 1, [row("a", [0], train_loss=[9.0]), row("b", [0], train_loss=[8.0])])
    study = read_study(tmp_path)
    assert sorted(study.runs["run"]) == ["a", "b"]
    of_a = study.records[study.records["run"] == "a"]
    assert (of_a["step"].tolist(), of_a["train_loss"].tolist()) == ([0, 2], [5.0, 4.0])


def test_parts_are_read_oldest_first(tmp_path: Path) -> None:
    for sequence in (10, 9, 100):
        write_part(tmp_path, sequence, [row(f"{sequence}", [0])])
    assert read_study(tmp_path).runs["run"].tolist() == ["9", "10", "100"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"name": "x"}', "\x00\x01"])
def test_a_manifest_that_cannot_be_read_is_refused_with_the_mend(tmp_path: Path, text: str) -> None:
    write_part(tmp_path, 1, [row("a", [0])])
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(BadInput, match="cannot be read as a study's manifest") as refusal:
        read_study(tmp_path)
    mend = str(refusal.value).split("Write ")[1].split(" into it")[0]
    (tmp_path / "study.json").write_text(mend)
    assert len(read_study(tmp_path).runs) == 1


def test_other_folders_and_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no lossbench study"):
        read_manifest(tmp_path)
    (tmp_path / "study.json").write_text('{"format": 99}')
    with pytest.raises(BadInput, match="format 99; this lossbench reads format 1"):
        read_manifest(tmp_path)
    (tmp_path / "study.json").write_text('{"format": 1}')
    with pytest.raises(BadInput, match="holds no runs yet"):
        read_study(tmp_path)


def test_a_part_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = write_part(tmp_path, 1, [row("a", [0, 1], train_loss=[1.0, 2.0])])
    whole = path.read_bytes()
    for length in (0, 3, 4, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(Damaged, match="Running the study again sets the file aside"):
            read_part(path)


def test_a_part_named_by_its_hash_is_refused_when_any_byte_changes(tmp_path: Path) -> None:
    path = write_part(tmp_path, 1, [row("a", [0, 1], train_loss=[1.0, 2.0])], hashed=True)
    whole = path.read_bytes()
    assert read_part(path).num_rows == 1
    for place in np.random.default_rng(0).integers(0, len(whole), 20):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Damaged, match="does not match the hash"):
            read_part(path)


def test_a_parquet_file_of_something_else_is_refused_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "part-00000001-x.parquet"
    pq.write_table(pa.table({"run": ["a"], "price": [3.0]}), path)
    with pytest.raises(Damaged, match=r"lacks 9 columns: spec, recording"):
        read_part(path)


def test_a_part_that_may_not_be_read_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    path = write_part(tmp_path, 1, [row("a", [0])])
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BadInput, match="Permission denied") as refusal:
        read_part(path)
    assert not isinstance(refusal.value, Damaged)


def test_names_of_quantities_by_layer_count_from_one() -> None:
    assert [layer_column("saturated", layer) for layer in (1, 2)] == ["saturated/1", "saturated/2"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc to count threads in")
def test_reading_starts_no_thread_that_could_outlive_the_interpreter(tmp_path: Path) -> None:
    part = write_part(tmp_path, 1, [row("a", [0, 1, 5], train_loss=[3.0, 2.0, 1.0])])
    program = """
        import sys
        from pathlib import Path
        from lossbench.tables import read_part
        count = lambda: len(list(Path("/proc/self/task").iterdir()))
        before = count()
        read_part(Path(sys.argv[1]))
        print(count() - before)
    """
    done = subprocess.run([sys.executable, "-c", dedent(program), part], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n", done.stderr
