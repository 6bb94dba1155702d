"""Quantities: every column of the window is described."""

import pytest

from lossbench import tables
from lossbench.tables.quantity import builtin, quantity

STRUCTURE = {
    "FORMAT",
    "MANIFEST",
    "PARTS",
    "INVOCATIONS",
    "PARAMETERS",
    "CURVE",
    "LAYER",
    "TRAIN",
    "TEST",
    "VALIDATION",
    "HELD_OUT",
    "NAME",
    "LABEL_NOISE",
    "EVERY_LOSS",
}
COLUMNS_OF_RUNS = set(tables.RUN_COLUMNS)


def test_every_quantity_that_the_window_names_is_described():
    named = {
        value
        for name, value in vars(tables).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str) and name not in STRUCTURE
    }
    assert named - COLUMNS_OF_RUNS <= set(builtin())


@pytest.mark.parametrize(
    ("column", "title"),
    [
        ("test_accuracy", "test accuracy"),
        ("train_loss", "own training loss"),
        ("saturated/2", "saturated, layer 2"),
        ("test_recall/7", "test recall, class 7"),
        ("train_output_slopes/0", "training slope, output 0"),
        ("test_my_own_probe", "test my own probe"),
    ],
)
def test_titles_name_side_and_layer(column, title):
    assert quantity(column).title == title


@pytest.mark.parametrize(
    ("column", "words", "neutral"),
    [
        ("test_accuracy", ["cross_entropy", "half_squared_error"], True),
        ("test_log_loss", ["cross_entropy", "half_squared_error"], False),
        ("test_log_loss", ["focal", "half_squared_error"], True),
        ("test_brier", ["half_squared_error"], False),
        ("test_squared_error", ["huber", "half_squared_error"], False),
        ("test_loss", ["focal"], False),
    ],
)
def test_no_loss_is_ranked_by_its_own_measure(column, words, neutral):
    assert quantity(column).neutral_among(words) is neutral
