"""From examples to a Split: a part is held out, features are scaled, targets are encoded.

Whatever is measured to scale the data is measured on the training part alone.
"""

import math
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from lossbench.data.examples import Examples, Labels, Numbers, check_counts, encode, refuse_untaught
from lossbench.data.given_parts import given_rows, last_rows
from lossbench.data.scikit_learn import scikit_learn
from lossbench.data.validation import hold_out_validation, refuse_second_validation, rows_of_size
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import CLASSIFIED, Array, Dataset, Split, TargetScale
from lossbench.registry import later
from lossbench.rng import generator

ScalingWord = Literal["standard", "shared", "byte256", "none"]
Scaling = ScalingWord | float
TargetScaling = Literal["auto", "standard", "none"]


@dataclass(frozen=True, kw_only=True)
class HeldOut(Dataset):
    """Examples of which a part is held out for testing: drawn by the seed, from every class alike.

    Options: test_fraction is the part held out, or test_rows, a number of rows; held_out says which: drawn by the seed, or the
    last rows as they stand. With folds=k, the data are parted into k folds, and fold, from 0, is the one that tests.
    target_scaling, of a regression's targets, is standard (mean 0 and deviation 1 over the training data), none (in their own
    unit), or auto: standard where all losses that are compared take any real number, else none. scaling, of the features, is
    one of
        standard: each feature has mean 0 and standard deviation 1 over the training data; one that is constant there becomes 0.
        shared: the same with one mean and one deviation for all features, as suits pixels, of which some are nearly constant.
        byte256: divided by 256.
        none: as they are.
        a number above 0: divided by it, as pixels from 0 to 16 are by 16.
    """

    seed: int = 0
    test_fraction: float = 0.25
    scaling: Scaling = "standard"
    target_scaling: TargetScaling = later("auto")
    folds: int | None = later(None)
    fold: int = later(0)
    test_rows: int | None = later(None)
    held_out: Literal["drawn", "last"] = later("drawn")

    def __post_init__(self) -> None:
        check_split(self)

    @abstractmethod
    def examples(self) -> Examples:
        """All examples, in an order that the options decide."""

    def load(self) -> Split:
        """Training and test data. Raises BadInput where there are too few examples to be split."""
        return self.split(0, self.seed)

    def split(self, validation: float, seed: int) -> Split:
        """Training and test data, and validation data that are held out of the former before anything is measured on them.

        Features are (N, D), targets (N, C); the size is a share of the training data, or from 1 on a number of rows, and the
        seed draws them. Raises BadInput where there are too few examples.
        """
        return self.parted(self.examples(), validation, seed)

    def parted(self, examples: Examples, validation: float, seed: int) -> Split:
        """The examples as training, test and validation data: features (N, D) and targets (N, C). Raises BadInput for too few."""
        train, test, held_out = self._rows(examples, validation, seed)
        rows = (train, test, *([held_out] if len(held_out) else []))
        x = self.prepared(examples, rows)
        y, unit = self._targets(examples, rows)
        return Split(
            x[0],
            y[0],
            x[1],
            y[1],
            examples.kind,
            examples.inputs,
            validation_x=x[2] if len(held_out) else None,
            validation_y=y[2] if len(held_out) else None,
            train_weights=None if examples.weights is None else examples.weights[train],
            scale=unit,
            classes=examples.classes,
        )

    def prepared(self, examples: Examples, rows: tuple[Labels, ...]) -> list[Array]:
        """Features (N, D) of some parts of the examples, scaled by what is measured on the first part."""
        return scale_all([examples.x[part] for part in rows], self.scaling)

    def _rows(self, examples: Examples, validation: float, seed: int) -> tuple[Labels, Labels, Labels]:
        """Row numbers of the training, test and validation data; of the last there may be none."""
        if examples.parts is not None:
            train, test, held_out = given_rows(examples.parts)
            refuse_untaught(examples, train)
            if len(held_out):
                refuse_second_validation(validation)
                return train, test, held_out
        elif self.held_out == "last":
            train, test, held_out = last_rows(len(examples.y), self._test_size, validation)
            refuse_untaught(examples, train)
            return train, test, held_out
        elif self.folds is None:
            train, test = hold_out(examples, self._test_size, self.seed)
        else:
            train, test = fold_out(examples, self.folds, self.fold, self.seed)
        labels = examples.strata
        train, held_out = hold_out_validation(train, None if labels is None else labels[train], validation, seed)
        return train, test, held_out

    @property
    def _test_size(self) -> float:
        return self.test_rows or self.test_fraction

    def _targets(self, examples: Examples, rows: tuple[Labels, ...]) -> tuple[list[Array], TargetScale]:
        """Targets (N, C) of the parts, and their unit."""
        y = encode(examples.y, examples.classes)
        parts = [y[part] for part in rows]
        if examples.classes is not None:
            return parts, TargetScale()
        if y.shape[1] > 1:  # judged in their deviations, so that no unit outweighs another
            refuse_unscaled(self.target_scaling)
            return scale_all(parts, "standard"), TargetScale()
        scaler = scikit_learn("preprocessing").StandardScaler().fit(parts[0])
        mean, deviation = float(scaler.mean_[0]), float(scaler.scale_[0])
        if self.target_scaling == "none":
            return parts, TargetScale(0.0, 1.0, deviation)
        return scale_all(parts, "standard"), TargetScale(mean, deviation, 1.0)


