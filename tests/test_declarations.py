"""Declarations: the file beside the window says what the shelves say."""

from importlib.resources import files

from lossbench.commands.declarations import builtin_declarations


def test_the_file_of_built_in_declarations_is_what_the_shelves_declare() -> None:
    assert files("lossbench.tables").joinpath("builtin.json").read_text(encoding="utf-8") == builtin_declarations()
