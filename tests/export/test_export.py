"""An export says what is stored: read back by pandas, pyarrow, and TensorBoard's, MLflow's and W&B's own readers."""

import json
import math
import os
import shlex
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossbench.analysis.statistics import median
from lossbench.commands.cli import answer
from lossbench.errors import Failure
from lossbench.export import mlflow as mlflow_export
from lossbench.export.choice import choose
from lossbench.export.tracked import tracked_runs
from lossbench.tables import read_study

STRANGE = "a/b:c\x1b[31m"  # a data set's name that no folder may have


@pytest.fixture(scope="module")
def study(made, tmp_path_factory):
    """Two losses at two rates and seven seeds, of which one run diverged after four records."""
    runs = [
        made.learn(loss=loss, optimizer__lr=rate, seed=seed).only("train_loss", "test_accuracy", "gradient_norm_weights/2")
        for loss in (made.CE, made.MSE)
        for rate in (0.03, 0.3)
        for seed in range(7)
    ]
    runs[0] = runs[0].diverged(4)
    return made.write(tmp_path_factory.mktemp("exports") / "small", runs)


def export(folder: Path, *arguments: str) -> None:
    assert answer(["export", str(folder), *arguments]) == 0


def library(name: str) -> None:
    pytest.importorskip(name, reason=f"{name} is not installed: pip install -e '.[test]' -c constraints.txt")


@pytest.mark.slow
@pytest.mark.parametrize(("tool", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_tables_hold_the_records_and_the_median_of_each_sample(study, tmp_path, tool, read):
    export(study, "--to", tool, "--out", str(tmp_path), "--runs")
    curves, records, samples = (read(tmp_path / f"{name}.{tool}") for name in ("curves", "records", "samples"))
    stored = read_study(study)
    both = records.merge(stored.records, on=["run", "step"], suffixes=("", "_stored"))
    assert len(both) == len(stored.records) == len(records)
    assert np.allclose(both["test_accuracy"], both["test_accuracy_stored"], rtol=0 if tool == "parquet" else 1e-9, atol=0)
    assert samples["diverged"].sum() == 1
    for key, part in records.groupby(["setting", "loss", "learning_rate", "step"], dropna=False):
        wanted = median(part["train_loss"])
        (row,) = (
            row
            for row in curves[curves["metric"] == "train_loss"].itertuples()
            if (row.loss, row.learning_rate, row.step) == key[1:]
        )
        assert row.runs == wanted.n
        assert (row.median, row.low, row.high) == pytest.approx((wanted.centre, wanted.low, wanted.high), rel=1e-9)
        assert row.interval == wanted.method
    export(study, "--to", tool, "--out", str(tmp_path))  # replaces the first, single runs included
    assert {path.stem for path in tmp_path.iterdir()} == {"curves", "samples", "metrics"}


def test_a_pattern_chooses_quantities_and_one_that_names_none_is_refused(study, tmp_path, capsys):
    export(study, "--to", "csv", "--out", str(tmp_path), "-m", "test_*")
    assert set(pd.read_csv(tmp_path / "curves.csv")["metric"]) == {"test_accuracy"}
    assert answer(["export", str(study), "--to", "csv", "-m", "accuracy"]) == 2
    assert "'test_accuracy'" in capsys.readouterr().err
    assert not (study / "export").exists()


def test_paths_are_plain_and_each_its_own(made, tmp_path):
    data = [{"word": name, "seed": 0} for name in (STRANGE, STRANGE.replace(":", "/"), "..", "../..")]
    folder = made.write(tmp_path / "odd", [made.learn(dataset=each).only("test_accuracy") for each in data])
    paths = [run.path for run in tracked_runs(choose(folder, runs=True))]
    assert len(set(paths)) == len(paths) == 8
    assert not any(part in ("", ".", "..") for path in paths for part in path.split("/"))
    assert all(set(path) <= set("abcdefghijklmnopqrstuvwxyz0123456789_ /().") for path in paths)


@pytest.mark.slow
def test_tensorboard_reads_back_every_number_and_a_second_export_replaces_the_first(study, tmp_path):
    library("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: PLC0415

    export(study, "--to", "tensorboard", "--out", str(tmp_path), "--runs")
    written = {path: path.read_bytes() for path in tmp_path.rglob("events*")}
    expected = list(tracked_runs(choose(study, runs=True)))
    assert len(expected) == 4 + 28 == len(written) - 1
    for run in expected:
        read = EventAccumulator(str(tmp_path / run.path), {"scalars": 0}).Reload()
        assert read.Tags()["scalars"] == list(run.curves)
        for name, (steps, values) in run.curves.items():
            events = read.Scalars(name)
            assert [event.step for event in events] == steps.tolist()
            assert np.array_equal([event.value for event in events], values.astype(np.float32))
        assert read.PluginTagToContent("hparams").keys() == {"_hparams_/session_start_info"}
    layout = EventAccumulator(str(tmp_path)).Reload().Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0]
    assert b"test_accuracy/median" in layout
    export(study, "--to", "tensorboard", "--out", str(tmp_path))
    again = {path: path.read_bytes() for path in tmp_path.rglob("events*")}
    assert len(again) == 5
    assert again.items() <= written.items()


def read_mlflow(uri: str) -> dict:
    """Every run of the experiment `small` that is not deleted, by its name, with the histories of its metrics."""
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    client = MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("small").experiment_id])
    return {
        run.info.run_name: (
            run.data.params,
            {name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)] for name in run.data.metrics},
        )
        for run in runs
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own
@pytest.mark.parametrize("store", ["file", "sqlite"])
def test_mlflow_reads_back_every_number_and_a_second_export_changes_nothing(study, tmp_path, monkeypatch, capsys, store):
    library("mlflow")
    library("sqlalchemy")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = f"{store}://{'/' if store == 'sqlite' else ''}{tmp_path / 'store'}"
    export(study, "--to", "mlflow", "--out", uri, "-m", "t*")
    stored = read_mlflow(uri)
    expected = list(tracked_runs(choose(study, ["t*"])))
    assert len(expected) == len(stored) == 4
    for run in expected:
        parameters, curves = stored[run.path]
        assert parameters == {name: str(value) for name, value in run.parameters.items()}
        assert curves == {name: list(zip(*map(np.ndarray.tolist, pair), strict=True)) for name, pair in run.curves.items()}
    capsys.readouterr()
    export(study, "--to", "mlflow", "--out", uri, "-m", "t*")
    assert capsys.readouterr().out.startswith("4 unchanged in MLflow's experiment small")
    export(study, "--to", "mlflow", "--out", uri, "-m", "test_*")
    assert capsys.readouterr().out.startswith("4 replaced")
    assert {name for _, curves in read_mlflow(uri).values() for name in curves} == {
        f"test_accuracy/{end}" for end in ("median", "low", "high")
    }


