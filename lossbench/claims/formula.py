"""Formulas over the columns of a table: `100 * it`, `log(slow / fast)`. A grammar of our own, so that a file runs no code."""

import ast
import operator
import sys
from collections.abc import Callable, Mapping
from functools import partial, reduce
from typing import Any

import numpy as np
import pandas as pd

from lossbench.analysis.statistics import Values
from lossbench.errors import BadInput

LONGEST = 1000  # characters
DEEPEST = 40  # operations within one another
SHOWN = 60  # columns in a message

# Everything is a float64 from the start: a power of powers overflows to infinity at once; whole numbers would grow for ever.
_BINARY: Mapping[type[ast.AST], Callable[[Values, Values], Values]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: np.power,
}
_SIGNS: Mapping[type[ast.AST], Callable[[Values], Values]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_COMPARISONS: Mapping[type[ast.AST], Callable[[Values, Values], Values]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


def _median(values: Values) -> Values:
    """The median over the rows, () for values (rows,); a NaN counts for nothing, as in pandas."""
    return np.asarray(pd.Series(np.atleast_1d(values)).median(), dtype=float)


_UNARY: Mapping[str, Callable[[Values], Values]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "cos": np.cos,
    "exp": np.exp,
    "expm1": np.expm1,
    "floor": np.floor,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "median": _median,
    "sin": np.sin,
    "sqrt": np.sqrt,
    "tan": np.tan,
    "tanh": np.tanh,
}
_SEVERAL: Mapping[str, Callable[[Values, Values], Values]] = {"max": np.maximum, "min": np.minimum}


def evaluate(formula: object, table: pd.DataFrame, where: str) -> Values:
    """The formula's value in each row, (rows,); a comparison is 1 or 0, a division by 0 infinite.

    A formula has numbers, columns, + - * / **, comparisons, and the functions above; median is over the rows.
    Raises BadInput for everything else.
    """
    try:
        with np.errstate(all="ignore"):
            value = _value(_parsed(formula), table, DEEPEST)
        return np.broadcast_to(np.asarray(value, dtype=float), len(table)).copy()
    # What Python's parser raises, and NumPy for a column of text: a malformed formula, too, is no traceback.
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        columns = ", ".join(str(name) for name in table.columns[:SHOWN])
        raise BadInput(
            f"{where}: the formula {str(formula)[:SHOWN]!r} cannot be worked out ({reason}). Known: {columns}."
        ) from error


def is_number(content: Any) -> bool:
    """Whether it is a finite number that float64 holds."""
    return isinstance(content, int | float) and not isinstance(content, bool) and abs(content) <= sys.float_info.max


def _parsed(formula: object) -> ast.expr:
    if isinstance(formula, int | float) and not isinstance(formula, bool):
        return ast.Constant(value=formula)
    if not isinstance(formula, str):
        raise TypeError("a formula is text or a number")
    if len(formula) > LONGEST:
        raise ValueError(f"it has {len(formula)} characters, and may have {LONGEST}")
    return ast.parse(" ".join(formula.split()), mode="eval").body


def _value(node: ast.AST, table: pd.DataFrame, depth: int) -> Values:
    """The value of a part of the formula, () or (rows,). Raises ValueError for what the grammar lacks."""
    if depth == 0:
        raise ValueError(f"it has more than {DEEPEST} operations within one another")

    def inner(part: ast.AST) -> Values:
        return _value(part, table, depth - 1)

    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return np.asarray(float(number))
        case ast.Name(id=name):
            return _column(name, table)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
            return _BINARY[type(sign)](inner(left), inner(right))
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _SIGNS:
            return _SIGNS[type(sign)](inner(operand))
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _COMPARISONS:
            return np.asarray(_COMPARISONS[type(sign)](inner(left), inner(right)), dtype=float)
    return _call(node)(list(map(inner, node.args if isinstance(node, ast.Call) else [])))


def _call(node: ast.AST) -> Callable[[list[Values]], Values]:
    """The function of a call, of the values of its arguments. Raises ValueError for all else that Python's grammar has."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[_], keywords=[]) if name in _UNARY:
            return lambda values: _UNARY[name](values[0])
        case ast.Call(func=ast.Name(id=name), args=[_, _, *_], keywords=[]) if name in _SEVERAL:
            return partial(reduce, _SEVERAL[name])
    known = ", ".join(sorted({*_UNARY, *_SEVERAL}))
    raise ValueError(f"{ast.unparse(node)!r} is no part of a formula: numbers, columns, + - * / **, comparisons, {known}")


def _column(name: str, table: pd.DataFrame) -> Values:
    if name not in table:
        raise ValueError(f"no column is called {name!r}")
    return np.asarray(table[name], dtype=float)
