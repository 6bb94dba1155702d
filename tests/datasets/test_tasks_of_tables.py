"""Several labels at once and classes in an order, from tables: what is seen, what is split, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from lossbench.data.in_memory import from_arrays, from_frame
from lossbench.data.loading import describe, load
from lossbench.data.stratification import strata
from lossbench.datasets.table import Table
from lossbench.datasets.with_validation import WithValidation
from lossbench.errors import BadInput

ROWS = 200
STREAM = np.random.default_rng(0)
FEATURES = pd.DataFrame(STREAM.normal(size=(ROWS, 2)), columns=["length", "width"])
LABELS = FEATURES.assign(
    red=(STREAM.random(ROWS) < 0.5).astype(int),
    rare=np.where(np.arange(ROWS) % 25 == 0, "yes", "no"),
    old=STREAM.random(ROWS) < 0.3,
)
GRADES = FEATURES.assign(grade=np.array(["poor", "fair", "good"])[STREAM.integers(3, size=ROWS)])
NAMES = ("red", "rare", "old")


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_several_columns_are_labels_each_there_or_not():
    LABELS.to_csv("mine.csv", index=False)
    split = load(Table(path="mine.csv", target=NAMES)).split
    assert (split.task, split.classes, split.train_x.shape[1]) == ("multilabel", NAMES, 2)
    both = np.vstack([split.train_y, split.test_y])
    expected = [LABELS["red"].sum(), (LABELS["rare"] == "yes").sum(), LABELS["old"].sum()]
    np.testing.assert_array_equal(both.sum(0), expected)
    assert describe(Table(path="mine.csv", target=NAMES)).shape.class_counts == tuple(split.train_y.sum(0).astype(int))


def test_arrays_a_frame_and_a_file_with_the_same_labels_are_the_same_data():
    LABELS.assign(rare=(LABELS["rare"] == "yes").astype(int)).to_csv("mine.csv", index=False)
    y = np.column_stack([LABELS["red"], LABELS["rare"] == "yes", LABELS["old"]]).astype(int)
    prints = {
        load(Table(path="mine.csv", target=NAMES)).fingerprint,
        load(from_frame(LABELS, list(NAMES))).fingerprint,
        load(from_arrays(FEATURES.to_numpy(), y)).fingerprint,
    }
    assert len(prints) == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_rare_label_has_its_share_of_every_part(seed):
    split = load(WithValidation(of=from_frame(LABELS, NAMES, seed=seed), size=0.25)).split
    rare = [int(part[:, 1].sum()) for part in (split.train_y, split.validation_y, split.test_y)]
    assert rare in ([4, 2, 2], [5, 1, 2], [4, 1, 3], [3, 2, 3], [5, 2, 1]), "a quarter tests, of the rest one chooses"


def test_a_row_belongs_to_the_rarest_label_that_it_has():
    y = np.array([[1, 0, 1], [1, 0, 0], [1, 1, 1], [0, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 1]], float)
    rarest = strata(y, "multilabel")
    same = rarest[:, None] == rarest
    assert same[0, 6]
    assert same[2, 4]
    assert same[3, 5]
    assert not same[0, 2] | same[2, 3] | same[0, 3]


def test_folds_of_labels_part_all_rows():
    tested = [load(from_frame(LABELS, NAMES, folds=5, fold=fold)).split for fold in range(5)]
    assert sum(len(split.test_y) for split in tested) == ROWS
    assert all(split.test_y[:, 1].sum() in (1, 2) for split in tested), "8 rows with the rare label in 5 folds"


def test_an_order_is_said_or_that_of_numbers_or_of_an_ordered_category():
    said = load(from_frame(GRADES, "grade", order=("poor", "fair", "good"))).split
    assert (said.task, said.classes, said.train_y.shape[1]) == ("ordinal", ("poor", "fair", "good"), 3)
    category = pd.Categorical(GRADES["grade"], ["poor", "fair", "good"], ordered=True)
    assert (
        load(from_frame(GRADES.assign(grade=category), "grade")).fingerprint
        == load(from_frame(GRADES, "grade", order=("poor", "fair", "good"))).fingerprint
    )
    stars = GRADES.assign(grade=GRADES["grade"].map({"poor": 1, "fair": 9, "good": 10}))
    numbers = load(from_frame(stars, "grade", task="ordinal")).split
    assert numbers.classes == ("1", "9", "10")
    np.testing.assert_array_equal(numbers.train_y, said.train_y)


@pytest.mark.parametrize(
    ("frame", "options", "said"),
    [
        (LABELS, {"target": ("rare", "length")}, "each is a label, there or not, and 'length' has 200 different cells"),
        (LABELS, {"target": ("red", "green")}, "No column of .* is called 'green'"),
        (LABELS, {"target": ("red",)}, "a list names two columns or more"),
        (LABELS, {"target": ("red", "red")}, "a list names two columns or more, each once"),
        (LABELS, {"target": NAMES, "ignore": ("red",)}, "ignore names the target 'red'"),
        (LABELS, {"target": NAMES, "task": "regression"}, "a regression wants numbers.* and 'rare' has 'yes'"),
        (LABELS, {"target": NAMES, "task": "ordinal"}, "3 columns are named as the target.*are of a single one"),
        (LABELS, {"target": "red", "task": "multilabel"}, "dataset.target names several columns, a label each"),
        (LABELS.assign(red=1), {"target": NAMES}, "target 'red' is '1' in every row"),
        (GRADES, {"target": "grade", "task": "ordinal"}, r"order nobody knows.*dataset\.order=\[fair,good,poor\]"),
        (GRADES, {"target": "grade", "order": ("poor", "good")}, "No class in dataset.order .* is called 'fair'"),
        (LABELS, {"target": "red", "task": "ordinal"}, "has 2 classes.*an order takes three classes or more"),
    ],
)
def test_targets_that_make_no_sense_are_refused_in_a_sentence(frame, options, said):
    with pytest.raises(BadInput, match=said):
        load(from_frame(frame, **options))
