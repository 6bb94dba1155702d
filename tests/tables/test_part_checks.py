"""A part from somebody else: columns of other types are used where they say the same, and what no training leaves is refused."""

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lossbench.errors import BadInput
from lossbench.tables import (
    BASELINES_KEY,
    CLASSES_KEY,
    CURVE,
    METADATA_KEY,
    RUN_COLUMNS,
    Damaged,
    part_files,
    read_part,
    read_study,
    run_id,
)

LOSS = CURVE + "train_loss"


@pytest.fixture
def part(made, tmp_path):
    """A part of two runs, and what reads it after a change to its columns (by name: new cells, or None to leave it out)."""
    folder = made.write(tmp_path / "study", [made.learn(seed=seed).only("train_loss", "test_accuracy") for seed in range(2)])
    (path,) = part_files(folder)
    table = pq.read_table(path)

    def read(**changes):
        columns = {name: table[name] for name in table.column_names} | changes
        metadata = columns.pop("metadata", None)
        kept = {name: column for name, column in columns.items() if column is not None}
        pq.write_table(pa.table(kept, metadata=metadata), path)
        return read_part(path)

    read.table, read.folder = table, folder
    return read


def spec(part, **changes):
    """The specs of both runs with a change, and ids that fit."""
    texts = [json.dumps(json.loads(text) | changes) for text in part.table["spec"].to_pylist()]
    return {"spec": texts, "run": [run_id(json.loads(text)) for text in texts]}


def test_other_types_that_say_the_same_are_read_as_what_was_written(part):
    other = {name: part.table[name].combine_chunks() for name in part.table.column_names}
    other |= {name: other[name].dictionary_encode() for name in ("spec", "recording", "outcome")}
    other |= {name: other[name].cast(pa.large_string()) for name in ("run", "task")}
    other |= {"stopped": other["stopped"].cast(pa.float64()), "step": other["step"].cast(pa.large_list(pa.int64()))}
    other |= {LOSS: other[LOSS].cast(pa.large_list(pa.float64())), "of a later version": [1, 2]}
    assert part(**other).equals(part.table)
    assert {name: part(**other).schema.field(name).type for name in RUN_COLUMNS} == RUN_COLUMNS


STEPS = [0, 1, 2]
NO_TEXT = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(bytes([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0])), pa.py_buffer(b"\xff\xfe")]
)
FAULTS = {
    "a null": ({"stopped": [None, 400]}, r"'stopped' has 1 empty cell"),
    "a null spec": ({"spec": [None, "{}"]}, r"'spec' has 1 empty cell"),
    "not a number": ({"stopped": [float("nan"), 400.0]}, "'stopped' has the type double"),
    "huge": ({"stopped": [2**40, 400]}, "'stopped' has the type int64"),
    "text for steps": ({"step": ["a", "b"]}, "'step' has the type string"),
    "steps that fall": ({"step": [[0, 2, 1], STEPS], LOSS: [[1.0] * 3] * 2, CURVE + "test_accuracy": None}, "do not ascend"),
    "steps that stay": ({"step": [[0, 0, 1], STEPS], LOSS: [[1.0] * 3] * 2, CURVE + "test_accuracy": None}, "do not ascend"),
    "steps below 0": ({"step": [[-1, 0], [0, 1]], LOSS: [[1.0] * 2] * 2, CURVE + "test_accuracy": None}, "do not ascend"),
    "steps from one end to the other": (
        {"step": [[2**31 - 1, -(2**31)], [0, 1]], LOSS: [[1.0] * 2] * 2, CURVE + "test_accuracy": None},
        "do not ascend",
    ),
    "bytes that are no text": ({"device": NO_TEXT}, "cannot be read as parquet"),
    "bytes that are no text in a dictionary": ({"device": NO_TEXT.dictionary_encode()}, "cannot be read as parquet"),
    "a null step": ({"step": [[None, 0], [0, 1]]}, "'step' has a list with an empty cell"),
    "a short curve": ({LOSS: [[1.0], None]}, "has not one number for each recorded step"),
    "a curve of text": ({LOSS: ["a", "b"]}, "'curve.train_loss' has the type string"),
    "stopped too early": ({"stopped": [3, 400]}, "stopped before the last step"),
    "an outcome": ({"outcome": ["finished", "won"]}, "outcome is 'won' in a row"),
    "a task": ({"task": ["ranking", "ranking"]}, "task is 'ranking'"),
    "no JSON": ({"spec": ["{", "{}"]}, "cannot be read as JSON"),
    "no mapping": ({"spec": ["[]", "[]"]}, "is no mapping"),
    "declarations": ({"metadata": {METADATA_KEY: b'[{"stem": "a", "title": 3}]'}}, "the declaration of 'a' says title: '3'"),
    "classes": ({"metadata": {CLASSES_KEY: b'{"d": ["a", 3]}'}}, "names of classes are no mapping"),
    "one class": ({"metadata": {CLASSES_KEY: b'{"d": ["a"]}'}}, "names of classes are no mapping"),
    "baselines": ({"metadata": {BASELINES_KEY: b'{"d": {"test_accuracy": "a"}}'}}, "the baselines are no mapping"),
    "infinite baselines": ({"metadata": {BASELINES_KEY: b'{"d": {"test_accuracy": 1e999}}'}}, "baselines"),
    "no declarations": ({"metadata": {METADATA_KEY: b"{}"}}, "are no list of mappings"),
}


