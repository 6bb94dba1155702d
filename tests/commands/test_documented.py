"""Every `lossbench …` line of the pages is one that the program takes: the command, its options, its arguments."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from lossbench.commands.cli import commands

HOUSE = Path(__file__).parents[2]
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "docs/site/*.md", "experiments/*/README.md")
LISTING = re.compile(r"^```sh\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
IN_A_LINE = re.compile(r"(?<!`)`(lossbench [^`\\]+)`(?!`)")
OPEN = "…"  # stands for words that a page leaves out


def command_lines(text: str) -> Iterator[list[str]]:
    """The words of each command that a page shows, in a listing or in a line; a command's bare name is no such line."""
    listed = "".join(LISTING.findall(text)).replace("\\\n", " ")
    for line in [*listed.splitlines(), *(" ".join(line.split()) for line in IN_A_LINE.findall(text))]:
        words = shlex.split(line.removeprefix("$ ").removeprefix("time "), comments=True)
        if words[:1] == ["lossbench"] and len(words) > 2 and OPEN not in words:
            yield words[1:]


def fault(words: list[str]) -> str:
    """What the program has against a command line, before it does anything; empty where it has nothing."""
    command = commands.commands.get(words[0])
    if command is None:
        return "no such command"
    try:
        command.make_context(words[0], words[1:])
    except click.ClickException as error:
        return error.format_message()
    except click.exceptions.Exit:  # --help, --version
        pass
    return ""


def test_every_command_line_of_the_pages_is_understood() -> None:
    pages = [path for pattern in PAGES for path in sorted(HOUSE.glob(pattern))]
    lines = [(path.name, words) for path in pages for words in command_lines(path.read_text(encoding="utf-8"))]
    assert len(lines) > 80
    assert not [(name, " ".join(words), message) for name, words in lines if (message := fault(words))]


def test_a_wrong_option_a_wrong_command_and_a_missing_argument_are_faults() -> None:
    assert "--detached" in fault(["run", "loss=ce", "--detached"])
    assert fault(["trian", "loss=ce"]) == "no such command"
    assert "FOLDER" in fault(["export", "--to", "csv"])
