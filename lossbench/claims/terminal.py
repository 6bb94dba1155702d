"""Judged claims on a terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lossbench.claims.text import Line, line
from lossbench.claims.verdict import Judgement, Unjudged
from lossbench.errors import printable

WIDTH = 150  # columns, where the output is no terminal's
_COLOURS = {"holds": "green", "differs": "red", "within scatter": "yellow", "no power": "cyan"}


def print_verdicts(title: str, judged: Sequence[Judgement | Unjudged]) -> None:
    """Print an experiment's claims: source, published, measured, tolerance and verdict."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    table = Table(title=shown(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("claim", ratio=4)
    table.add_column("source", ratio=2)
    for name in ("published", "measured", "tolerance"):
        table.add_column(name, justify="right")
    table.add_column("verdict", ratio=1)
    previous = ""
    for row in map(line, judged):
        _add(table, row, previous)
        previous = row.claim
    console.print(table)


def _add(table: Table, row: Line, previous: str) -> None:
    """A row, under its claim; what stands above already is not said again."""
    if row.row and row.claim != previous:
        table.add_row(shown(row.claim), shown(row.source))
    claim, source = (f"  {row.row}", "") if row.row else (row.claim, row.source)
    measured = f"{row.measured}\n{row.interval}" if row.interval else row.measured
    verdict = f"[{_COLOURS.get(row.verdict, 'magenta')}]{row.verdict}[/]"
    verdict += f"\n{row.power}" if row.power else ""
    changed = f"\n[magenta]{shown(row.changed)}[/]" if row.changed else ""
    table.add_row(shown(claim), shown(source), row.published, measured, row.tolerance, verdict + changed)


def shown(text: str) -> str:
    """Text of a file, for a cell: neither rich's markup nor the terminal's escapes in it do anything."""
    return escape(printable(text))
