"""What moves while a sweep trains: a bar on a terminal, or one in the output of a notebook's cell."""

import sys
from html import escape
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as RichProgress
from rich.table import Column

FACTS = ("now", "runs", "rate", "left")  # what is told beside a bar: what is trained, runs stored, speed, time left
AT_END = ("study", "runs")  # what is told at the end of one that stays


class Bar(Protocol):
    """A display that is drawn again and again. `facts` has a text for each of FACTS and AT_END, and `share` goes from 0 to 1."""

    def start(self, facts: dict[str, Any]) -> None:
        """Show it for the first time."""

    def draw(self, share: float, facts: dict[str, Any]) -> None:
        """Show how far it is."""

    def stop(self, share: float, facts: dict[str, Any]) -> None:
        """Show the end, which stays."""


def bar_for_display() -> Bar | None:
    """A bar where somebody watches: in a notebook or on a terminal; None where stderr goes elsewhere."""
    if _notebook() is not None:
        return NotebookBar()
    console = Console(stderr=True)
    return TerminalBar(console) if console.is_terminal and not console.is_dumb_terminal else None


class TerminalBar:
    """A line on a terminal's stderr that is written over."""

    def __init__(self, console: Console) -> None:
        now = TextColumn("{task.fields[now]}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
        columns = [_text(f"{{task.fields[{name}]}}") for name in FACTS[1:]]
        self._rich = RichProgress(now, BarColumn(bar_width=12), *columns, console=console, auto_refresh=False, expand=True)

    def start(self, facts: dict[str, Any]) -> None:
        """Show it for the first time."""
        self._rich.add_task("", total=1.0, **facts)
        self._rich.start()

    def draw(self, share: float, facts: dict[str, Any]) -> None:
        """Show how far it is."""
        self._rich.update(self._rich.task_ids[0], completed=share, refresh=True, **facts)

    def stop(self, share: float, facts: dict[str, Any]) -> None:
        """Show the end, which stays."""
        self.draw(share, facts)
        self._rich.stop()


class NotebookBar:
    """A <progress> element in the output of the cell that trains, which is updated in place and needs no widgets.

    What stays at the end tells no times, so that a notebook that is executed again stays the same.
    """

    def __init__(self) -> None:
        self._handle: Any = None

    def start(self, facts: dict[str, Any]) -> None:
        """Show it for the first time."""
        self._handle = sys.modules["IPython.display"].display(_bundle(0.0, facts, FACTS), raw=True, display_id=True)

    def draw(self, share: float, facts: dict[str, Any]) -> None:
        """Show how far it is."""
        self._handle.update(_bundle(share, facts, FACTS), raw=True)

    def stop(self, share: float, facts: dict[str, Any]) -> None:
        """Show the end, which stays."""
        self._handle.update(_bundle(share, facts, AT_END), raw=True)


def _bundle(share: float, facts: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    """The display as HTML and as text."""
    text = " · ".join(str(facts[name]) for name in names)
    bar = f'<progress value="{share:.3f}" max="1" style="vertical-align: middle"></progress>'
    return {"text/html": f"<div>{bar} <small>{escape(text)}</small></div>", "text/plain": f"{share:4.0%} {text}"}


def _notebook() -> Any:
    """The kernel of the notebook that this process serves; None where it serves none. IPython is not imported for it."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)


def _text(template: str) -> TextColumn:
    return TextColumn(template, markup=False, table_column=Column(no_wrap=True))
