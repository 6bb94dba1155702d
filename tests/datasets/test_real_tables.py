"""Small files with the faults of real tables: what each is read as, or the sentence that refuses it."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.feather
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lossbench.data import in_memory
from lossbench.data.hold_out import random_state
from lossbench.data.in_memory import from_arrays, from_frame
from lossbench.data.loading import load
from lossbench.datasets.table import Table
from lossbench.errors import BadInput

ROWS = 24
PLAIN = pd.DataFrame(
    {
        "age": np.arange(ROWS) * 1.5 - 7,
        "size": (np.arange(ROWS) * 7 % 11) / 4,
        "kind": np.where(np.arange(ROWS) % 3 == 0, "yes", "no"),
    }
)


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def text(frame=PLAIN, **options):
    return frame.to_csv(index=False, **options)


def zipped(content, *names):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


def feather():
    content = io.BytesIO()
    pyarrow.feather.write_feather(PLAIN, content)
    return content.getvalue()


def arrays():
    content = io.BytesIO()
    np.savez_compressed(content, x=PLAIN[["age", "size"]].to_numpy(), kind=PLAIN["kind"].to_numpy(str))
    return content.getvalue()


def read(name, content, **options):
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return load(Table(**{"path": name, "target": "kind"} | options)).split


RECORDS = PLAIN.to_dict("records")
SAME = {  # the plain table, as others write it
    "semicolons.csv": text(sep=";"),
    "tabs.tsv": text(sep="\t"),
    "tabs.csv": text(sep="\t"),
    "bars.txt": text(sep="|"),
    "decimal_commas.csv": text(sep=";", decimal=","),
    "CAPITALS.CSV": text(),
    "utf16.csv": text().encode("utf-16"),
    "utf16_unmarked.csv": text().encode("utf-16-le"),
    "mark.csv": text().encode("utf-8-sig"),
    "windows_lines.csv": text(lineterminator="\r\n"),
    "quoted.csv": text(quoting=1),
    "packed.csv.gz": gzip.compress(text().encode()),
    "packed.csv.bz2": bz2.compress(text().encode()),
    "packed.csv.xz": lzma.compress(text().encode()),
    "packed.csv.zip": zipped(text(), "data.csv"),
    "lines.jsonl": "\n".join(map(json.dumps, RECORDS)),
    "list.json": json.dumps(RECORDS),
    "columns.feather": feather(),
    "arrays.npz": arrays(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAME)
def test_a_table_is_the_same_however_it_is_written(name):
    split, plain = read(name, SAME[name]), read("plain.csv", text())
    assert [part.tobytes() for part in split[:4]] == [part.tobytes() for part in plain[:4]]
    assert split.classes == plain.classes == ("no", "yes")


def with_cells(column, cells, frame=PLAIN):
    return frame.assign(**{column: [cells[row % len(cells)] for row in range(len(frame))]})


HELPED = [  # a fault, and the word that helps: how many features there are then, and the names of the classes
    (with_cells("town", ["Köln", "Bonn", "Ulm"]), {}, 5, ("no", "yes")),
    (with_cells("town", ["東京", "Αθήνα"]), {}, 4, ("no", "yes")),
    (with_cells("kind", ["да", "нет"]), {}, 2, ("да", "нет")),
    (with_cells("kind", ["EU", "NA", "None"]), {}, 2, ("EU", "NA", "None")),
    (with_cells("flag", [True, False, True]), {}, 3, ("no", "yes")),
    (with_cells("zip", [50667, 53111]), {"categories": ("zip",)}, 4, ("no", "yes")),
    (with_cells("land", ["NA", "DE"]), {"categories": ("land",)}, 4, ("no", "yes")),
    (with_cells("day", ["2026-01-31", "2026-02-28"]), {"dates": ("day",)}, 3, ("no", "yes")),
    (with_cells("day", ["31.01.2026", "28.02.2026"]), {"ignore": ("day",)}, 2, ("no", "yes")),
    (with_cells("same", ["x"]), {}, 2, ("no", "yes")),
    (with_cells("same", [3]), {}, 3, ("no", "yes")),
    (with_cells("town", ["a", None]), {"missing": "fill"}, 4, ("no", "yes")),
    (with_cells("age", [1.5, None, 2.5]), {"missing": "fill"}, 3, ("no", "yes")),
    (with_cells("id", [f"c{row}" for row in range(ROWS)]), {"ignore": ("id",)}, 2, ("no", "yes")),
    (with_cells("id", list(range(ROWS))), {}, 3, ("no", "yes")),
    (PLAIN, {"positive": "no"}, 2, ("yes", "no")),
    (PLAIN, {"positive": "rarer"}, 2, ("no", "yes")),
    (with_cells("kind", ["fraud", "ok", "ok"]), {}, 2, ("ok", "fraud")),  # the rarer is the positive one
    (with_cells("kind", ["fraud", "ok"]), {}, 2, ("fraud", "ok")),  # of equally many the later in order
    (with_cells("kind", ["fraud", "ok", "ok"]), {"positive": "ok"}, 2, ("fraud", "ok")),
]


@pytest.mark.parametrize(("frame", "options", "features", "classes"), HELPED)
def test_columns_as_they_come_become_features(frame, options, features, classes):
    split = read("mine.csv", text(frame), **options)
    assert split.train_x.shape[1] == features
    assert split.classes == classes


REFUSED = [
    (with_cells("id", [f"c{row}" for row in range(ROWS)]), {}, r"24 different texts in 24 rows of 'id'.*dataset\.ignore=\[id\]"),
    (with_cells("sign up", ["2026-01-31", "2026-02-28"]), {}, r"dates in 'sign up'\. 'dataset\.dates=\[\"sign up\"\]'"),
    (with_cells("town", ["a", None]), {}, r"empty cells in 'town'.*dataset\.missing=fill"),
    (with_cells("kind", ["a", "b", None]), {"missing": "fill"}, r"empty cells in 'kind'.*dataset\.missing=drop"),
    (with_cells("age", [1, "old"]), {}, r"'age' has 'old' in data rows 2, 4.*dataset\.categories"),
    (with_cells("day", ["2026-01-31", "2026-13-44"]), {"dates": ("day",)}, "'2026-13-44' among the dates of 'day'"),
    (PLAIN, {"dates": ("age",)}, "dataset.dates names 'age', a column of numbers"),
    (PLAIN, {"positive": "ja"}, "No class of mine.csv is called 'ja'"),
    (with_cells("kind", ["a", "b", "c"]), {"positive": "a"}, "mine.csv has 3 classes; one of two can be positive"),
    (PLAIN, {"weights": "age"}, "weights are 0 or more"),
    (PLAIN, {"weights": "wait"}, "No column of mine.csv is called 'wait'"),
    (PLAIN, {"categories": ("towns",)}, "No feature of mine.csv is called 'towns'"),
    (PLAIN, {"encoding": "utf-99"}, "'utf-99', which is no encoding"),
    (PLAIN, {"folds": 30}, "dataset.folds is 30, and there are 8 examples of the class 'yes'"),
]


@pytest.mark.parametrize(("frame", "options", "said"), REFUSED)
def test_what_nobody_can_learn_from_is_refused_with_the_word_that_helps(frame, options, said):
    with pytest.raises(BadInput, match=said):
        read("mine.csv", text(frame), **options)


BROKEN = [
    ("bomb.csv.zip", zipped("x", "a.csv", "b.csv"), "it holds 2 files"),
    ("cut.csv.gz", gzip.compress(text().encode())[:-20], "cannot be read as a table"),
    ("mixed.csv", "a;b;kind\n1,5;2.5;x\n2,5;3.5;y", r"decimal commas in 'a' and decimal points in 'b'.*dataset\.decimal"),
    ("nested.jsonl", '{"a": [1], "kind": 2}', "'a' holds lists or objects"),
    ("deep.json", "[" * 100_000, "cannot be read as a table"),
    ("objects.json", "[1, 2]", "an object a line, or a list of objects"),
    ("torn.feather", feather()[:100], "cannot be read as a table"),
    ("torn.parquet", b"PAR1", "cannot be read as a table"),
    ("torn.npz", arrays()[:90], "cannot be read as a table"),
    ("torn.xlsx", b"PK", "cannot be read as a table"),
    ("wide.csv", ",".join(f"c{n}" for n in range(20_001)), "20,001 columns, and may have 20,000"),
]


@pytest.mark.parametrize(("name", "content", "said"), BROKEN, ids=[name for name, _, _ in BROKEN])
def test_a_file_that_came_to_harm_is_refused_in_a_sentence(name, content, said):
    with pytest.raises(BadInput, match=said):
        read(name, content)


def test_latin_1_is_read_and_told():
    split = read("mine.csv", text(with_cells("town", ["Köln", "Ulm"])).encode("latin-1"))
    assert "no UTF-8 and was read as cp1252" in split.notes[0]


def test_thousands_with_points_are_read_where_decimals_have_commas():
    rows = [f"{'1.234,5' if row % 2 else '2.000,25'};{row % 3}" for row in range(12)]
    split = read("mine.csv", "\n".join(["a;kind", *rows]), scaling="none")
    assert set(np.concatenate([split.train_x, split.test_x]).ravel()) == {1234.5, 2000.25}


def test_a_column_that_counts_the_rows_is_told():
    split = read("mine.csv", text(with_cells("id", list(range(ROWS)))))
    assert "'id' counts the rows; dataset.ignore=[id] leaves it out" in split.notes


def test_features_are_encoded_as_scikit_learn_does_by_the_training_part_alone():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80), "town": rng.choice(list("pqr"), 80)})
    frame.loc[::7, "a"] = np.nan
    frame = frame.assign(kind=np.arange(80) % 2)
    split = read("mine.csv", text(frame), missing="fill")
    rows = train_test_split(np.arange(80), test_size=20, stratify=frame["kind"], random_state=random_state(0, "split"))
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    theirs = ColumnTransformer([("n", numbers, ["a", "b"]), ("c", OneHotEncoder(sparse_output=False), ["town"])])
    np.testing.assert_allclose(split.train_x, theirs.fit_transform(frame.iloc[rows[0]]), atol=1e-12)
    np.testing.assert_allclose(split.test_x, theirs.transform(frame.iloc[rows[1]]), atol=1e-12)


def test_weights_follow_their_rows_and_are_no_feature():
    split = read("mine.csv", text(PLAIN.assign(w=PLAIN["size"])), weights="w", scaling="none")
    assert split.train_x.shape[1] == 2
    assert np.array_equal(split.train_weights, split.train_x[:, 1])


def test_a_data_frame_and_arrays_are_what_the_file_is():
    plain = read("mine.csv", text())
    frame = load(from_frame(PLAIN, "kind")).split
    given = load(from_arrays(PLAIN[["age", "size"]].to_numpy(), PLAIN["kind"])).split
    for split in (frame, given):
        assert [part.tobytes() for part in split[:4]] == [part.tobytes() for part in plain[:4]]


def test_of_data_given_from_python_the_rarer_class_is_positive():
    split = load(from_frame(with_cells("kind", ["fraud", "ok", "ok"]), "kind")).split
    assert split.classes == ("ok", "fraud")
    assert split.train_y.mean() < 0.5


def test_data_that_this_process_was_not_given_are_asked_for(monkeypatch):
    dataset = from_frame(PLAIN, "kind", seed=41)
    monkeypatch.setattr(in_memory, "_frames", {})
    with pytest.raises(BadInput, match="give the same to lossbench"):
        dataset.load()


@pytest.mark.parametrize("x", [np.zeros(5), np.full((5, 2), "a")])
def test_arrays_that_are_no_table_are_refused(x):
    with pytest.raises(BadInput, match="features are numbers"):
        from_arrays(x, np.zeros(5))
