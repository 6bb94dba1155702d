"""Cards on a terminal."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, log10

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lossbench.audit.cards.advice import escape_time
from lossbench.audit.cards.card import Card
from lossbench.audit.cards.sections import Section, overview, sections
from lossbench.audit.cards.verdict import is_grave, verdict

_BAR = 46
_HIGHLIGHT = "bold red"
_WIDE = 120
_DISPENSABLE = {"tolerant", "2ηT(2)", "2ηT(6)", "float64", "float32"}


def print_cards(cards: Sequence[Card], console: Console) -> None:
    """Every card; for several also one table, and one chart of all escape times."""
    for card in cards:
        console.print(_panel(card))
    if len(cards) > 1:
        console.print(_section(_fitting(overview(cards), console.width)))
        console.print(_chart(cards))


def _panel(card: Card) -> Panel:
    parts: list[RenderableType] = [Text(card.about, style="italic")] if card.about else []
    parts.append(Text(verdict(card), style=_HIGHLIGHT if is_grave(card) else "bold"))
    for section in sections(card):
        parts += [Text(), _section(section)]
    border = "red" if is_grave(card) else "dim"
    return Panel(Group(*parts), title=Text(card.name, style="bold"), title_align="left", border_style=border)


def _section(section: Section) -> Group:
    parts: list[RenderableType] = [Text(section.title, style="bold cyan")]
    parts += [Text(line, style=_HIGHLIGHT if line.startswith("DECLARED") else "") for line in section.sentences]
    if section.rows:
        parts.append(_table(section))
    return Group(*parts)


def _table(section: Section) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(section.head), header_style="dim")
    for index, name in enumerate(section.head):
        table.add_column(name, no_wrap=index == 0, overflow="fold")
    for index, row in enumerate(section.rows):
        table.add_row(
            *map(Text, row), style=_HIGHLIGHT if index in section.highlighted else "dim" if index in section.muted else ""
        )
    return table


def _fitting(section: Section, width: int) -> Section:
    """The section with fewer columns where the terminal is narrow."""
    if width >= _WIDE:
        return section
    kept = [index for index, name in enumerate(section.head) if name not in _DISPENSABLE]
    rows = tuple(tuple(row[index] for index in kept) for row in section.rows)
    return replace(section, head=tuple(section.head[index] for index in kept), rows=rows)


def _chart(cards: Sequence[Card]) -> Group:
    """Escape times from z₀ = 10 as bars on a logarithmic scale, the quickest first."""
    timed = [(escape_time(card, 10.0), card.name) for card in cards if card.saturation is not None]
    finite = sorted(pair for pair in timed if 0 < pair[0] < inf)
    lines: list[RenderableType] = [Text("2ηT(10), on a logarithmic scale", style="bold cyan")]
    if not finite:
        return Group(*lines)
    low = min(log10(finite[0][0]), 0.0)
    high = max(log10(finite[-1][0]), low + 2)
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for time, name in finite + sorted(pair for pair in timed if pair[0] == inf):
        share = 1.0 if time == inf else (log10(time) - low) / (high - low)
        table.add_row(name, "█" * (1 + round(share * (_BAR - 1))), "never" if time == inf else f"{time:.3g}")
    return Group(*lines, table)
