# ruff: noqa: INP001 - a program, no package
"""The squared error's protocol in NumPy alone, in float64: `python experiments/dead_outputs/independent.py SEEDS EPOCHS`.

Twelve seeds take some twenty seconds an epoch on one core. MNIST is read from the folder that LOSSBENCH_DATA names. Nothing of
lossbench is used, so that the two programs check each other.
"""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
RATE, BATCH, HIDDEN, TRAIN = 3.0, 10, 100, 50_000


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^(−z))."""
    return 1 / (1 + np.exp(-z))


def step(parameters: list[Array], x: Array, y: Array) -> None:
    """One step of gradient descent on ½ Σ (a − y)², averaged over a mini-batch; the first axis is that of seeds."""
    w, b, v, c = parameters
    h = sigmoid(x @ w + b)
    a = sigmoid(h @ v + c)
    output = (a - y) * a * (1 - a)
    hidden = (output @ v.transpose(0, 2, 1)) * h * (1 - h)
    for layer, gradient in (
        (v, h.transpose(0, 2, 1) @ output),
        (c, output.sum(1, keepdims=True)),
        (w, x.transpose(0, 2, 1) @ hidden),
        (b, hidden.sum(1, keepdims=True)),
    ):
        np.subtract(layer, RATE / BATCH * gradient, out=layer)


def report(parameters: list[Array], x: Array, labels: Array) -> str:
    """Test accuracy and number of digits with a recall below 5 %, of each seed."""
    told = []
    for w, b, v, c in zip(*parameters, strict=True):
        right = (sigmoid(sigmoid(x @ w + b) @ v + c).argmax(1) == labels).astype(float)
        dead = sum(right[labels == digit].mean() < 0.05 for digit in range(10))
        told.append(f"{100 * right.mean():.2f} % ({dead} dead)")
    return ", ".join(told)


def main(seeds: int, epochs: int) -> None:
    """Train and print, after each epoch."""
    with np.load(Path(os.environ["LOSSBENCH_DATA"]) / "mnist.npz") as mnist:
        x, test_x = (mnist[f"{part}_inputs"].reshape(-1, 784) / 256 for part in ("train", "test"))
        y, labels = np.eye(10)[mnist["train_labels"]], mnist["test_labels"]
    streams = [np.random.default_rng(1000 + seed) for seed in range(seeds)]
    shapes = ((784, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10))
    parameters = [np.stack([stream.standard_normal(shape) for stream in streams]) for shape in shapes]
    for epoch in range(1, epochs + 1):
        order = np.stack([stream.permutation(TRAIN) for stream in streams])
        for start in range(0, TRAIN, BATCH):
            batch = order[:, start : start + BATCH]
            step(parameters, x[batch], y[batch])
        sys.stdout.write(f"epoch {epoch}: {report(parameters, test_x, labels)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