def hold_out(examples: Examples, size: float, seed: int) -> tuple[Labels, Labels]:
    """Shuffled row numbers of the training and of the test data; where there are classes, each has the same share of both.

    A size below 1 is the share that tests, and one from 1 on is so many rows. Raises BadInput where there are too few examples.
    """
    count = len(examples.y)
    test = rows_of_size(size, count)
    check_counts(examples, count - test, test)
    rows: tuple[Labels, Labels] = scikit_learn("model_selection").train_test_split(
        np.arange(count),
        test_size=test,
        stratify=examples.strata,
        random_state=random_state(seed, "split"),
    )
    return rows


def fold_out(examples: Examples, folds: int, fold: int, seed: int) -> tuple[Labels, Labels]:
    """Row numbers of the training and of the test data where one of k folds tests; scikit-learn's (Stratified)KFold, shuffled.

    Raises BadInput where a class, or all examples, are fewer than the folds.
    """
    labels, by_class = examples.strata, examples.kind in CLASSIFIED
    members = np.bincount(examples.y.astype(np.int64)).tolist() if by_class else [len(examples.y)]
    if min(members) < folds:
        whose = f" of the class {(examples.classes or ())[members.index(min(members))]!r}" if by_class else ""
        raise BadInput(f"dataset.folds is {folds}, and there are {min(members)} examples{whose}. Possible: 2 to {min(members)}.")
    model_selection = scikit_learn("model_selection")
    kind = model_selection.KFold if labels is None else model_selection.StratifiedKFold
    parted = kind(folds, shuffle=True, random_state=random_state(seed, "split")).split(np.zeros(len(examples.y)), labels)
    with warnings.catch_warnings(action="ignore"):  # of labels that are rarer than folds are many
        rows: tuple[Labels, Labels] = list(parted)[fold]
    return rows


def scale(train: Numbers, test: Numbers, scaling: Scaling) -> tuple[Array, Array]:
    """Both parts (N, D) as float64, scaled alike by what is measured on `train`; HeldOut says how."""
    train_x, test_x = scale_all([train, test], scaling)
    return train_x, test_x


def scale_all(parts: Sequence[Numbers], scaling: Scaling) -> list[Array]:
    """Parts (N, D) as float64, all scaled alike by what is measured on the first; HeldOut says how."""
    divisor = {"none": 1.0, "byte256": 256.0}.get(scaling) if isinstance(scaling, str) else scaling
    if divisor is not None:
        return [np.divide(part, divisor, dtype=np.float64) for part in parts]
    features = 1 if scaling == "shared" else parts[0].shape[1]
    scaler = scikit_learn("preprocessing").StandardScaler().fit(parts[0].reshape(-1, features))
    return [scaler.transform(part.reshape(-1, features)).reshape(part.shape) for part in parts]


def refuse_unscaled(scaling: TargetScaling) -> None:
    """Raise BadInput where several numbers that are predicted at once are to stay in their own units."""
    if scaling == "none":
        raise BadInput(
            "Several numeric targets are standardised, each by itself, so that no unit outweighs another, and here they are to "
            "stay in their own unit: dataset.target_scaling=none asks for it, or a loss that does not take every real number, as "
            "those for classes, shares and counts. Possible: losses that do, or one target at a time."
        )


def random_state(seed: int, stream: str) -> int:
    """A stream of random numbers in the form in which scikit-learn takes it."""
    return int(generator(seed, stream).integers(2**32))


def check_split(dataset: HeldOut) -> None:
    """Raise BadInput where an option of every held-out data set is out of range."""
    check_range("seed", dataset.seed, 0)
    if not 0 < dataset.test_fraction < 1:
        raise BadInput(f"dataset.test_fraction is {dataset.test_fraction:g}; it lies between 0 and 1, neither included.")
    if dataset.test_rows is not None:
        check_range("test_rows", dataset.test_rows, 1)
    check_scaling(dataset.scaling)
    if dataset.target_scaling not in get_args(TargetScaling):
        raise unknown("value of dataset.target_scaling", dataset.target_scaling, get_args(TargetScaling))
    if dataset.folds is None:
        if dataset.fold:
            raise BadInput(f"dataset.fold is {dataset.fold}, and dataset.folds is not given: into how many are the data parted?")
        return
    if dataset.test_rows or dataset.held_out != "drawn":
        raise BadInput("dataset.folds is given, and a fold is what tests; leave out dataset.test_rows and held_out.")
    check_range("folds", dataset.folds, 2)
    check_range("fold", dataset.fold, 0, dataset.folds - 1)


def check_range(option: str, value: float, low: float, high: float = math.inf) -> None:
    """Raise BadInput where an option is not a finite number in [low, high]."""
    if not (low <= value <= high and math.isfinite(value)):
        possible = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
        raise BadInput(f"dataset.{option} is {value:g}; it must be {possible}.")


def check_scaling(scaling: Scaling) -> None:
    """Raise BadInput where a scaling is neither one of the words nor a number to divide by."""
    if isinstance(scaling, str):
        if scaling not in get_args(ScalingWord):
            raise unknown("value of dataset.scaling", scaling, get_args(ScalingWord))
    elif not 0 < scaling < math.inf:
        raise BadInput(f"dataset.scaling is {scaling:g}; a number that features are divided by is above 0.")
