"""The page's small network: the digits, its starts and the order of its examples, taken from the runs that the engine trains."""

import base64
from typing import Any

import numpy as np

from lossbench.config.compose import compose
from lossbench.interfaces import Array, Split
from lossbench.lab.table import packed
from lossbench.planning.plan import make_plan
from lossbench.planning.spec import RunSpec
from lossbench.rng import generator

Indices = np.ndarray[tuple[int, ...], np.dtype[np.integer[Any]]]
STARTS = ("gentle", "saturated")
STEPS = 1260  # 30 epochs of 42 mini-batches
WORDS = ("dataset=digits", "model.hidden=[32]", "loss.link=sigmoid", "optimizer=sgd", "dtype=float64", f"steps={STEPS}")


def packed_network() -> dict[str, Any]:
    """Digits as brightness levels, labels, mini-batches by step, and initial parameters: everything that two losses share."""
    points = compose([*WORDS, f"init={','.join(STARTS)}"])
    runs = [make_plan([point]).runs[0] for point in points]
    split = runs[0].dataset.load()
    levels = np.unique(split.train_x)
    return {
        "levels": packed(levels),
        "train": _images(split.train_x, split.train_y, levels),
        "test": _images(split.test_x, split.test_y, levels),
        "order": _order(runs[0], len(split.train_x)),
        "batch": runs[0].batch,
        "steps": STEPS,
        "starts": {start: packed(_parameters(run, split)) for start, run in zip(STARTS, runs, strict=True)},
        "words": " ".join(WORDS),
    }


def _images(x: Array, y: Array, levels: Array) -> dict[str, str]:
    """Images (N, D) as indices of their brightness levels, and labels of the targets (N, C), a byte each."""
    return {"pixels": _bytes(np.searchsorted(levels, x)), "labels": _bytes(y.argmax(1))}


def _order(run: RunSpec, examples: int) -> str:
    """The training examples of each step's mini-batch, one after the other, as two bytes each."""
    batch = run.batch or examples
    whole = examples // batch
    stream = generator(run.seed, "order")
    epochs = [stream.permutation(examples)[: whole * batch] for _ in range(-(-STEPS // whole))]
    return base64.b64encode(np.concatenate(epochs)[: STEPS * batch].astype("<u2").tobytes()).decode()


def _parameters(run: RunSpec, split: Split) -> Array:
    """The initial weights (out, in) and biases of every layer, one after the other."""
    layers = run.model.layers(split.train_x.shape[1], split.train_y.shape[1])
    drawn = run.init.draw(layers, generator(run.seed, "init"))
    return np.concatenate([part.ravel() for layer in drawn for part in (layer.weight, layer.bias)])


def _bytes(numbers: Array | Indices) -> str:
    return base64.b64encode(numbers.astype(np.uint8).tobytes()).decode()
