import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

from lossbench.audit.references import textbook
from lossbench.audit.references.textbook import Array

DOCS = Path(__file__).parents[1] / "docs"
RNG = np.random.default_rng(0)
Z, Y = 3 * RNG.normal(size=(6, 4)), np.eye(4)[[0, 1, 2, 3, 0, 1]]
LINE, BITS = 3 * RNG.normal(size=7), np.array([0.0, 1, 1, 0, 0, 1, 0])
FAR = np.array([-1e4, -745.2, -88.8, 0.0, 88.8, 745.2, 1e4])


def page_module() -> Any:
    spec = importlib.util.spec_from_file_location("textbook_page", DOCS / "textbook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGE = page_module()


def numerical(cost: Callable[[Array], float], z: Array) -> Array:
    """The gradient of a cost by central differences."""
    slope, step = np.zeros_like(z), 1e-6
    for place in np.ndindex(z.shape):
        shift = np.zeros_like(z)
        shift[place] = step
        slope[place] = (cost(z + shift) - cost(z - shift)) / (2 * step)
    return slope


def test_the_links_are_scipys() -> None:
    np.testing.assert_allclose(textbook.sigmoid(FAR), scipy.special.expit(FAR), rtol=1e-14)
    np.testing.assert_allclose(textbook.softmax(Z), scipy.special.softmax(Z, axis=1), rtol=1e-13)
    np.testing.assert_allclose(textbook.log_softmax(Z), scipy.special.log_softmax(Z, axis=1), rtol=1e-13)


def test_the_costs_are_what_the_definitions_say() -> None:
    a, p = scipy.special.expit(LINE), scipy.special.softmax(Z, axis=1)
    assert textbook.binary_cross_entropy(LINE, BITS) == pytest.approx(-np.mean(scipy.stats.bernoulli.logpmf(BITS, a)))
    assert textbook.categorical_cross_entropy(Z, Y) == pytest.approx(-np.mean(np.log(p[Y == 1])))
    assert textbook.half_squared_error(Z, Y) == pytest.approx(0.5 * np.mean(np.linalg.norm(Z - Y, axis=1) ** 2))
    assert textbook.gaussian_negative_log_likelihood(LINE, BITS, 2.0) == pytest.approx(
        -np.mean(scipy.stats.norm.logpdf(BITS, LINE, 2.0))
    )


def gaussian_gradient(z: Array, y: Array) -> Array:
    return textbook.half_squared_error_gradient(z, y) / 2.0**2


GRADIENTS: list[tuple[Callable[[Array], float], Callable[[Array, Array], Array], Array, Array]] = [
    (lambda z: textbook.binary_cross_entropy(z, BITS), textbook.binary_cross_entropy_gradient, LINE, BITS),
    (lambda z: textbook.categorical_cross_entropy(z, Y), textbook.categorical_cross_entropy_gradient, Z, Y),
    (lambda z: textbook.half_squared_error(z, Y), textbook.half_squared_error_gradient, Z, Y),
    (lambda z: textbook.half_squared_error(textbook.sigmoid(z), Y), textbook.half_squared_error_sigmoid_gradient, Z, Y),
    (lambda z: textbook.half_squared_error(textbook.softmax(z), Y), textbook.half_squared_error_softmax_gradient, Z, Y),
    (lambda z: textbook.gaussian_negative_log_likelihood(z, BITS, 2.0), gaussian_gradient, LINE, BITS),
]


@pytest.mark.parametrize(("cost", "gradient", "z", "y"), GRADIENTS, ids=[gradient.__name__ for _, gradient, _, _ in GRADIENTS])
def test_each_gradient_is_what_finite_differences_find(
    cost: Callable[[Array], float], gradient: Callable[[Array, Array], Array], z: Array, y: Array
) -> None:
    np.testing.assert_allclose(gradient(z, y), numerical(cost, z), rtol=1e-6, atol=1e-9)


def test_a_batch_twice_as_large_costs_the_same() -> None:
    for cost in (textbook.categorical_cross_entropy, textbook.half_squared_error):
        assert cost(np.tile(Z, (2, 1)), np.tile(Y, (2, 1))) == pytest.approx(cost(Z, Y), rel=1e-14)
    assert textbook.binary_cross_entropy(np.tile(LINE, 2), np.tile(BITS, 2)) == pytest.approx(
        textbook.binary_cross_entropy(LINE, BITS), rel=1e-14
    )


def test_far_out_nothing_overflows_and_nothing_is_divided_by_zero() -> None:
    rows = np.stack([FAR, -FAR, 0 * FAR], axis=1)
    targets = np.eye(3)[np.arange(len(FAR)) % 3]
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        numbers = [
            textbook.binary_cross_entropy(FAR, (FAR < 0).astype(float)),
            textbook.binary_cross_entropy_gradient(FAR, 0 * FAR),
            textbook.categorical_cross_entropy(rows, targets),
            textbook.categorical_cross_entropy_gradient(rows, targets),
            textbook.half_squared_error_sigmoid_gradient(FAR, 0 * FAR),
            textbook.half_squared_error_softmax_gradient(rows, targets),
        ]
    assert all(np.isfinite(number).all() for number in numbers)


@pytest.mark.parametrize("erratum", PAGE.ERRATA, ids=[erratum.title for erratum in PAGE.ERRATA])
def test_the_founding_text_fails_where_ours_passes(erratum: Any) -> None:
    np.testing.assert_allclose(erratum.ours(*erratum.inputs), erratum.right, rtol=1e-12)
    try:
        theirs = np.asarray(erratum.theirs(*erratum.inputs))
    except TypeError:
        return
    assert not np.allclose(theirs, erratum.right, rtol=1e-3)


def test_the_gradient_under_delta_is_derived_rightly_and_dies() -> None:
    def clamped(z: Array, y: Array) -> float:
        return float(np.mean(-np.log((textbook.softmax(z) * y).sum(axis=1) + 1e-7)))

    np.testing.assert_allclose(PAGE.delta_gradient(Z, Y), numerical(lambda z: clamped(z, Y), Z), rtol=1e-6, atol=1e-9)
    right = np.array([[1.0, 0.0]])
    sizes = [abs(PAGE.delta_gradient(np.array([[-margin, 0.0]]), right)[0, 0]) for margin in (40.0, 41.0)]
    assert np.log(sizes[0] / sizes[1]) == pytest.approx(1, rel=1e-6)


def test_the_page_is_what_its_command_writes() -> None:
    assert (DOCS / "textbook.md").read_text(encoding="utf-8") == PAGE.page(), "run: python docs/textbook.py"
