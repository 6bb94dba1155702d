"""Cards on a terminal."""

from collections.abc import Sequence
from math import inf, log10

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lossbench.audit.card import Card
from lossbench.audit.sections import Section, overview, sections

_BAR = 46
_LOUD = "bold red"


def print_cards(cards: Sequence[Card], console: Console) -> None:
    """Every card; for several also one table, and one chart of all escape times."""
    for card in cards:
        console.print(_panel(card))
    if len(cards) > 1:
        console.print(_section(overview(cards)))
        console.print(_chart(cards))


def _panel(card: Card) -> Panel:
    parts: list[RenderableType] = [Text(card.about, style="italic")] if card.about else []
    for section in sections(card):
        parts += [Text(), _section(section)]
    border = "red" if card.disagreements else "dim"
    return Panel(Group(*parts), title=Text(card.name, style="bold"), title_align="left", border_style=border)


def _section(section: Section) -> Group:
    parts: list[RenderableType] = [Text(section.title, style="bold cyan")]
    parts += [Text(line, style=_LOUD if line.startswith("DECLARED") else "") for line in section.sentences]
    if section.rows:
        parts.append(_table(section))
    return Group(*parts)


def _table(section: Section) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(section.head), header_style="dim")
    for place, name in enumerate(section.head):
        table.add_column(name, no_wrap=place == 0, overflow="fold")
    for place, row in enumerate(section.rows):
        table.add_row(*map(Text, row), style=_LOUD if place in section.loud else "")
    return table


def _chart(cards: Sequence[Card]) -> Group:
    """Escape times from z₀ = 10 as bars on a logarithmic scale, the quickest first."""
    timed = [(card.saturation.predicted[-1], card.name) for card in cards if card.saturation is not None]
    finite = sorted(pair for pair in timed if 0 < pair[0] < inf)
    lines: list[RenderableType] = [Text("2ηT(10), on a logarithmic scale", style="bold cyan")]
    if not finite:
        return Group(*lines)
    low, high = log10(finite[0][0]), log10(finite[-1][0])
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for time, name in finite + sorted(pair for pair in timed if pair[0] == inf):
        share = 1.0 if time == inf else (log10(time) - low) / max(high - low, 1e-9)
        table.add_row(name, "█" * (1 + round(share * (_BAR - 1))), "never" if time == inf else f"{time:.3g}")
    return Group(*lines, table)
