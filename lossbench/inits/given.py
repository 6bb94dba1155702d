"""Initial parameters that somebody gives."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.errors import BadInput
from lossbench.interfaces import Array, Dense, Init, Layer


@dataclass(frozen=True, kw_only=True)
class Given(Init):
    """Every weight and every bias the same given number; with one neuron, simply its weight and bias."""

    weight: float = 0.6
    bias: float = 0.9

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        del rng  # nothing is drawn: every seed starts alike
        return tuple(Dense(np.full((n.outputs, n.inputs), self.weight), np.full((n.outputs, 1), self.bias)) for n in layers)


@dataclass(frozen=True, kw_only=True)
class TwoWeights(Init):
    """One given number for all hidden weights and another for those of the outputs, biases 0: a point of a map.

    With one feature and one hidden unit these are the network's only two weights.
    Source: Glorot & Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010, section 4.1.
    """

    hidden: float = 1.0
    output: float = 1.0

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        del rng  # nothing is drawn: every seed starts alike
        numbers = [self.output if layer.activation is None else self.hidden for layer in layers]
        return tuple(
            Dense(np.full((n.outputs, n.inputs), number), np.zeros((n.outputs, 1)))
            for n, number in zip(layers, numbers, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class Answer(Init):
    """A network that starts with one answer to everything: softmax probabilities that are given.

    Formula: all weights are 0 and the outputs' biases log p, with p = right for the first class, favourite · (1 − right) for
    the second, and what is left shared evenly among the others. It takes 3 outputs or more.
    """

    right: float = 0.4
    favourite: float = 0.5

    def __post_init__(self) -> None:
        for name in ("right", "favourite"):
            if not 0 < getattr(self, name) < 1:
                raise BadInput(f"init.{name} is {getattr(self, name):g}; it is a share between 0 and 1, neither included.")

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        del rng  # nothing is drawn: every seed starts alike
        others = layers[-1].outputs - 2
        if others < 1:
            raise BadInput(f"init=answer spreads what is wrong over several classes; this model has {others + 2} output(s).")
        wrong = 1 - self.right
        shares = [self.right, self.favourite * wrong, *[(1 - self.favourite) * wrong / others] * others]
        biases: list[Array] = [*(np.zeros((n.outputs, 1)) for n in layers[:-1]), np.log(shares)[:, None]]
        return tuple(Dense(np.zeros((n.outputs, n.inputs)), bias) for n, bias in zip(layers, biases, strict=True))


@dataclass(frozen=True, kw_only=True)
class File(Init):
    """Parameters from an .npz file, so that another program's start, or a stored run's end, can be continued.

    The file holds arrays weight_1 (out, in), bias_1 (out), weight_2, … from the input on.
    """

    path: str

    def describe(self) -> dict[str, Any]:
        """Word, path and the SHA-256 of the file: a run that starts elsewhere is another run."""
        return {"word": self.word, "path": self.path, "sha256": hashlib.sha256(_bytes(self.path)).hexdigest()[:16]}

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        del rng  # nothing is drawn: every seed starts alike
        arrays = _arrays(self.path)
        return tuple(
            Dense(
                self._array(arrays, f"weight_{number}", (n.outputs, n.inputs)),
                self._array(arrays, f"bias_{number}", (n.outputs, 1)),
            )
            for number, n in enumerate(layers, start=1)
        )

    def _array(self, arrays: dict[str, Array], name: str, shape: tuple[int, ...]) -> Array:
        if name not in arrays:
            raise BadInput(f"{self.path} has no array {name!r}, which this model wants; it has {', '.join(sorted(arrays))}.")
        array = arrays[name]
        if array.size != np.prod(shape) or (array.shape != shape and array.ndim != 1):
            raise BadInput(f"{name} in {self.path} has shape {array.shape}; this model wants {shape}.")
        if not np.isfinite(array).all():
            raise BadInput(f"{name} in {self.path} holds values that are not finite.")
        return array.reshape(shape)


def _bytes(path: str) -> bytes:
    try:
        if not Path(path).is_file() and Path(path).exists():
            raise BadInput(f"The parameters {path!r} are no regular file; init.path names an .npz file.")
        return Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"The parameters {path!r} cannot be read: {error.strerror}. init.path names an .npz file.") from error


def _arrays(path: str) -> dict[str, Array]:
    try:
        with np.load(io.BytesIO(_bytes(path)), allow_pickle=False) as archive:
            return {name: archive[name].astype(np.float64) for name in archive.files}
    except (ValueError, TypeError, OSError, zipfile.BadZipFile, AttributeError) as error:
        raise BadInput(f"{path} is not an .npz file of numbers ({error}).") from error