@pytest.mark.parametrize(("changes", "told"), FAULTS.values(), ids=FAULTS)
def test_what_no_training_leaves_is_refused_in_words(changes, told, part):
    with pytest.raises(Damaged, match=told) as refusal:
        part(**changes)
    assert str(refusal.value).count("\n") == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": -1}, {"seed": "0"}, {"seed": True}, {"seed": 10**30}, {"steps": None}, {"loss": "ce"}, {"loss": {}},
        {"loss": {"word": 3}}, {"loss": {"word": ""}}, {"data": 3}, {"batch": "32"}, {"optimizer": {"word": "sgd", "lr": "0.1"}},
        {"dataset": {"word": "noisy"}}, {"dataset": {"word": "noisy", "of": {"word": "xor"}, "rate": "a"}}, {"label_noise": 0.1},
        {"run": "a"}, {"model.hidden": 3}, {"schedule": None},
    ],
)  # fmt: skip
def test_a_spec_that_describes_no_run_is_refused(changes, part):
    with pytest.raises(Damaged, match="which makes no sense"):
        part(**spec(part, **changes))


def test_a_spec_that_is_not_its_runs_is_found_out(part):
    changed = spec(part, steps=7)
    with pytest.raises(Damaged, match="is not the one that its spec describes"):
        part(spec=changed["spec"])
    assert part(**changed).num_rows == 2
    compact = json.dumps(json.loads(changed["spec"][0]), sort_keys=True, separators=(",", ":"))
    assert changed["run"][0] == hashlib.sha256(compact.encode()).hexdigest()[:16]


def test_a_part_without_rows_is_no_study(part):
    pq.write_table(part.table.slice(0, 0), part_files(part.folder)[0])
    with pytest.raises(BadInput, match="holds no runs yet"):
        read_study(part.folder)


def test_columns_twice_are_refused(part):
    table = part.table.append_column("run", part.table["run"])
    pq.write_table(table, part_files(part.folder)[0])
    with pytest.raises(Damaged, match="two columns called 'run'"):
        read_part(part_files(part.folder)[0])


def test_text_of_a_study_is_fit_to_be_shown(part):
    evil = "\x1b[2J\u202e"
    part(**spec(part, loss={"word": evil, evil: evil}), **{CURVE + evil: part.table[LOSS], LOSS: None})
    (part.folder / "study.json").write_text(json.dumps({"format": 1, "name": evil}))
    study = read_study(part.folder)
    texts = [
        *study.runs.columns,
        *study.records.columns,
        *study.runs["loss"],
        study.manifest["name"],
        *study.runs.iloc[0].map(str),
    ]
    assert all(text.isprintable() for text in texts)
    assert "\\x1b[2J\\u202e" in texts


@pytest.mark.parametrize("version", ["1", None, True, 1.0, [1], {}, "\x1b[2J"])
def test_a_format_that_is_no_whole_number_is_said(version, part):
    (part.folder / "study.json").write_text(json.dumps({"format": version}))
    with pytest.raises(BadInput, match="which is no whole number"):
        read_study(part.folder)