def read_wandb(folder: Path) -> dict:
    """Every run that `wandb sync` would upload, by its name: its project, group, settings, and the history of each metric."""
    from wandb.proto.wandb_internal_pb2 import Record  # noqa: PLC0415

    def value(item):
        return json.loads(item.value_json)

    runs = {}
    for path in folder.glob("offline-run-*/run-*.wandb"):
        records = [Record.FromString(message) for message in framed(path.read_bytes())]
        (run,) = (record.run for record in records if record.HasField("run"))
        histories: dict = {}
        for items in ([*record.history.item] for record in records if record.HasField("history")):
            row = {item.key or "/".join(item.nested_key): value(item) for item in items}
            for name in row.keys() - {"_step", "_runtime", "_timestamp"}:
                histories.setdefault(name, []).append((row["_step"], row[name]))
        config = {item.key or ".".join(item.nested_key): value(item) for item in run.config.update}
        assert [record.exit.exit_code for record in records if record.HasField("exit")] == [0]
        runs[run.display_name] = (run.project, run.run_group, config, histories)
    return runs


def framed(content: bytes):
    """The messages of a file in LevelDB's log format: blocks of 32 KiB, of pieces with checksum, length and kind before them."""
    position, message = 7, b""  # W&B's own header comes first
    while position < len(content):
        if 32768 - position % 32768 < 7:  # no header fits: the block is filled up
            position += 32768 - position % 32768
        _, length, kind = struct.unpack_from("<IHB", content, position)
        message += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # whole, or the last piece
            yield message
            message = b""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # W&B's own
