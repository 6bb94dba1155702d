"""Validation data: held out of the training part, class by class, before anything is measured."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from lossbench.data.hold_out import random_state
from lossbench.data.loading import fingerprint, load
from lossbench.data.validation import hold_out_validation, with_validation
from lossbench.datasets.classic import Diabetes, Iris
from lossbench.datasets.neuron import Neuron
from lossbench.datasets.noisy import Noisy
from lossbench.datasets.with_validation import WithValidation
from lossbench.datasets.xor import Xor
from lossbench.errors import BadInput
from lossbench.execution.shared_memory import map_split, save_split


@pytest.mark.parametrize("dataset", [Iris(scaling="none"), Diabetes(scaling="none"), Xor(copies=20, noise=0.1)])
def test_what_is_held_out_comes_from_the_training_part_and_test_data_stay(dataset):
    whole, split = load(dataset).split, load(WithValidation(of=dataset, size=0.2)).split
    both = np.concatenate([split.train_x, split.validation_x])
    assert np.array_equal(both[np.lexsort(both.T)], whole.train_x[np.lexsort(whole.train_x.T)])
    assert np.array_equal(split.test_x, whole.test_x)
    assert len(split.validation_x) == np.ceil(0.2 * len(whole.train_x))


def test_scaling_measures_no_validation_data():
    raw = load(WithValidation(of=Iris(scaling="none"), size=0.3)).split
    scaled = load(WithValidation(of=Iris(), size=0.3)).split
    theirs = StandardScaler().fit(raw.train_x)
    for ours, own in ((scaled.train_x, raw.train_x), (scaled.validation_x, raw.validation_x), (scaled.test_x, raw.test_x)):
        np.testing.assert_allclose(ours, theirs.transform(own), atol=1e-12)


@pytest.mark.parametrize(("size", "rows"), [(0.1, 9), (0.25, 23), (30, 30), (3, 3)])
def test_a_size_is_a_share_or_a_number_of_rows_and_every_class_has_its_own(size, rows):
    labels = np.repeat([0, 1, 2], [60, 20, 10])
    train, held_out = hold_out_validation(np.arange(90), labels, size, 0)
    assert len(held_out) == rows
    assert sorted([*train, *held_out]) == list(range(90))
    assert np.abs(np.bincount(labels[held_out], minlength=3) - rows * np.array([60, 20, 10]) / 90).max() <= 1


def test_a_class_with_one_row_keeps_it_to_train_with():
    train, held_out = hold_out_validation(np.arange(11), np.array([0] * 5 + [1] * 5 + [2]), 0.3, 0)
    assert 10 in train
    assert len(held_out) == 4


@pytest.mark.parametrize("size", [-0.1, 1.5, float("nan"), float("inf")])
def test_a_size_that_is_neither_share_nor_number_is_refused(size):
    with pytest.raises(BadInput, match=r"validation is|no finite number"):
        WithValidation(of=Iris(), size=size)


@pytest.mark.parametrize(("dataset", "size"), [(Neuron(), 0.5), (Iris(), 111), (Iris(), 2)])
def test_too_few_rows_are_refused(dataset, size):
    with pytest.raises(BadInput, match=r"which holds out .* training rows"):
        load(WithValidation(of=dataset, size=size))


def test_validation_data_are_not_held_out_twice():
    split = load(WithValidation(of=Iris(), size=0.2)).split
    with pytest.raises(BadInput, match="brings validation data of its own"):
        with_validation(split, 0.2, 0)


def test_wrong_labels_are_training_labels_only():
    right, noisy = WithValidation(of=Iris(), size=0.2), Noisy(of=WithValidation(of=Iris(), size=0.2), rate=0.5)
    assert np.array_equal(load(right).split.validation_y, load(noisy).split.validation_y)
    assert not np.array_equal(load(right).split.train_y, load(noisy).split.train_y)


def test_a_fingerprint_sees_validation_data_and_weights():
    split = load(WithValidation(of=Iris(), size=0.2)).split
    prints = {
        fingerprint(split),
        fingerprint(split._replace(validation_x=split.validation_x + 1)),
        fingerprint(split._replace(train_weights=np.ones(len(split.train_x)))),
        fingerprint(split._replace(validation_x=None, validation_y=None)),
    }
    assert len(prints) == 4


def test_workers_see_validation_data_weights_and_the_targets_unit(tmp_path):
    split = load(WithValidation(of=Diabetes(), size=0.2)).split
    split = split._replace(train_weights=np.arange(len(split.train_x), dtype=float))
    save_split(tmp_path, "0123", split)
    mapped = map_split(tmp_path, "0123", "regression")
    for name in ("train_x", "validation_x", "validation_y", "train_weights"):
        assert np.array_equal(getattr(mapped, name), getattr(split, name))
    assert mapped.scale == split.scale


def test_folds_are_scikit_learns_and_part_all_examples():
    everything = Iris().examples()
    theirs = StratifiedKFold(5, shuffle=True, random_state=random_state(3, "split")).split(everything.x, everything.y)
    for fold, (train, test) in enumerate(theirs):
        split = load(Iris(seed=3, scaling="none", folds=5, fold=fold)).split
        assert np.array_equal(split.train_x, everything.x[train])
        assert np.array_equal(split.test_x, everything.x[test])


@pytest.mark.parametrize(("options", "said"), [({"fold": 1}, "folds is not given"), ({"folds": 3, "fold": 3}, "between 0 and 2")])
def test_a_fold_that_does_not_exist_is_refused(options, said):
    with pytest.raises(BadInput, match=said):
        Iris(**options)


def test_options_that_came_later_are_described_only_where_they_are_used():
    assert Iris().describe() == {"word": "iris", "seed": 0, "test_fraction": 0.25, "scaling": "standard"}
    assert Iris(folds=5, fold=2).describe().keys() - Iris().describe().keys() == {"folds", "fold"}
