"""From examples to a Split: a part is held out, features are scaled, targets are encoded.

Whatever is measured to scale the data is measured on the training part alone.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from lossbench.data.scikit_learn import scikit_learn
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Array, Dataset, Split
from lossbench.rng import generator

Scaling = Literal["standard", "shared", "byte256", "none"]
Labels = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.integer | np.floating]]


class Examples(NamedTuple):
    """Examples before they are split: features x (N, D) and targets y (N,).

    `classes` names the C classes, which y then counts from 0; it is None for a regression, and y is real. `inputs` is the shape
    of one example's features where it is not (D,), such as (1, 8, 8) for (channels, height, width) of an image.
    """

    x: Numbers
    y: Numbers
    classes: tuple[str, ...] | None
    inputs: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class HeldOut(Dataset):
    """Examples of which a part is held out for testing: drawn by the seed, from every class alike.

    Options: test_fraction is the part held out. scaling, of the features, is one of
        standard: each feature has mean 0 and standard deviation 1 over the training data; one that is constant there becomes 0.
        shared: the same with one mean and one deviation for all features, as suits pixels, of which some are nearly constant.
        byte256: divided by 256.
        none: as they are.
    """

    seed: int = 0
    test_fraction: float = 0.25
    scaling: Scaling = "standard"

    def __post_init__(self) -> None:
        check_split(self)

    @abstractmethod
    def examples(self) -> Examples:
        """All examples, in an order that the options decide."""

    def load(self) -> Split:
        """Training and test data. Raises BadInput where there are too few examples to be split."""
        examples = self.examples()
        train, test = hold_out(examples, self.test_fraction, self.seed)
        train_x, test_x = scale(examples.x[train], examples.x[test], self.scaling)
        y = encode(examples.y, examples.classes)
        if examples.classes is None:
            train_y, test_y = scale(y[train], y[test], "standard")
            return Split(train_x, train_y, test_x, test_y, "regression", examples.inputs)
        return Split(train_x, y[train], test_x, y[test], "classification", examples.inputs)


def hold_out(examples: Examples, test_fraction: float, seed: int) -> tuple[Labels, Labels]:
    """Shuffled row numbers of the training and of the test data; where there are classes, each has the same share of both.

    Raises BadInput where there are too few examples.
    """
    count = len(examples.y)
    test = math.ceil(count * test_fraction)
    _check_counts(examples, count - test, test)
    rows: tuple[Labels, Labels] = scikit_learn("model_selection").train_test_split(
        np.arange(count),
        test_size=test,
        stratify=None if examples.classes is None else examples.y,
        random_state=random_state(seed, "split"),
    )
    return rows


def scale(train: Numbers, test: Numbers, scaling: Scaling) -> tuple[Array, Array]:
    """Both parts (N, D) as float64, scaled alike by what is measured on `train`; HeldOut says how."""
    if scaling in {"none", "byte256"}:
        divisor = 256.0 if scaling == "byte256" else 1.0
        return np.divide(train, divisor, dtype=np.float64), np.divide(test, divisor, dtype=np.float64)
    features = 1 if scaling == "shared" else train.shape[1]
    scaler = scikit_learn("preprocessing").StandardScaler().fit(train.reshape(-1, features))
    train_x, test_x = (scaler.transform(part.reshape(-1, features)).reshape(part.shape) for part in (train, test))
    return train_x, test_x


def encode(y: Numbers, classes: tuple[str, ...] | None) -> Array:
    """Targets (N, C): a 0/1 column for two classes, one-hot for more, and the numbers themselves for a regression."""
    if classes is None or len(classes) == 2:
        return y[:, None].astype(np.float64)
    return np.eye(len(classes))[y.astype(np.int64)]


def random_state(seed: int, stream: str) -> int:
    """A stream of random numbers in the form in which scikit-learn takes it."""
    return int(generator(seed, stream).integers(2**32))


def check_split(dataset: HeldOut) -> None:
    """Raise BadInput where an option of every held-out data set is out of range."""
    check_range("seed", dataset.seed, 0)
    if not 0 < dataset.test_fraction < 1:
        raise BadInput(f"dataset.test_fraction is {dataset.test_fraction:g}; it lies between 0 and 1, neither included.")
    check_scaling(dataset.scaling)


def check_range(option: str, value: float, low: float, high: float = math.inf) -> None:
    """Raise BadInput where an option is not a finite number in [low, high]."""
    if not (low <= value <= high and math.isfinite(value)):
        possible = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
        raise BadInput(f"dataset.{option} is {value:g}; it must be {possible}.")


def check_scaling(scaling: str) -> None:
    """Raise BadInput where a scaling is none of the known."""
    if scaling not in get_args(Scaling):
        raise unknown("value of dataset.scaling", scaling, get_args(Scaling))


def _check_counts(examples: Examples, train: int, test: int) -> None:
    if examples.classes is None:
        if train < 2 or test < 1:
            raise BadInput(
                f"{train + test} examples are split into {train} to train and {test} to test; a regression takes 2 and 1."
            )
        return
    members = np.bincount(examples.y.astype(np.int64), minlength=len(examples.classes))
    if members.min() < 2:
        name = examples.classes[int(members.argmin())]
        raise BadInput(f"The class {name!r} has {members.min()} example(s); it takes 2, one to train with and one to test with.")
    if min(train, test) < len(members):
        raise BadInput(
            f"{train + test} examples are split into {train} to train and {test} to test; {len(members)} classes take at least "
            f"{len(members)} examples in either part. dataset.test_fraction decides how many are held out."
        )
