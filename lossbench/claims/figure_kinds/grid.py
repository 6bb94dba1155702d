"""Rows, panels and lines filled in: what the kinds of charts have in common."""

from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from lossbench.analysis import formatting
from lossbench.analysis.comparison import Contender
from lossbench.analysis.labels import LOSS
from lossbench.claims.figure_kinds.parts import Heading, Part, StudyLosses, joined, looks, parts
from lossbench.claims.figure_kinds.references import references
from lossbench.claims.measurement import Records
from lossbench.errors import BadInput, unknown
from lossbench.plots.chart import Axis, Line, Panel, Reference, Scale
from lossbench.plots.end_labels import CROWD
from lossbench.plots.panels import note_on
from lossbench.plots.style import Stroke

TALLEST = 20  # inches of a row; a picture of any height would take any memory
AXIS = ("label", "scale", "limits")
NOTHING = "no run has what it asks for, so that there is nothing to draw."
Content = Mapping[str, Any]
CellIndex = tuple[int, int, int]  # row, panel, line


Shown = Mapping[CellIndex, tuple[Line, Content]]


@dataclass(frozen=True, kw_only=True)
class Panelled(ABC):  # noqa: B024 what is abstract is the kind
    """What a figure of panels says: which runs it is about, how they are split, and the vertical axis.

    `rows`, `panels` and `lines` are each a spec column, or titles with what each says.
    """

    of: Any = field(default_factory=dict)
    rows: Any = None
    panels: Any = None
    lines: Any = "loss"
    label: str | None = None
    scale: Scale | None = None
    limits: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class LineKind:
    """How a kind of chart makes a line of the content of a cell, and which vertical axis it asks for."""

    draw: Callable[[Content, Records, Contender], Line | None]
    axis: Callable[[Content], Axis]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A figure's rows, panels and lines, and what it says for all of them. `split` is what tells the lines apart."""

    base: Content
    rows: tuple[Part, ...]
    panels: tuple[Part, ...]
    lines: tuple[Part, ...]
    split: Any


