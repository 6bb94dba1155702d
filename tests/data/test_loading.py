"""Loading once, and knowing the data again."""

import re
from pathlib import Path

import numpy as np
import pytest

from lossbench.data import loading
from lossbench.data.loading import describe, fingerprint, load
from lossbench.datasets.classic import Digits, Iris
from lossbench.datasets.mnist import Mnist1k, Mnist5k
from lossbench.datasets.table import Table
from lossbench.errors import BadInput
from lossbench.execution.shared_memory import map_split, save_split
from lossbench.interfaces import Dataset, Split


def some_split(task="classification"):
    rng = np.random.default_rng(3)
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    return Split(rng.normal(size=(4, 6)), y, rng.normal(size=(4, 6)), 1 - y, task)


def changed(split, part, value):
    values = getattr(split, part).copy()
    values[1, 0] += value
    return split._replace(**{part: values})


def test_a_fingerprint_is_16_hexadecimal_digits():
    assert re.fullmatch("[0-9a-f]{16}", fingerprint(some_split()))


@pytest.mark.parametrize("part", Split._fields[:4])
def test_a_fingerprint_sees_a_changed_value_and_no_last_bits(part):
    split = some_split()
    assert fingerprint(changed(split, part, 1e-4)) != fingerprint(split)
    assert fingerprint(changed(split, part, 1e-9)) == fingerprint(split)


def test_a_fingerprint_sees_the_order_of_the_rows():
    split = some_split()
    turned = split._replace(train_x=split.train_x[::-1], train_y=split.train_y[::-1])
    assert fingerprint(turned) != fingerprint(split)


def test_a_fingerprint_sees_the_task():
    assert fingerprint(some_split("regression")) != fingerprint(some_split())


def test_a_fingerprint_sees_which_numbers_are_a_row():
    split = some_split()
    reshaped = split._replace(train_x=split.train_x.reshape(6, 4), test_x=split.test_x.reshape(6, 4))
    assert fingerprint(reshaped) != fingerprint(split)


def test_a_fingerprint_is_the_same_for_zero_and_minus_zero():
    split = some_split()
    assert fingerprint(split._replace(train_y=np.where(split.train_y == 0, -0.0, 1.0))) == fingerprint(split)


def test_a_fingerprint_of_many_rows_sees_the_last():
    split = some_split()._replace(train_x=np.zeros((10_001, 2)), train_y=np.zeros((10_001, 1)), test_x=np.zeros((4, 2)))
    last = np.zeros((10_001, 2))
    last[-1, -1] = 1
    assert fingerprint(split._replace(train_x=last)) != fingerprint(split)


@pytest.mark.parametrize("part", ["train_x", "test_x"])
def test_a_fingerprint_sees_changes_of_small_values_and_no_last_bits(part):
    split = some_split()
    split = split._replace(train_x=split.train_x * 1e-6, test_x=split.test_x * 1e-6)
    assert fingerprint(changed(split, part, 1e-9)) != fingerprint(split)
    assert fingerprint(changed(split, part, 1e-16)) == fingerprint(split)


def test_a_small_column_beside_a_large_one_is_seen_and_a_remainder_of_a_constant_is_not():
    split = some_split()
    small, noise = split.train_x.copy(), split.train_x.copy()
    test = split.test_x.copy()
    small[:, 0], noise[:, 0], test[:, 0] = 1e-6, 1e-15, 0.0
    split = split._replace(train_x=small, test_x=test)
    assert fingerprint(changed(split, "train_x", 1e-7)) != fingerprint(split)
    zeros = split._replace(train_x=np.where(small == 1e-6, 0.0, small))
    assert fingerprint(split._replace(train_x=noise)) == fingerprint(zeros) != fingerprint(split)


def test_data_are_loaded_once():
    assert load(Iris(seed=3)) is load(Iris(seed=3))
    assert load(Iris(seed=3)) is not load(Iris(seed=4))


@pytest.fixture
def loads(monkeypatch):
    """The seeds that Iris.load was called with, and nothing kept from other tests."""
    called = []
    honest = Iris.load
    monkeypatch.setattr(loading, "_arrays", {})
    monkeypatch.setattr(loading, "_descriptions", {})
    monkeypatch.setattr(Iris, "load", lambda self: called.append(self.seed) or honest(self))
    return called


def test_arrays_beyond_the_memory_are_released_the_longest_unused_first_and_shapes_are_kept(loads, monkeypatch):
    one = sum(part.nbytes for part in load(Iris(seed=0)).split[:4])
    monkeypatch.setattr(loading, "KEPT_BYTES", 2 * one)
    for seed in (1, 0, 2):  # 1 goes
        load(Iris(seed=seed))
    described = describe(Iris(seed=1))
    assert loads == [0, 1, 2]
    load(Iris(seed=0))
    assert loads == [0, 1, 2]
    assert load(Iris(seed=1)).fingerprint == described.fingerprint
    assert loads == [0, 1, 2, 1]