def test_wandb_reads_back_every_number_and_a_second_export_changes_nothing(study, tmp_path, monkeypatch, capfd):
    library("wandb")
    for name, value in {"WANDB_MODE": "online", "WANDB_RUN_ID": "mine", "WANDB_PROJECT": "mine", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    out = tmp_path / "out"
    export(study, "--to", "wandb", "--out", str(out), "-m", "t*", "--runs")
    assert capfd.readouterr() == (f"32 new, 0 unchanged, 0 removed in {out}. Upload: wandb sync {out}/offline-run-*\n", "")
    stored = read_wandb(out)
    expected = list(tracked_runs(choose(study, ["t*"], runs=True)))
    assert len(expected) == len(stored) == 32
    for run in expected:
        project, group, config, histories = stored[run.path]
        assert (project, group) == ("small", run.path.rpartition("/")[0])
        assert {name.replace(".", "-"): value for name, value in run.parameters.items()}.items() <= config.items()
        assert histories == {name: list(zip(*map(np.ndarray.tolist, pair), strict=True)) for name, pair in run.curves.items()}
    written = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    (out / "offline-run-20260101_000000-mine").mkdir()  # somebody's own
    export(study, "--to", "wandb", "--out", str(out), "-m", "t*", "--runs")
    assert capfd.readouterr().out.startswith("0 new, 32 unchanged, 0 removed")
    assert {path: path.stat().st_mtime_ns for path in written} == written
    export(study, "--to", "wandb", "--out", str(out), "-m", "test_*")
    assert capfd.readouterr().out.startswith("4 new, 0 unchanged, 32 removed")
    assert len(list(out.iterdir())) == 5
    assert {name for *_, histories in read_wandb(out).values() for name in histories} == {
        f"test_accuracy/{end}" for end in ("median", "low", "high")
    }


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple:
        return os._exit, (9,)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_processes_side_by_side_write_to_mlflow_what_one_writes(study, tmp_path, monkeypatch):
    library("mlflow")
    stored = []
    for processes, least in ((1, 1000), (2, 1)):
        uri = f"sqlite:///{tmp_path / str(processes)}"
        monkeypatch.setattr(mlflow_export, "MANY", least)
        export(study, "--to", "mlflow", "--out", uri, "-m", "test_*", "--runs")
        stored.append(read_mlflow(uri))
    assert len(stored[0]) > mlflow_export.RUNS
    assert stored[0] == stored[1]
    experiment = mlflow_export._Experiment(uri=uri, number="404", new_file=False)
    runs = list(tracked_runs(choose(study, ["test_*"], runs=True)))
    with pytest.raises(Failure, match="No Experiment with id=404"):
        mlflow_export._keep_all(experiment, ((run, None) for run in runs), 2)
    last = replace(runs[-1], parameters={"a": Deadly()})
    with pytest.raises(Failure, match="was killed"):
        mlflow_export._keep_all(experiment, [(run, None) for run in [last] * 30], 2)


@pytest.mark.parametrize("tool", ["tensorboard", "mlflow", "wandb"])
def test_a_library_that_is_missing_is_one_sentence_with_its_extra(study, monkeypatch, capsys, tool):
    for name in [name for name in sys.modules if name.split(".")[0] == tool]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, tool, None)
    assert answer(["export", str(study), "--to", tool]) == 2
    assert capsys.readouterr().err == f"Error: {tool} is not installed. `pip install 'lossbench[{tool}]'` brings it.\n"


@pytest.mark.slow
@pytest.mark.parametrize(("tool", "ends"), [("tensorboard", ""), ("wandb", "/offline-run-*")])
def test_the_next_command_can_be_typed_whatever_the_folder_is_called(study, tmp_path, capsys, tool, ends):
    library(tool)
    out = tmp_path / "it's 100% (new) & #1"
    export(study, "--to", tool, "--out", str(out), "--metric", "test_accuracy")
    assert shlex.split(capsys.readouterr().out.partition(": ")[2])[-1] == f"{out}{ends}"


@pytest.mark.slow
def test_an_export_needs_no_torch(study, tmp_path):
    library("tensorboard")
    program = f"""import sys
from lossbench.commands.cli import answer
assert answer(["export", {str(study)!r}, "--to", "tensorboard", "--out", {str(tmp_path)!r}]) == 0
assert "torch" not in sys.modules"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert math.isclose(len(list(tmp_path.rglob("events*"))), 5)