@dataclass(frozen=True, kw_only=True)
class FilledGrid:
    """A grid's panels by row and column, each row with what it says of its axis, and how the lines are drawn."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Axis, tuple[Panel, ...]], ...]
    looks: Mapping[Contender, Stroke]


def grid(figure: Panelled, names: tuple[str, ...], losses: StudyLosses, measured: Literal["rows", "panels"] = "rows") -> Grid:
    """The grid that a figure describes; `names` are what it, and each part, may say beside `of`.

    The parts that have an axis for what is measured, its rows or its panels, may say how that is laid out.
    Raises BadInput where a part says what nobody knows, or names a line that is none.
    """
    height = getattr(figure, "height", None)
    if height is not None and not 0 < height <= TALLEST:
        raise BadInput(f"height is {height:g}; a row of panels has between 0 and {TALLEST} inches.")
    base = {name: getattr(figure, name) for name in ("of", *names, *AXIS)}
    rows, panels, lines, of, known = figure.rows, figure.panels, figure.lines, figure.of, ("of", *names)
    made = Grid(
        base=base,
        rows=parts(rows, losses, of, (*known, *(AXIS if measured == "rows" else ()))),
        panels=parts(panels, losses, of, (*known, "lines", *(AXIS if measured == "panels" else ()))),
        lines=parts(lines, losses, of, known),
        split=lines,
    )
    titles = [line.title for line in made.lines]
    for name in (str(name) for panel in made.panels for name in panel.over.get("lines") or ()):
        if name not in titles:
            raise unknown("line of the figure", name, titles)
    return made


def filled(made: Grid, records: Records, heading: Heading, kind: LineKind) -> FilledGrid:
    """Every panel with its lines and references. Raises BadInput where there is nothing to draw."""
    cells = cells_of(made, records)
    strokes = looks_of(made, cells, heading.losses)
    contenders = {who.label: who for who in strokes}
    lines = {index: kind.draw(content, own, contenders[made.lines[index[2]].title]) for index, (content, own) in cells.items()}
    shown = {index: (line, cells[index][0]) for index, line in lines.items() if line}
    if not shown:
        raise BadInput(NOTHING)
    return FilledGrid(
        heads=tuple(part.title for part in made.panels),
        rows=tuple(_row(made, i, shown, heading, kind) for i in sorted({i for i, _, _ in shown})),
        looks=strokes,
    )


def span(name: str, limits: Any) -> tuple[float, float] | None:
    """The ends of an axis, where the file gives them. Raises BadInput for what are no two numbers, the lower one first."""
    if limits is None:
        return None
    numbers = [float(end) for end in limits if isinstance(end, int | float)] if isinstance(limits, list | tuple) else []
    if len(numbers) != 2 or not numbers[0] < numbers[1]:
        raise BadInput(f"{name} is {limits!r}; it is two numbers, the lower one first.")
    return numbers[0], numbers[1]


def note(made: FilledGrid, one: str, *, dots: bool) -> str:
    """What a line and its band or dots are; many lines have neither. Of a lone seed, what `one` says."""
    seeds = [line.seeds for _, panels in made.rows for panel in panels for line in panel.lines]
    if max(seeds) == 1:
        return one
    if dots or len(made.looks) > CROWD:
        return f"Lines: medians of {formatting.spread(seeds, 'seed')}.{' Dots: single seeds.' if dots else ''}"
    return note_on(seeds)


def _row(made: Grid, i: int, shown: Shown, heading: Heading, kind: LineKind) -> tuple[Axis, tuple[Panel, ...]]:
    """A row's axis and panels. What the file does not say of the axis, the first line's content does."""
    first = next(content for (row, _, _), (_, content) in sorted(shown.items(), key=lambda item: item[0]) if row == i)
    title, over, usual = made.rows[i].title, made.rows[i].over, kind.axis(first)
    content = {**made.base, **over}
    label = content["label"] or usual.label
    return Axis(
        label=label if over.get("label") or over.get("column") else f"{title}\n{label}".strip(),
        scale=content["scale"] or usual.scale,
        limits=span("limits", content["limits"]),
    ), tuple(_panel(shown, (i, j), heading) for j in range(len(made.panels)))


def looks_of(made: Grid, cells: Mapping[CellIndex, tuple[Content, Records]], losses: StudyLosses) -> dict[Contender, Stroke]:
    """Who the lines are that have runs anywhere, and how they are drawn."""
    loss_words: dict[str, set[str]] = {}
    for (_, _, k), (_, own) in sorted(cells.items(), key=lambda cell: cell[0][2]):
        loss_words.setdefault(made.lines[k].title, set()).update(own.runs[LOSS])
    return looks(made.split, loss_words, losses)


def cells_of(made: Grid, records: Records) -> dict[CellIndex, tuple[Content, Records]]:
    """What is said where a row, a panel and a line meet, and their runs; cells without runs are left out.

    Raises BadInput where there are none at all.
    """
    cells: dict[CellIndex, tuple[Content, Records]] = {}
    for i, row in enumerate(made.rows):
        for j, panel in enumerate(made.panels):
            wanted = panel.over.get("lines")
            for k, line in enumerate(made.lines):
                cell = joined(made.base, (row, panel, line), records) if wanted is None or line.title in wanted else None
                if cell:
                    cells[i, j, k] = cell
    if not cells:
        raise BadInput(NOTHING)
    return cells


def _panel(shown: Shown, at: tuple[int, int], heading: Heading) -> Panel:
    pairs = [pair for index, pair in sorted(shown.items(), key=lambda item: item[0]) if index[:2] == at]
    drawn: list[Reference] = []
    for line, content in pairs:
        for new in references(content, heading.where, heading.folder, line.x):
            if not any(new.name == old.name and np.array_equal(new.y, old.y) for old in drawn):
                drawn.append(new)
    return Panel(lines=tuple(line for line, _ in pairs), references=tuple(drawn))
