"""What holds for every data set on the shelf."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from lossbench.data.hold_out import HeldOut, ScalingWord
from lossbench.data.in_memory import from_frame
from lossbench.data.loading import fingerprint, load
from lossbench.datasets.classic import Iris
from lossbench.datasets.contiguity import Contiguity
from lossbench.datasets.images import Images
from lossbench.datasets.mnist import Mnist
from lossbench.datasets.noisy import Noisy
from lossbench.datasets.table import Table
from lossbench.datasets.with_validation import WithValidation
from lossbench.datasets.xor import Xor
from lossbench.errors import BadInput
from lossbench.interfaces import Dataset
from lossbench.registry import shelf

SHELF = {word: cls for word, cls in shelf("dataset").items() if cls.__module__.startswith("lossbench.")}
NEEDS_MNIST = pytest.mark.skipif("LOSSBENCH_DATA" not in os.environ, reason="no MNIST: LOSSBENCH_DATA is not set")
WORDS = [pytest.param(word, marks=NEEDS_MNIST) if word == "mnist" else word for word in SHELF]
SPLIT = [word for word, cls in SHELF.items() if issubclass(cls, HeldOut)]
SCALED = [word for word, cls in SHELF.items() if "scaling" in cls.__dataclass_fields__ and word != "mnist"]  # it takes long
SMALL_REAL = ["iris", "wine", "breast_cancer", "digits", "diabetes", "mnist_5k"]
FINGERPRINTS = {  # stored runs name their data by these: they change with a reason or not at all
    "blobs": "fe0d77b9cd486d90",
    "breast_cancer": "75bf898566f4628d",
    "circles": "8b3db62cd56e6cd4",
    "contiguity": "671ecf1e7538f7b9",
    "diabetes": "03ba2a5c5c2892a2",
    "diabetes_share": "3564bfcf036889c0",
    "digits": "e65eb0656e6c7167",
    "images": "2c5d06ee27399f37",
    "iris": "5c379b524651fedc",
    "mnist_1k": "b0ad9fd74e5cb961",
    "mnist_5k": "1a57b579b4ae4741",
    "moons": "9aa31ba2ea1cbaf4",
    "neuron": "9c2f30eb09a625ba",
    "noisy": "cd22996d3bc4d7aa",
    "one_example": "453a88bc1b448a2f",
    "random_signals": "09852860395ea8e5",
    "table": "4f9ab7666565cf45",
    "in_memory": "4f9ab7666565cf45",
    "wine": "d7d9a84e16996c8f",
    "xor": "2519fbf885c39ed9",
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = np.random.default_rng(7).normal(size=(60, 3)).round(3)
    lines = [f"{a},{b},{c},{'yes' if a + b > 0 else 'no'}" for a, b, c in rows.tolist()]
    folder = tmp_path_factory.mktemp("tables")
    (folder / "mine.csv").write_text("\n".join(["a,b,c,bought", *lines]))
    np.savez(folder / "mine.npz", x=np.random.default_rng(7).integers(0, 256, (60, 4, 5)), y=np.arange(60) % 3)
    return folder


@pytest.fixture(name="example")
def _example(folder: Path):
    """A data set by its word, with options where it has no default or a test would take long."""
    chosen: dict[str, Dataset] = {
        "mnist": Mnist(train=1000),
        "contiguity": Contiguity(train=400),
        "images": Images(path=str(folder / "mine.npz")),
        "noisy": Noisy(of=Iris(), rate=0.2),
        "table": Table(path=str(folder / "mine.csv"), target="bought"),
        "in_memory": from_frame(pd.read_csv(folder / "mine.csv"), "bought"),
        "with_validation": WithValidation(of=Iris(), size=0.2),
        "xor": Xor(copies=5, noise=0.1),
    }
    return lambda word: chosen[word] if word in chosen else SHELF[word]()


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
def test_loading_twice_gives_the_same_bytes(word, example):
    first, second = load(example(word)).split, example(word).load()
    assert [part.tobytes() for part in first[:4]] == [part.tobytes() for part in second[:4]]
    assert first.task == second.task


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
def test_a_seed_decides_something_unless_the_docstring_says_that_it_does_not(word, example):
    dataset = example(word)
    differs = load(dataset).fingerprint != load(replace(dataset, seed=1)).fingerprint
    assert differs == ("seed decides nothing here" not in SHELF[word].__doc__)


@pytest.mark.parametrize("word", WORDS)
def test_a_negative_seed_is_refused(word, example):
    with pytest.raises(BadInput, match=r"dataset\.seed is -1"):
        replace(example(word), seed=-1)


@pytest.mark.parametrize("word", WORDS)
def test_data_are_tables_of_float64_rows_one_after_the_other(word, example):
    split = load(example(word)).split
    for part in split[:4]:
        assert part.dtype == np.float64
        assert part.flags.c_contiguous
        assert part.ndim == 2


@pytest.mark.parametrize("word", WORDS)
def test_targets_are_a_column_of_0_and_1_or_one_hot_or_standardised_numbers(word, example):
    split = load(example(word)).split
    if split.task == "regression":
        assert split.train_y.shape[1] == 1
        np.testing.assert_allclose([split.train_y.mean(), split.train_y.std()], [0, 1], atol=1e-12)
        return
    for y in (split.train_y, split.test_y):
        if word == "diabetes_share":
            assert y.shape[1] == 1
            continue
        assert set(np.unique(y)) <= {0.0, 1.0}
        assert y.shape[1] != 2
        if y.shape[1] > 1:
            assert (y.sum(axis=1) == 1).all()
    if word not in {"neuron", "one_example"}:
        assert (split.train_y.max(axis=0) == 1).all()
        assert (split.train_y.min(axis=0) == 0).all()


@pytest.mark.parametrize("word", WORDS)
def test_the_docstring_names_the_task(word, example):
    stated = re.search(r"Task: (.*?)\.", SHELF[word].__doc__).group(1)
    assert load(example(word)).split.task in stated.split(" or ")


@pytest.mark.parametrize("word", SMALL_REAL)
def test_the_docstring_names_the_size(word, example):
    split = load(example(word)).split
    size = re.search(r"Size: N = (\d+), D = (\d+), (?:C = (\d+)|two classes|one real target)", SHELF[word].__doc__)
    assert int(size[1]) == len(split.train_y) + len(split.test_y)
    assert int(size[2]) == split.train_x.shape[1]
    assert int(size[3] or 1) == split.train_y.shape[1]


@pytest.mark.slow
@pytest.mark.parametrize("scaling", [*get_args(ScalingWord), 16.0])
@pytest.mark.parametrize("word", SCALED)
def test_scaling_measures_the_training_data_alone(word, scaling, example):
    raw = load(replace(example(word), scaling="none")).split
    scaled = load(replace(example(word), scaling=scaling)).split
    axis = 0 if scaling == "standard" else None
    mean, deviation = raw.train_x.mean(axis=axis), raw.train_x.std(axis=axis)
    known = {"none": (0.0, 1.0), "byte256": (0.0, 256.0), 16.0: (0.0, 16.0)}
    shift, divisor = known.get(scaling, (mean, np.where(deviation == 0, 1.0, deviation)))
    np.testing.assert_allclose(scaled.train_x, (raw.train_x - shift) / divisor, atol=1e-9)
    np.testing.assert_allclose(scaled.test_x, (raw.test_x - shift) / divisor, atol=1e-9)


@pytest.mark.parametrize("word", SCALED)
def test_a_scaling_that_nobody_knows_is_refused_with_the_nearest(word, example):
    with pytest.raises(BadInput, match="Did you mean 'standard'"):
        replace(example(word), scaling="standart")


@pytest.mark.slow
@pytest.mark.parametrize("word", SPLIT)
def test_every_example_is_either_trained_or_tested_with(word, example):
    dataset = replace(example(word), scaling="none")
    split, everything = load(dataset).split, dataset.examples().x
    both = np.concatenate([split.train_x, split.test_x])
    assert np.array_equal(both[np.lexsort(both.T)], everything[np.lexsort(everything.T)])
    assert len(split.test_x) == np.ceil(len(everything) * dataset.test_fraction)


@pytest.mark.slow
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("word", SPLIT)
def test_every_class_has_its_share_of_both_parts(word, fraction, example):
    split = load(replace(example(word), test_fraction=fraction)).split
    if split.task == "classification":
        train, test = ((y if y.shape[1] > 1 else np.hstack([1 - y, y])).sum(axis=0) for y in (split.train_y, split.test_y))
        assert np.abs(test - fraction * (train + test)).max() <= 1


@pytest.mark.parametrize("fraction", [-0.1, 0.0, 1.0, 2.0, float("nan")])
@pytest.mark.parametrize("word", SPLIT)
def test_a_part_that_is_nothing_or_all_is_refused(word, fraction, example):
    with pytest.raises(BadInput, match=r"dataset\.test_fraction is"):
        replace(example(word), test_fraction=fraction)


@pytest.mark.slow
@pytest.mark.parametrize("word", FINGERPRINTS)
def test_fingerprints_stay_what_they_were(word, example):
    assert fingerprint(example(word).load()) == FINGERPRINTS[word]
