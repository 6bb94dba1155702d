"""The textbook's page: `python docs/textbook.py` writes docs/textbook.md, with the numbers of this run.

Kept here are the founding text's versions, errors included, each with an input on which it fails.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.audit.references import textbook
from lossbench.audit.references.textbook import Array

PAGE = Path(__file__).with_suffix(".md")


def reversed_sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(x))


def axis_error(y: Array, t: Array) -> Any:
    return 0.5 * np.sum(y, t)  # type: ignore[call-overload]


def softmax_of_the_batch(x: Array) -> Array:
    exps = np.exp(x - np.max(x))
    return exps / np.sum(exps)


def softmax_under_the_heading_binary(z: Array, y: Array) -> float:
    exps = np.exp(z - np.max(z))
    return float(-np.sum(y * np.log(exps / np.sum(exps))) / len(z))


def double_minus(z: Array, y: Array) -> float:
    a = textbook.sigmoid(z)
    return float(-np.mean(-(y * np.log(a) + (1 - y) * np.log(1 - a))))


def likelihood_without_its_constant(a: Array, y: Array, s: float) -> float:
    return float(np.mean(-((y - a) ** 2) / (2 * s**2)))


def sum_over_the_batch(z: Array, y: Array) -> float:
    return float(-np.sum(y * textbook.log_softmax(z)))


def delta_gradient(z: Array, y: Array) -> Array:
    """The gradient of −(1/N) Σ log(p_y + 1e-7), derived by hand from the code's own formula."""
    p = textbook.softmax(z)
    right = (p * y).sum(axis=-1, keepdims=True)
    return right / (right + 1e-7) * (p - y) / len(z)


def falling_rate(z: Array, y: Array) -> float:
    """What the sentence says falls: the rate η of θ ← θ − η ∂L/∂θ, which is a constant of the program."""
    del z, y
    return 0.5


def update(z: Array, y: Array) -> float:
    """What falls: the step η |∂L/∂z| of the squared error, here over the step of cross entropy, at the same η."""
    squared = 0.5 * textbook.half_squared_error_sigmoid_gradient(z, y)
    entropy = 0.5 * textbook.binary_cross_entropy_gradient(z, y)
    return float(np.abs(squared / entropy).max())


@dataclass(frozen=True)
class Erratum:
    """One thing the founding text gets wrong: its version, ours, and the input on which the text's one fails."""

    title: str
    why: str
    theirs: Callable[..., Any]
    ours: Callable[..., Any]
    inputs: tuple[Any, ...]
    right: Any  # worked out by hand


ERRATA = (
    Erratum(
        "The sigmoid's sign",
        "1/(1 + e^x) is σ(−x): it falls where the sigmoid rises. And e^x overflows for large x.",
        reversed_sigmoid,
        textbook.sigmoid,
        (np.array([2.0]),),
        np.array([0.8807970779778823]),
    ),
    Erratum(
        "The second argument of `np.sum` is an axis",
        "`np.sum(y, t)` sums y along the axis t, and forms no difference at all.",
        axis_error,
        textbook.half_squared_error,
        (np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]])),
        2.5,
    ),
    Erratum(
        "One normaliser for a whole batch",
        "Maximum and sum run over everything, so the rows of a batch share one total and no row sums to 1.",
        softmax_of_the_batch,
        textbook.softmax,
        (np.array([[0.0, 0.0], [0.0, 0.0]]),),
        np.array([[0.5, 0.5], [0.5, 0.5]]),
    ),
    Erratum(
        "Headings exchanged",
        "The code under “binary” is the softmax one and the other way round. With one output for each example it takes "
        "the batch for the classes. Named by their links, they cannot be mistaken.",
        softmax_under_the_heading_binary,
        textbook.binary_cross_entropy,
        (np.array([0.0, 0.0]), np.array([0.0, 0.0])),
        np.log(2),
    ),
    Erratum(
        "Two minus signs",
        "−(1/N) Σ −[…] is the negative of a cost: whoever minimises it learns the wrong answers.",
        double_minus,
        textbook.binary_cross_entropy,
        (np.array([0.0]), np.array([1.0])),
        np.log(2),
    ),
    Erratum(
        "The Gaussian likelihood without its constant, called L_CE, maximised",
        "Without ½ log(2πs²) it is no log-likelihood, and s cannot be fitted: a larger s always looks better. It is minus the "
        "cost, and it has to do with the squared error, not with cross entropy.",
        likelihood_without_its_constant,
        textbook.gaussian_negative_log_likelihood,
        (np.array([1.0]), np.array([3.0]), 2.0),
        0.5 + 0.5 * np.log(8 * np.pi),
    ),
    Erratum(
        "Sums where the formula has 1/N",
        "The cost, its gradient and with them the learning rate that works grow with the size of the batch.",
        sum_over_the_batch,
        textbook.categorical_cross_entropy,
        (np.zeros((4, 2)), np.eye(2)[[0, 1, 0, 1]]),
        np.log(2),
    ),
    Erratum(
        "log(p + 1e-7) against log 0",
        "**It brings the plateau back**: past a margin of ln 10⁷ ≈ 16.1 the gradient dies like e^z, as the squared error's does.",
        delta_gradient,
        textbook.categorical_cross_entropy_gradient,
        (np.array([[-30.0, 0.0]]), np.array([[1.0, 0.0]])),
        np.array([[-1.0, 1.0]]),
    ),
    Erratum(
        "“Cross entropy avoids a falling learning rate”",
        "The learning rate is a constant of the program. What falls is the gradient, and with it the step: a confidently wrong "
        "sigmoid (z = 10, target 0) steps a(1 − a) times as far with the squared error as with cross entropy.",
        falling_rate,
        update,
        (np.array([10.0]), np.array([0.0])),
        4.5395807735951673e-05,
    ),
)


def shown(value: Any) -> str:
    """An array or a number in a table's cell."""
    return "`" + np.array2string(np.asarray(value), precision=6, separator=", ").replace("\n", "") + "`"


def answer(function: Callable[..., Any], inputs: tuple[Any, ...]) -> str:
    """What a function gives, or how it fails."""
    try:
        return shown(function(*inputs))
    except TypeError:
        return "`TypeError`"


def code(function: Callable[..., Any]) -> list[str]:
    """A function's source as a block."""
    return ["```python", inspect.getsource(function).rstrip(), "```", ""]


def section(erratum: Erratum) -> list[str]:
    """What an erratum says, the text's code, and both versions on the input that shows it."""
    inputs = ", ".join(shown(item) for item in erratum.inputs)
    cells = [inputs, answer(erratum.theirs, erratum.inputs), answer(erratum.ours, erratum.inputs), shown(erratum.right)]
    table = ["| input | the text's version | ours | right |", "| --- | --- | --- | --- |", f"| {' | '.join(cells)} |", ""]
    return [f"### {erratum.title}", "", erratum.why, "", *code(erratum.theirs), *table]


def page() -> str:
    """The page in Markdown."""
    functions = [item for _, item in inspect.getmembers(textbook, inspect.isfunction) if item.__module__ == textbook.__name__]
    functions.sort(key=lambda function: function.__code__.co_firstlineno)
    lines = ["# The textbook", "", "*Written by `python docs/textbook.py`; the numbers are those of that run.*", ""]
    lines += [*(inspect.getdoc(textbook) or "").splitlines(), ""]
    lines += ["These functions are `lossbench/audit/references/textbook.py`, whole. The tests hold the losses against them.", ""]
    for function in functions:
        lines += code(function)
    lines += ["## What the founding text has instead", ""]
    for erratum in ERRATA:
        lines += section(erratum)
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
