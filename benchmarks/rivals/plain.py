"""Logistic regression by gradient descent in NumPy, an estimator with fit() as in scikit-learn."""

from typing import Self

import numpy as np
from scipy.special import expit

from benchmarks.lesson import Lesson, Singles


class LogisticRegression:
    """One sigmoid unit, fitted on the full batch with cross entropy or half the squared error."""

    def __init__(self, *, loss: str, rate: float, steps: int) -> None:
        self.loss, self.rate, self.steps = loss, rate, steps

    def fit(self, x: Singles, y: Singles, weight: Singles, bias: np.float32) -> Self:
        """From x (N, D), targets y (N,) and a start; leaves weight_, bias_ and the gradients' norms_ (steps, 2)."""
        rate = np.float32(self.rate)
        norms = []
        for _ in range(self.steps):
            a = expit(x @ weight + bias)
            delta = (a - y) if self.loss == "cross_entropy" else (a - y) * a * (1 - a)
            by_weight, by_bias = x.T @ delta / np.float32(len(x)), delta.mean()
            norms.append((np.linalg.norm(by_weight), abs(by_bias)))
            weight, bias = weight - rate * by_weight, bias - rate * by_bias
        self.weight_, self.bias_, self.norms_ = weight, bias, np.array(norms, np.float32)
        return self


def train(lesson: Lesson, loss: str, seed: int, rate: float, steps: int) -> Singles:
    """The norms of the gradients of weight and bias at every step, (steps, 2)."""
    x, y = lesson.examples
    (start,) = lesson.start(seed)
    weight, bias = start.weight[0].astype(np.float32), np.float32(start.bias[0, 0])
    return LogisticRegression(loss=loss, rate=rate, steps=steps).fit(x, y[:, 0], weight, bias).norms_
