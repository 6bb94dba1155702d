"""Initial parameters that somebody gives."""

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from lossbench.errors import BadInput, counted
from lossbench.files.npz import Header, read_headers, read_npz
from lossbench.files.regular import read_bytes
from lossbench.interfaces import Array, Dense, Init, Layer

SEED = "{seed}"  # in a path, what the run's seed takes the place of
HEADER = 2**16  # bytes that say what an array is, at most


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
            raise BadInput(
                f"init=answer spreads what is wrong over several classes; this model has {counted(others + 2, 'output')}."
            )
        wrong = 1 - self.right
        shares = [self.right, self.favourite * wrong, *[(1 - self.favourite) * wrong / others] * others]
        biases: list[Array] = [*(np.zeros((n.outputs, 1)) for n in layers[:-1]), np.log(shares)[:, None]]
        return tuple(Dense(np.zeros((n.outputs, n.inputs)), bias) for n, bias in zip(layers, biases, strict=True))


@dataclass(frozen=True, kw_only=True)
class File(Init):
    """Parameters from an .npz file, so that another program's start, or a stored run's end, can be continued.

    The file holds arrays weight_1 (out, in), bias_1 (out), weight_2, … from the input on. {seed} in a path is the run's seed, so
    that each seed may have a start of its own: init.path='start-{seed}.npz'.
    """

    path: str

    def of_seed(self, seed: int) -> Self:
        return replace(self, path=self.path.replace(SEED, str(seed))) if SEED in self.path else self

    def describe(self) -> dict[str, Any]:
        """Word, path and the SHA-256 of the file: a run that starts elsewhere is another run."""
        return {"word": self.word, "path": self.path, "sha256": hashlib.sha256(_bytes(self.path)).hexdigest()[:16]}

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        del rng  # nothing is drawn: every seed starts alike
        shapes: dict[str, tuple[int, ...]] = {}
        for number, layer in enumerate(layers, start=1):
            shapes |= {f"weight_{number}": (layer.outputs, layer.inputs), f"bias_{number}": (layer.outputs, 1)}
        arrays = self._arrays(shapes)
        return tuple(Dense(arrays[f"weight_{number}"], arrays[f"bias_{number}"]) for number in range(1, len(layers) + 1))

    def _arrays(self, shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
        """The arrays of these names and shapes, which are read before anything is unpacked."""
        path = Path(self.path)
        headers = _headers(path)
        for name, shape in shapes.items():
            self._refuse_shape(name, headers, shape)
        largest = sum(headers[name].bytes + HEADER for name in shapes)
        arrays = {name: array.astype(np.float64) for name, array in read_npz(path, shapes, largest).items()}
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise BadInput(f"{name} in {self.path} holds values that are not finite.")
        return {name: arrays[name].reshape(shape) for name, shape in shapes.items()}

    def _refuse_shape(self, name: str, headers: dict[str, Header], shape: tuple[int, ...]) -> None:
        if name not in headers:
            raise BadInput(f"{self.path} has no array {name!r}, which this model wants; it has {', '.join(sorted(headers))}.")
        header = headers[name]
        if math.prod(header.shape) != math.prod(shape) or (header.shape != shape and len(header.shape) != 1):
            raise BadInput(f"{name} in {self.path} has shape {header.shape}; this model wants {shape}.")
        if header.dtype.kind not in "biuf":
            raise BadInput(f"{name} in {self.path} holds {header.dtype}; a model's parameters are numbers.")


def _bytes(path: str) -> bytes:
    try:
        return read_bytes(Path(path))
    except BadInput as error:
        raise BadInput(f"The parameters {error} init.path names an .npz file.") from error


def _headers(path: Path) -> dict[str, Header]:
    try:
        return read_headers(path)
    except BadInput as error:
        raise BadInput(f"{path} is not an .npz file of numbers ({error})") from error
