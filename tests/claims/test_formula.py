"""Formulas: what is written in a claims file is arithmetic and nothing else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lossbench.claims.formula import evaluate
from lossbench.errors import BadInput

TABLE = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [3, 0, 5], "text": ["x", "y", "z"]})
FORMULAS = {"value", "x", "y"}


def formulas(content):
    """Every text in a claims file that may be a formula."""
    if isinstance(content, list):
        return {formula for entry in content for formula in formulas(entry)}
    if not isinstance(content, dict):
        return set()
    own = {str(text) for key, text in content.items() if key in FORMULAS and not isinstance(text, dict | list)}
    return own | formulas(list(content.values()))


COMMITTED = sorted(
    formula
    for formula in formulas([yaml.safe_load(path.read_text("utf-8")) for path in Path("experiments").glob("*/claims.yaml")])
    if "." not in formula or any(sign in formula for sign in "*/+-(<> ")
)


def pandas_form(formula):
    """The formula as pandas' own evaluator writes it."""
    return formula.replace("median(raw)", "raw.median()").replace("median(ce)", "ce.median()")


def test_there_are_committed_formulas():
    assert len(COMMITTED) > 70


def drawn(formula):
    """A table with every name of a formula as a column, (9, names)."""
    letters = "".join(letter if letter.isalnum() or letter == "_" else " " for letter in formula)
    names = sorted({name for name in letters.split() if name[0].isalpha()} - {"log", "exp", "abs", "median"}) or ["x"]
    return pd.DataFrame(np.random.default_rng(3).lognormal(size=(9, len(names))), columns=names)


def test_committed_formulas_have_the_values_that_pandas_gives_them():
    differing = []
    for formula in COMMITTED:
        with np.errstate(all="ignore"):
            expected = drawn(formula).eval(pandas_form(formula), engine="python")
        own = evaluate(formula, drawn(formula), "here")
        if not np.array_equal(own, np.broadcast_to(np.asarray(expected, dtype=float), 9), equal_nan=True):
            differing.append(formula)
    assert not differing


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("a ** 2 - -b", [4, 4, 21]),
        ("a / b", [1 / 3, np.inf, 0.8]),
        ("(a < b) * 2", [2, 0, 2]),
        ("min(a, b, 2) + max(a, 3)", [4, 3, 6]),
        ("a - median(a)", [-1, 0, 2]),
        ("9 ** 9 ** 9 ** 9", [np.inf] * 3),
        (7, [7, 7, 7]),
    ],
)
def test_a_formula_is_arithmetic_in_float64(formula, expected):
    np.testing.assert_allclose(evaluate(formula, TABLE, "here"), expected, rtol=1e-15)


@pytest.mark.parametrize(
    "formula",
    [
        "nothing + 1", "a +", "__import__('os').getcwd()", "a.sum.__globals__", "'text'", "text", "a.to_csv('written')",
        "a.apply.__globals__.get('sys').modules.get('os').system('touch written')", "(lambda: 1)()", "[x for x in a]",
        "a[0]", "a if a else b", "a and b", "not a", "a < b < 2", "abs", "abs()", "abs(a, b)", "abs(x=a)", "max(*a)", "max(a)",
        "f'{a}'", "@a", "a = 1", "(a := 1)", "True", "1j", "-" * 900 + "a", "(" * 400 + "a" + ")" * 400, "a+" * 600 + "a",
        "9" * 900, "a\0", "\ud800", "", None, True, ["a"], {"a": 1}, 10**400,
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_before_the_time_limit_of_a_test(formula, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"^here: the formula .* cannot be worked out"):
        evaluate(formula, TABLE, "here")
    assert not list(tmp_path.iterdir())
