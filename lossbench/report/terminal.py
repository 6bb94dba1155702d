"""The scoreboard on a terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from lossbench.claims.terminal import shown
from lossbench.report.tables import Cell, ScoreboardPart

WIDTH = 120  # columns, where the output is no terminal's


def print_scoreboard(standings: Sequence[ScoreboardPart]) -> None:
    """Print each setting's losses: final and best result, steps to the level; medians, and 95 % intervals in brackets."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    for setting in standings:
        console.print(_table(setting))


def _table(setting: ScoreboardPart) -> Table:
    title = shown(
        ", ".join(
            filter(None, [setting.setting, setting.measure, setting.baseline and f"most frequent class {setting.baseline}"])
        )
    )
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("loss")
    for name in ("rate", "final", "best", f"steps to {setting.level}" if setting.level else "steps", "diverged"):
        table.add_column(name, justify="right")
    for row in setting.rows:
        table.add_row(shown(row.loss), row.rate, _text(row.final), _text(row.best), _text(row.steps), row.diverged)
    return table


def _text(cell: Cell) -> str:
    return f"{cell.text}  ({cell.interval})" if cell.interval else cell.text
