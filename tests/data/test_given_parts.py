"""Splits that somebody gives: by a column, by row numbers, or by so many rows; against plain slices of the table."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from lossbench.data.loading import load
from lossbench.datasets.table import Table
from lossbench.datasets.with_validation import WithValidation
from lossbench.errors import BadInput

ROWS = 24
RNG = np.random.default_rng(5)
WORDS = RNG.permutation(["Train"] * 12 + ["validation"] * 5 + ["test "] * 7)
FRAME = pd.DataFrame({"age": RNG.normal(size=ROWS), "height": RNG.normal(size=ROWS), "kind": [0, 1] * (ROWS // 2), "part": WORDS})


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def table(frame=FRAME, **options):
    frame.to_csv("mine.csv", index=False)
    return Table(**{"path": "mine.csv", "target": "kind"} | options)


def split_file(name, **lists):
    if name.endswith("json"):
        Path(name).write_text(json.dumps({part: np.asarray(rows).tolist() for part, rows in lists.items()}))
    else:
        np.savez(name, **lists)
    return name


def where(word):
    return np.flatnonzero([text.strip().lower() == word for text in WORDS])


def assert_split(split, train, test, validation=()):
    """The parts hold these rows in this order, scaled by what scikit-learn measures on the first alone."""
    scaler = StandardScaler().fit(FRAME[["age", "height"]].to_numpy()[train])
    parts = [(split.train_x, split.train_y, train), (split.test_x, split.test_y, test)]
    parts += [(split.validation_x, split.validation_y, validation)] if len(validation) else []
    for x, y, rows in parts:
        np.testing.assert_allclose(x, scaler.transform(FRAME[["age", "height"]].to_numpy()[rows]), atol=1e-12)
        assert y[:, 0].tolist() == FRAME["kind"].to_numpy()[rows].tolist()
    assert len(validation) or split.validation_x is None


@pytest.mark.parametrize("name", ["", "parts.json", "parts.npz"])
def test_a_given_split_is_these_rows_in_the_order_of_the_table(name):
    parts = {part: where(part) for part in ("train", "test", "validation")}
    by = {"split_file": split_file(name, **parts), "ignore": ("part",)} if name else {"split_column": "part"}
    assert_split(load(table(**by)).split, parts["train"], parts["test"], parts["validation"])


def test_rows_that_no_list_has_are_left_out():
    split = load(table(split_file=split_file("parts.json", train=[3, 0, 9], test=[1]), ignore=("part",))).split
    assert_split(split, [0, 3, 9], [1])


def test_row_numbers_are_those_of_the_table_whatever_rows_are_dropped():
    holed = FRAME.copy()
    holed.loc[[0, 5], "age"] = np.nan
    parts = {"train": list(range(12)), "test": list(range(12, ROWS))}
    given = table(holed, missing="drop", split_file=split_file("parts.json", **parts), ignore=("part",))
    assert_split(load(given).split, [row for row in range(12) if row not in (0, 5)], parts["test"])


@pytest.mark.parametrize(("options", "tested"), [({"test_rows": 5}, 5), ({"test_fraction": 0.5}, 12)])
@pytest.mark.parametrize(("validation", "held_out"), [(0, 0), (4, 4), (0.25, None)])
def test_the_last_rows_test_and_those_before_them_validate(options, tested, validation, held_out):
    given = table(held_out="last", ignore=("part",), **options)
    held_out = int(np.ceil((ROWS - tested) * validation)) if held_out is None else held_out
    rows, train = np.arange(ROWS), ROWS - tested - held_out
    split = load(WithValidation(of=given, size=validation) if validation else given).split
    assert_split(split, rows[:train], rows[ROWS - tested :], rows[train : ROWS - tested])


def test_so_many_rows_are_drawn_as_the_share_that_is_as_many_draws_them():
    by_rows, by_share = (load(table(ignore=("part",), **one)) for one in ({"test_rows": 6}, {"test_fraction": 0.25}))
    assert by_rows.fingerprint == by_share.fingerprint


def test_what_a_given_split_says_nothing_of_is_described_as_it_always_was():
    assert not {"split_column", "split_file", "test_rows", "held_out"} & table().describe().keys()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"split_column": "parts"}, "Did you mean 'part'"),
        ({"split_column": "age"}, "says train, test or validation in every row"),
        ({"split_column": "kind"}, "named for something else, too"),
        ({"split_column": "part", "split_file": "a.json"}, "dataset.split_file another"),
        ({"split_column": "part", "folds": 3}, "dataset.folds another"),
        ({"split_column": "part", "test_rows": 3}, "dataset.test_rows another"),
        ({"folds": 3, "test_rows": 3}, "a fold is what tests"),
        ({"test_rows": 0}, "test_rows is 0; it must be at least 1"),
        ({"test_rows": ROWS, "held_out": "last"}, "The last 24 rows test"),
        ({"test_rows": ROWS}, "24 examples are split into 0 to train and 24 to test"),
        ({"split_file": "none.json"}, r"none\.json"),
    ],
)
def test_a_split_that_is_none_is_refused_in_plain_words(options, said):
    with pytest.raises(BadInput, match=said):
        table(**options).load()


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ({"train": [0, 1], "test": [24]}, "test has row 24; the table has 24 rows, counted from 0"),
        ({"train": [-1, 1], "test": [2]}, "train has row -1"),
        ({"train": [0, 1, 2], "test": [2]}, "test has row 2, which is there already"),
        ({"train": [0, 0, 1], "test": [2]}, "train has row 0, which is there already"),
        ({"train": [0, 1]}, "gives test no row"),
        ({"train": [0, 2, 4], "test": [1]}, "class '1' has no row that trains"),
        ({"train": [0.5, 1], "test": [2]}, "train is no list of row numbers"),
        ({"train": [0, 1], "tests": [2]}, "has a list 'tests'"),
    ],
)
def test_lists_that_are_no_split_are_refused(lists, said):
    with pytest.raises(BadInput, match=said):
        table(split_file=split_file("parts.json", **lists), ignore=("part",)).load()


def test_validation_beside_a_split_that_has_some_is_refused_and_beside_one_that_has_none_it_is_drawn():
    with pytest.raises(BadInput, match="brings validation data of its own"):
        load(WithValidation(of=table(split_column="part"), size=0.2))
    name = split_file("parts.json", train=list(range(16)), test=list(range(16, ROWS)))
    split = load(WithValidation(of=table(split_file=name, ignore=("part",)), size=0.25)).split
    assert (len(split.train_x), len(split.validation_x), len(split.test_x)) == (12, 4, 8)
