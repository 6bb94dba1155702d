"""A figure's paper: title, note, panels in rows and columns, and the names of the lines. Lengths are in inches."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lossbench.analysis.comparison import Contender
from lossbench.plots.scales import spread
from lossbench.plots.style import FAINT, FONT_SIZE, GREY, POINTS, Stroke, drawable, text_width, wrapped

WIDTH = 10.0
LEFT, RIGHT, BOTTOM = 0.8, 0.15, 0.5
NAMES = 1.6  # room for names at the ends of lines
TITLE, NOTE_LINE, HEAD_LINE, KEY_LINE = 0.32, 0.15, 0.16, 0.2
GAP = 0.1
BETWEEN_COLUMNS, BETWEEN_ROWS = 0.3, 0.2
NAME_LETTERS, KEY_LETTERS = 20, 60
HEAD_LETTERS = 11.5  # letters to an inch of a panel's head
NAME_LINE = 0.14
KEY_COLUMNS = 4
KEY_HANDLE, KEY_PAD, KEY_APART = 2.6, 0.8, 1.5  # of the key, in sizes of its font


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a sheet has to hold; `direct` leaves room for names at the ends of the lines, so many inches.

    `also` stands in the key even then: what is no loss's line, such as a published curve.
    """

    title: str
    note: str
    heads: tuple[str, ...]
    labels: tuple[str, ...]
    strokes: Mapping[Contender, Stroke]
    direct: bool
    height: float
    foot: str = "training steps"
    also: Mapping[Contender, Stroke] = field(default_factory=dict)
    beside: float = NAMES
    between: float = BETWEEN_COLUMNS

    @property
    def key(self) -> dict[Contender, Stroke]:
        """What the key above the panels explains; of faint lines only how many there are."""
        faint = [contender for contender, look in self.strokes.items() if look == FAINT]
        named = {contender: look for contender, look in self.strokes.items() if look != FAINT}
        others = {Contender(word="", label=f"{len(faint)} other losses", variant=0): FAINT} if faint else {}
        return {**({} if self.direct else named | others), **self.also}


@dataclass(frozen=True)
class FigureGrid:
    """A figure with its panels, by row and column."""

    figure: Figure
    axes: list[list[Axes]]


def open_grid(layout: Layout) -> FigureGrid:
    """An empty figure: vertical axes are labelled in the first column, steps under the last row."""
    rows, columns = len(layout.labels), len(layout.heads)
    width = (WIDTH - LEFT - (layout.beside if layout.direct else RIGHT) - (columns - 1) * layout.between) / columns
    heads = [wrapped(head, int(width * HEAD_LETTERS), 2) for head in layout.heads]
    key = GAP + KEY_LINE * math.ceil(len(layout.key) / key_columns(layout.key, WIDTH - LEFT)) if layout.key else 0.0
    above = TITLE + NOTE_LINE * (layout.note.count("\n") + 1)
    top = above + key + GAP + max(HEAD_LINE * (head.count("\n") + 1) if head else 0 for head in heads) + GAP
    height = top + rows * layout.height + (rows - 1) * BETWEEN_ROWS + BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    axes = [
        [
            figure.add_axes(
                (
                    (LEFT + column * (width + layout.between)) / WIDTH,
                    (height - top - (row + 1) * layout.height - row * BETWEEN_ROWS) / height,
                    width / WIDTH,
                    layout.height / height,
                )
            )
            for column in range(columns)
        ]
        for row in range(rows)
    ]
    grid = FigureGrid(figure, axes)
    _write(grid, layout, heads)
    if layout.key:
        _key(grid, layout, (height - above - GAP) / height)
    return grid


def key_columns(contenders: Iterable[Contender], width: float) -> int:
    """Into how many columns, up to four, a key's names go that has so many inches: as many as find room, and at least one."""
    widths = [text_width(_key_label(contender)) + FONT_SIZE / POINTS * (KEY_HANDLE + KEY_PAD) for contender in contenders]
    for columns in range(min(KEY_COLUMNS, len(widths)), 1, -1):
        needed = sum(float(part.max()) for part in np.array_split(np.array(widths), columns))
        if needed + (columns - 1) * KEY_APART * FONT_SIZE / POINTS <= width:
            return columns
    return 1


def _key_label(contender: Contender) -> str:
    return wrapped(contender.label, KEY_LETTERS, 1)


def fit(contenders: Iterable[Contender], height: float) -> bool:
    """Whether names find room at the ends of lines, in a panel so high."""
    names = [wrapped(contender.label, NAME_LETTERS) for contender in contenders]
    return len(names) * max(name.count("\n") + 1 for name in names) * NAME_LINE <= height


def name_ends(axes: Axes, ends: Mapping[Contender, float], layout: Layout) -> None:
    """Write each loss's name beside the end of its line, moved apart where lines end together. Limits must be set."""
    height = layout.height
    names = {contender: wrapped(contender.label, NAME_LETTERS) for contender in ends}
    lines = max(name.count("\n") + 1 for name in names.values())
    at = [axes.transAxes.inverted().transform(axes.transData.transform((0, end)))[1] for end in ends.values()]
    positions = spread([min(1.0, max(0.0, float(y))) for y in at], lines * NAME_LINE / height)
    for contender, position in zip(ends, positions, strict=True):
        axes.annotate(
            names[contender],
            (1, position),
            xycoords="axes fraction",
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            color=layout.strokes[contender].colour,
            fontweight="bold",
            linespacing=1.1,
        )


def write_title(figure: Figure, title: str, note: str, left: float) -> None:
    """Write title and note at the top, so many inches from the left."""
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - 0.1 / height, drawable(title), va="top", fontsize=11.5, fontweight="bold")
    figure.text(left / width, 1 - TITLE / height, note, va="top", fontsize=8, color=GREY)


def _write(grid: FigureGrid, layout: Layout, heads: Sequence[str]) -> None:
    write_title(grid.figure, layout.title, layout.note, LEFT)
    for axes, head in zip(grid.axes[0], heads, strict=True):
        axes.set_title(head, loc="left", fontsize=9, fontweight="bold", linespacing=1.1)
    for row, label in zip(grid.axes, layout.labels, strict=True):
        lines = [wrapped(line, int(layout.height * 16), 2) for line in label.split("\n")]
        row[0].set_ylabel("\n".join(lines))
        for axes in row[1:]:
            axes.tick_params(labelleft=False)
    for row in grid.axes[:-1]:
        for axes in row:
            axes.tick_params(labelbottom=False)
    for axes in grid.axes[-1]:
        axes.set_xlabel(layout.foot)


def _key(grid: FigureGrid, layout: Layout, top: float) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=look.colour,
            linestyle=look.linestyle,
            linewidth=look.width,
            label=_key_label(contender),
        )
        for contender, look in layout.key.items()
    ]
    grid.figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(LEFT / WIDTH - 0.008, top),
        ncols=key_columns(layout.key, WIDTH - LEFT),
        frameon=False,
        borderpad=0,
        labelspacing=0.3,
        handlelength=KEY_HANDLE,
        handletextpad=KEY_PAD,
        columnspacing=KEY_APART,
    )
