"""A plugin that cannot be imported is one sentence, with its name, its line and what happened."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lossbench import registry
from lossbench.commands.cli import answer
from lossbench.errors import BadInput
from lossbench.registry import construct, load_plugins

# As libraries do that want to know of an exit: the last line of the traceback is theirs.
WRAPPED_EXIT = """
import sys
from unittest.mock import patch
with patch("sys.exit", wraps=sys.exit) as leave:
    def ends():
        pass
    leave(7)
"""
FAILING = {
    "syntax": ("x = (", r"failed while it was imported \(line 1\): SyntaxError"),
    "raises": ("\nraise RuntimeError('no luck')", r"failed while it was imported \(raises\.py, line 2\): RuntimeError no luck"),
    "exits": ("import sys\nsys.exit(7)", r"failed while it was imported \(exits\.py, line 2\): SystemExit 7"),
    "wraps": (WRAPPED_EXIT, r"failed while it was imported \(wraps\.py, line 7\): SystemExit 7"),
    "needs": ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the command is given, on Python's path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


@pytest.mark.parametrize("name", FAILING)
def test_a_plugin_that_fails_while_it_is_imported_is_one_sentence_and_exit_code_2(name, here, capsys):
    source, message = FAILING[name]
    (here / f"{name}.py").write_text(source)
    with pytest.raises(BadInput, match=message):
        load_plugins([name])
    assert answer(["run", f"plugins=[{name}]"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    assert list(here.glob("results/**/*")) == []


def test_bytes_that_are_no_text_are_told(here):
    (here / "binary.py").write_bytes(b"\xff\xfe\x00nonsense")
    with pytest.raises(BadInput, match="'binary' failed while it was imported"):
        load_plugins(["binary"])


@pytest.mark.parametrize("name", ["", ".x", "../x", "x/y", "1x", "a..b", ["a"]])
def test_a_name_that_is_no_modules_is_refused(name):
    with pytest.raises(BadInput, match="it wants modules as Python imports them"):
        load_plugins([name])


BARE = """
from dataclasses import dataclass
from typing import Literal
from lossbench import Loss
from lossbench.losses import CrossEntropy

{decorator}
class {name}({base}):
    link: Literal["auto", "sigmoid", "softmax"] = "auto"
    powers: list[int] = (2, 3)

    def value(self, z, y):
        return sum((z - y).abs() ** power for power in self.powers).sum(-2)
"""
WHOLE = "@dataclass(frozen=True, kw_only=True)"


@pytest.mark.parametrize(
    ("name", "decorator", "base", "message"),
    [
        ("Bare", "", "Loss", r"bare\.Bare is no dataclass, so that nobody knows its options\. Write @dataclass\(frozen"),
        ("BareChild", "", "CrossEntropy", "BareChild is no dataclass"),
        ("Changing", "@dataclass", "Loss", "Changing can change after it was made"),
    ],
)
def test_a_class_whose_options_nobody_knows_is_named_and_told_what_to_write(name, decorator, base, message, here, capsys):
    (here / f"{name.lower()}.py").write_text(BARE.format(name=name, decorator=decorator, base=base))
    try:
        assert answer(["run", f"plugins=[{name.lower()}]", f"loss={name.lower()}"]) == 2
    finally:
        registry._classes["loss"] = {word: cls for word, cls in registry._classes["loss"].items() if cls.__name__ != name}
    captured = capsys.readouterr()
    assert re.search(message, captured.err)
    assert "Traceback" not in captured.err


@pytest.mark.slow
def test_an_option_that_is_a_list_of_numbers_trains_and_is_swept(here, capsys):
    (here / "listed.py").write_text(BARE.format(name="Listed", decorator=WHOLE, base="Loss"))
    words = ["run", "plugins=[listed]", "loss=listed", "dataset=iris", "steps=3"]
    assert answer([*words, "loss.powers=[2,3],[4]"]) == 0
    assert "2 runs trained" in capsys.readouterr().err
    assert answer(words) == 0  # the default, (2, 3), is the list [2, 3]
    assert "all there already" in capsys.readouterr().err
    cls = registry.find("loss", "listed")
    assert hash(cls(powers=[2, 3])) == hash(cls()) != hash(cls(powers=[3, 2]))


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of every kind that one may have."""

    widths: list[int] = ()
    rates: dict[str, float] = ()
    both: tuple[float, ...] = ()
    odd: frozenset[int] = frozenset()


def test_lists_and_mappings_are_checked_item_by_item_and_other_generics_are_refused_by_name():
    made = construct(Options, {"widths": [1, 2], "rates": {"a": 1}, "both": [1, 2.5]})
    assert (made.widths, made.rates, made.both) == ([1, 2], {"a": 1.0}, (1.0, 2.5))
    for options, message in (
        ({"widths": [1, "x"]}, "widths wants a whole number and got 'x'"),
        ({"widths": 3}, "widths wants a list"),
        ({"rates": {"a": "b"}}, "rates wants a number and got 'b'"),
        ({"rates": [1]}, "rates wants a mapping"),
        ({"odd": [1]}, r"odd is declared as frozenset\[int\], which no option can be"),
        ({"both": [10**400]}, "both is a number of 401 digits, more than a float holds"),
    ):
        with pytest.raises(BadInput, match=message):
            construct(Options, options)