def test_a_shape_says_what_the_arrays_hold(loads):
    shape, digits = describe(Iris(seed=3))
    split = load(Iris(seed=3)).split
    assert digits == fingerprint(split)
    assert (shape.rows, shape.test_rows, shape.inputs, shape.targets) == (len(split.train_x), 150 - len(split.train_x), (4,), 3)
    assert shape.class_counts == tuple(split.train_y.sum(axis=0))
    assert loads == [3]


@pytest.mark.parametrize(
    ("y", "task", "counts"),
    [([0.0, 1.0, 1.0, 1.0], "classification", (1, 3)), ([0.5, 1.0, 2.0, 3.0], "regression", ())],
)
def test_one_column_is_two_classes_or_a_regression(y, task, counts, monkeypatch):
    split = some_split(task)._replace(train_y=np.array(y)[:, None])
    monkeypatch.setattr(Iris, "load", lambda _: split)
    assert describe(Iris(seed=len(counts) + 777)).shape.class_counts == counts


def test_the_shape_of_features_is_the_data_sets_own_and_fits_the_rows(monkeypatch):
    monkeypatch.setattr(Iris, "load", lambda _: some_split()._replace(inputs=(1, 2, 3)))
    assert describe(Iris(seed=4321)).shape.inputs == (1, 2, 3)
    monkeypatch.setattr(Iris, "load", lambda _: some_split()._replace(inputs=(2, 2)))
    with pytest.raises(BadInput, match="4 numbers, in rows of 6"):
        describe(Iris(seed=4322))


def test_a_relative_path_means_the_file_in_the_current_folder(tmp_path, monkeypatch):
    seen = set()
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        rows = [f"{int(number) * row * row},{row % 2}" for row in range(20)]
        (tmp_path / number / "data.csv").write_text("\n".join(["x,y", *rows]))
        monkeypatch.chdir(tmp_path / number)
        seen.add(load(Table(path="data.csv", target="y", scaling="none")).fingerprint)
    assert len(seen) == 2


def test_whatever_numbers_a_data_set_gives_become_float64_row_by_row(monkeypatch):
    split = some_split()
    given = split._replace(train_x=np.asfortranarray(split.train_x.astype(np.float32)), train_y=split.train_y.astype(bool))
    monkeypatch.setattr(Iris, "load", lambda _: given)
    loaded = load(Iris(seed=12345)).split
    assert loaded.train_x.flags.c_contiguous
    assert {part.dtype for part in loaded[:4]} == {np.dtype(np.float64)}


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("train_x", np.zeros(4), "four tables"),
        ("test_x", np.zeros((0, 6)), "four tables"),
        ("train_x", np.zeros((3, 6)), "do not fit together"),
        ("test_x", np.zeros((4, 5)), "do not fit together"),
        ("test_y", np.zeros((4, 3)), "do not fit together"),
        ("train_x", np.full((4, 6), np.nan), "not finite"),
        ("test_y", np.full((4, 1), np.inf), "not finite"),
        ("train_y", np.full((4, 1), 2.0), "outside"),
        ("test_y", np.full((4, 1), -0.5), "outside"),
    ],
)
def test_a_data_set_that_breaks_its_promise_is_refused(part, value, said, monkeypatch):
    monkeypatch.setattr(Iris, "load", lambda _: some_split()._replace(**{part: value}))
    with pytest.raises(BadInput, match=f"'iris' .*{said}"):
        load(Iris(seed=54321))


@pytest.mark.slow
@pytest.mark.parametrize(("dataset", "inputs"), [(Digits(), (1, 8, 8)), (Mnist5k(), (1, 28, 28)), (Mnist1k(), (1, 28, 28))])
def test_pictures_say_their_channels_height_and_width(dataset: Dataset, inputs: tuple[int, ...]) -> None:
    split = load(dataset).split
    assert split.inputs == describe(dataset).shape.inputs == inputs


@pytest.mark.parametrize("dataset", [Digits(), Iris()])
def test_workers_see_the_same_arrays_and_the_same_shape_of_features(dataset: Dataset, tmp_path: Path) -> None:
    split = load(dataset).split
    save_split(tmp_path, "data", split)
    mapped = map_split(tmp_path, "data", split.task)
    assert all(np.array_equal(mine, other) for mine, other in zip(split[:4], mapped[:4], strict=True))
    assert (mapped.task, mapped.inputs) == (split.task, describe(dataset).shape.inputs)
