"""The store: whole parts or none, nothing trained twice, nothing stored lost."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossbench import atomic
from lossbench.datasets.xor import Xor
from lossbench.errors import BadInput, Failure
from lossbench.inits.normal import Normal
from lossbench.interfaces import Dense
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Recording, RunSpec, Trace
from lossbench.storage.parquet_part import Origin
from lossbench.storage.store import append, missing, remember, study_folder
from lossbench.tables import part_files, read_part, read_study

RECORDING = Recording(probes=("loss",))
KEEPING = Recording(probes=("loss",), keep=("parameters",))
TEMPORARIES = "**/.*.tmp"


def runs(count: int) -> list[RunSpec]:
    one = RunSpec(
        loss=CrossEntropy(), model=MLP(), init=Normal(), dataset=Xor(), optimizer=SGD(lr=0.1), data="d", seed=0, steps=9
    )
    return [replace(one, seed=seed) for seed in range(count)]


def trace(run: RunSpec, **changes: Any) -> Trace:
    rng = np.random.default_rng(run.seed)
    values = {name: rng.normal(size=3) for name in ("train_loss", "saturated/1")}
    return replace(Trace(run=run, outcome="finished", stopped=9, steps=(0, 3, 9), values=values, seconds=0.25), **changes)


def origin(recording: Recording = RECORDING) -> Origin:
    return Origin(recording=recording.describe(), invocation="i", task="classification", device="cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    study = tmp_path / "study"
    remember(study, ["seed=0"], {"seed": 0}, {})
    return study


def test_what_is_appended_is_read_back(folder: Path) -> None:
    traces = [
        trace(runs(3)[0]),
        trace(runs(3)[1], outcome="diverged", stopped=3, steps=(0,), values={"train_loss": np.array([np.nan])}),
        trace(runs(3)[2], values={"train_loss": np.arange(3.0), "brier": np.ones(3, np.float32)}),
    ]
    append(folder, traces, origin())
    study = read_study(folder)
    for stored, (_, row) in zip(traces, study.runs.iterrows(), strict=True):
        assert (row["run"], row["outcome"], row["stopped"]) == (stored.run.id, stored.outcome, stored.stopped)
        assert (row["seconds"], row["device"], row["task"], row["invocation"]) == (0.25, "cpu", "classification", "i")
        records = study.records[study.records["run"] == stored.run.id]
        assert records["step"].tolist() == list(stored.steps)
        for name in ("train_loss", "saturated/1", "brier"):
            expected = stored.values.get(name, np.full(len(stored.steps), np.nan))
            np.testing.assert_array_equal(records[name], expected)


def test_a_curve_that_does_not_fit_its_steps_is_not_stored(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"shape \(2,\) does not fit a run with 3 recorded steps"):
        append(folder, [trace(runs(1)[0], values={"train_loss": np.zeros(2)})], origin())
    assert part_files(folder) == []


def test_missing_is_what_is_not_stored_under_the_same_recording_each_once_in_order(folder: Path) -> None:
    asked = runs(4)
    assert missing(folder.parent / "nowhere", asked, RECORDING) == asked
    assert missing(folder, [*asked, *asked], RECORDING) == asked
    append(folder, [trace(asked[2]), trace(asked[0])], origin())
    assert missing(folder, asked, RECORDING) == [asked[1], asked[3]]
    assert missing(folder, asked, KEEPING) == asked
    append(folder, [trace(run) for run in asked], origin())
    assert missing(folder, asked, RECORDING) == []


def test_the_last_row_of_a_run_decides_what_is_missing_as_it_does_what_is_read(folder: Path) -> None:
    other = Recording(probes=("brier",))
    append(folder, [trace(run) for run in runs(2)], origin())
    append(folder, [trace(runs(1)[0])], origin(other))
    assert missing(folder, runs(2), RECORDING) == runs(1)
    assert missing(folder, runs(2), other) == [runs(2)[1]]


@pytest.mark.parametrize(("word", "ending"), [("parameters", ""), ("epoch:5", "-epoch-5")])
def test_kept_parameters_are_plain_arrays_and_belong_to_being_there(word: str, ending: str, folder: Path) -> None:
    layers = (Dense(np.arange(6.0).reshape(2, 3), np.zeros((2, 1))), Dense(np.ones((1, 2)), np.ones((1, 1))))
    finished, diverged = runs(2)
    keeping, left = replace(RECORDING, keep=(word,)), {"moments": {word: layers}} if ending else {"parameters": layers}
    append(folder, [trace(finished, **left), trace(diverged, outcome="diverged")], origin(keeping))
    path = folder / "parameters" / f"{finished.id}{ending}.npz"
    with np.load(path, allow_pickle=False) as kept:
        assert sorted(kept) == ["bias_1", "bias_2", "weight_1", "weight_2"]
        for number, layer in enumerate(layers, start=1):
            np.testing.assert_array_equal(kept[f"weight_{number}"], layer.weight)
            np.testing.assert_array_equal(kept[f"bias_{number}"], layer.bias)
    assert missing(folder, runs(2), keeping) == []
    path.unlink()
    assert missing(folder, runs(2), keeping) == [finished]


def test_parts_sort_by_age_and_are_never_overwritten(folder: Path) -> None:
    paths = [append(folder, [trace(run)], origin()) for run in runs(12)]
    assert part_files(folder) == paths
    assert [path.name[:13] for path in paths[:2]] == ["part-00000001", "part-00000002"]


@pytest.mark.parametrize(
    "harm", [lambda content: content[:-1], lambda content: content[:9], lambda _: b"", lambda content: content + b"x"]
)
def test_a_damaged_part_is_set_aside_and_its_runs_are_missing(
    folder: Path, harm: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (append(folder, [trace(run)], origin()) for run in runs(2))
    harmed = harm(first.read_bytes())
    first.write_bytes(harmed)
    assert missing(folder, runs(2), RECORDING) == runs(1)
    aside = first.with_name(first.name + ".damaged")
    assert aside.read_bytes() == harmed
    assert part_files(folder) == [second]
    told = capsys.readouterr().err
    assert first.name in told
    assert "Running the study again" not in told
    assert told.endswith(f"It is now {aside.name}, and its runs count as missing.\n")
    append(folder, [trace(run) for run in missing(folder, runs(2), RECORDING)], origin())
    assert sorted(read_study(folder).runs["run"]) == sorted(run.id for run in runs(2))


def test_what_the_reader_refuses_is_what_the_store_sets_aside(folder: Path) -> None:
    foreign = folder / "runs" / "part-of-something.parquet"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_bytes(b"PAR1 not quite")
    with pytest.raises(BadInput, match="sets the file aside"):
        read_part(foreign)
    assert missing(folder, runs(1), RECORDING) == runs(1)
    assert not foreign.exists()


def test_a_foreign_folder_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    before = sorted(tmp_path.rglob("*"))
    for refused in (lambda: missing(tmp_path, runs(1), RECORDING), lambda: remember(tmp_path, [], {}, {})):
        with pytest.raises(BadInput, match=r"holds 'thesis\.tex' and no study\.json\. Nothing in it was touched"):
            refused()
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(BadInput, match="not a directory"):
        missing(tmp_path / "thesis.tex", runs(1), RECORDING)


def test_an_empty_folder_becomes_a_study(tmp_path: Path) -> None:
    remember(tmp_path, [], {}, {})
    assert json.loads((tmp_path / "study.json").read_text()) == {"format": 1, "name": tmp_path.name}


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/x", "a\\b", "x\n", ".hidden", "-x", "a" * 101, "a b", "x\x00"])
def test_a_study_name_that_is_no_plain_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="not a plain folder name"):
        study_folder(tmp_path, name)


@pytest.mark.parametrize(
    ("name", "odd", "near"), [("../x", "'/'", "x"), ("my größe/x", "' ' '/'", "my_größe_x"), ("a/b", "'/'", "a_b")]
)
def test_the_nearest_study_name_is_told_and_possible(tmp_path: Path, name: str, odd: str, near: str) -> None:
    with pytest.raises(BadInput, match=f"Not possible in it: {odd}. Did you mean '{near}'"):
        study_folder(tmp_path, name)
    assert study_folder(tmp_path, near) == tmp_path / near


def test_the_same_invocation_is_kept_once(tmp_path: Path) -> None:
    config = {"seed": 0, "note": "è \ud800"}
    first = remember(tmp_path, ["seed=0"], config, {"threads": 1})
    again = remember(tmp_path, ["seed=0"], config, {"threads": 1})
    other = remember(tmp_path, ["seed=0"], config, {"threads": 2})
    assert first == again != other
    assert sorted(path.stem for path in (tmp_path / "invocations").iterdir()) == sorted([first, other])
    kept = json.loads((tmp_path / "invocations" / f"{first}.json").read_text())
    assert kept == {"words": ["seed=0"], "config": config, "provenance": {"threads": 1}}


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_full_disk_is_told_and_leaves_nothing_half_written(folder: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    append(folder, [trace(runs(1)[0])], origin())
    before = sorted(folder.rglob("*"))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(*{"open": (Path, "open"), "fsync": (os, "fsync"), "replace": (Path, "replace")}[step], full)
        with pytest.raises(Failure, match=r"No space is left .* What was stored is kept\. Free some space and run again"):
            append(folder, [trace(runs(2)[1])], origin())
    assert sorted(folder.rglob("*")) == before
    assert missing(folder, runs(2), RECORDING) == [runs(2)[1]]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_a_folder_that_may_not_be_written_is_bad_input(tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(BadInput, match="cannot be read or written"):
        remember(tmp_path / "study", [], {}, {})


def test_a_read_only_folder_is_bad_input(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        (tmp_path / "file").touch()
        locked = tmp_path / "file" / "results"  # root may write anywhere, but not below a file
    else:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
    with pytest.raises(BadInput, match="cannot be read or written"):
        remember(locked / "study", [], {}, {})


def test_leftovers_of_killed_writers_go_when_they_are_old_and_not_before(folder: Path) -> None:
    append(folder, [trace(runs(1)[0])], origin())
    old, young = folder / "runs" / ".part-1.parquet.a.tmp", folder / "runs" / ".part-2.parquet.b.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, time.time() - atomic.OLD_SECONDS - 1))
    remember(folder, [], {}, {})
    assert list(folder.glob(TEMPORARIES)) == [young]
    assert missing(folder, runs(1), RECORDING) == []


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_store
study = Path({study!r})
for number in range({first}, {last}):
    runs = test_store.runs(10 * number + 10)[10 * number:]
    test_store.append(study, [test_store.trace(run) for run in runs], test_store.origin())
    print(number, flush=True)
"""


