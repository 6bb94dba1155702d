"""What a reader may rely on: public functions say what they do, arrays have shapes, and names say what they hold."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from parsed_files import tree

HOUSE = Path(__file__).parents[1]
LIBRARY = sorted((HOUSE / "lossbench").rglob("*.py"))
ARRAYS = re.compile(r"\b(Tensor|Array|AnyArray|Numbers|Values|ndarray)\b")
# A shape is a tuple of axis letters or names of sizes; leading axes are "...": (R, C, B), (..., C, B), (T,), (out, in), (R, 2L).
AXIS = r"(?:\.\.\.|…|\*?[A-Za-z]\w*|·|\d+[A-Z]?|[A-Z]·[A-Z]|[a-z]·[A-Z])"
SHAPE = re.compile(rf"\((?:{AXIS},(?: ?{AXIS})?(?:, ?{AXIS})*|\.\.\.|…)\)|\(\)|\bscalar\b|\bshapes?\b", re.IGNORECASE)
VAGUE = {
    *("bench", "crew", "found", "here", "laid", "mine", "past", "place", "places", "room", "rooms", "said", "seen", "stuff"),
    *("there", "thing", "things", "told", "words"),
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Public(NamedTuple):
    """A public function or method, and the class that it stands in."""

    path: Path
    owner: str
    function: Function

    def __str__(self) -> str:
        return f"{self.path.relative_to(HOUSE)}:{self.function.lineno} {self.owner}{self.function.name}"


def public(path: Path) -> Iterator[Public]:
    """The public functions of a file, and the public methods of its public classes."""
    for node in tree(path).body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield Public(path, "", node)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (
                Public(path, f"{node.name}.", inner)
                for inner in node.body
                if isinstance(inner, Function) and inner.name[0] != "_"
            )


@cache
def functions() -> list[Public]:
    """All public functions of the library."""
    return [one for path in LIBRARY for one in public(path)]


@cache
def inherited(name: str) -> str:
    """What nouns say of their methods of one name: a method may lean on the docstring of the one that it implements."""
    return "".join(ast.get_docstring(one.function) or "" for one in functions() if one.owner and one.function.name == name)


def docstring(one: Public) -> str:
    """A function's docstring, or that of a documented method of its name where it is a method without one."""
    return ast.get_docstring(one.function) or (inherited(one.function.name) if one.owner else "")


def annotations(function: Function) -> str:
    """All annotations of a function, as one text."""
    given = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    hints = [argument.annotation for argument in given if argument.annotation]
    return " ".join(ast.unparse(hint) for hint in [*hints, *([function.returns] if function.returns else [])])


def test_a_public_function_says_what_it_does_and_gives_the_shapes_of_its_arrays() -> None:
    silent = [str(one) for one in functions() if not docstring(one) and not trivial(one)]
    shapeless = [str(one) for one in functions() if ARRAYS.search(annotations(one.function)) and not SHAPE.search(docstring(one))]
    assert not silent
    assert not shapeless


def trivial(one: Public) -> bool:
    """Whether a function is a formula of one line in a room of formulas, which its name says whole."""
    return "references" in one.path.parts


def test_a_name_says_what_it_holds() -> None:
    bad = {path.relative_to(HOUSE): {name.strip("_") for name in bound(tree(path))} & VAGUE for path in LIBRARY}
    assert not {path: names for path, names in bad.items() if names}


def bound(code: ast.AST) -> Iterator[str]:
    """Every name that a file binds: variables, parameters, attributes, functions, classes."""
    for node in ast.walk(code):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, Function | ast.ClassDef):
            yield node.name