def writer(study: Path, first: int, last: int) -> subprocess.Popen[str]:
    program = WRITER.format(tests=str(Path(__file__).parent), study=str(study), first=first, last=last)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_whole_parts(folder: Path) -> None:
    with writer(folder, 0, 100_000) as process:
        assert process.stdout
        told = [int(process.stdout.readline()) for _ in range(5)]
        time.sleep(np.random.default_rng(0).uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout]
    stored = [read_part(path).num_rows for path in part_files(folder)]
    assert set(stored) == {10}
    assert len(told) <= len(stored) <= len(told) + 1
    assert missing(folder, runs(10 * len(stored)), RECORDING) == []


@pytest.mark.slow
def test_a_writer_killed_between_writing_and_renaming_leaves_nothing(folder: Path) -> None:
    program = WRITER.format(tests=str(Path(__file__).parent), study=str(folder), first=0, last=1)
    killing = "import os, pathlib\npathlib.Path.replace = lambda *_: os.kill(os.getpid(), 9)\n"
    done = subprocess.run([sys.executable, "-c", killing + program], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(folder.glob(TEMPORARIES))) == 1
    assert missing(folder, runs(10), RECORDING) == runs(10)
    append(folder, [trace(run) for run in runs(10)], origin())
    assert len(read_study(folder).runs) == 10


@pytest.mark.slow
def test_two_writers_at_once_lose_nothing(folder: Path) -> None:
    crew = [writer(folder, 0, 20), writer(folder, 10, 30)]
    assert [(process.communicate()[1], process.returncode) for process in crew] == [(None, 0)] * 2
    assert 30 <= len(part_files(folder)) <= 40  # ten parts have the same content, and one name where they have one number
    assert missing(folder, runs(300), RECORDING) == []
    assert len(read_study(folder).runs) == 300
