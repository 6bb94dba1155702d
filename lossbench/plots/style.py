"""How figures look: one colour and one dash for each loss, in every figure of every study."""

import io
import textwrap
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextPath

from lossbench.analysis.comparison import Comparison, Contender

Dash = tuple[float, ...]

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)  # Okabe & Ito, Color Universal Design, 2008, less its yellow
_DASHES: tuple[Dash, ...] = ((), (5, 1.6), (1.3, 1.3), (7, 1.6, 1.3, 1.6))
_FIXED = {"cross_entropy": BLUE, "half_squared_error": VERMILLION}
_DASH_OF = {BLUE: 0, VERMILLION: 1, GREEN: 3, PURPLE: 2, ORANGE: 0, SKY: 1, BLACK: 2}
_DARKEST, _LIGHTEST = 0.55, 0.3  # how far variants of a loss go towards black and white
INK, GREY, PALE = "#222222", "#666666", "#e4e4e4"
BAND_OPACITY = 0.16
DPI = 150
FONT, FONT_SIZE, POINTS = "DejaVu Sans", 8.5, 72  # POINTS are in an inch
NO_BREAK = "\N{NO-BREAK SPACE}"
_RC: dict[Any, Any] = {
    "svg.hashsalt": "lossbench",
    "svg.fonttype": "path",
    "font.family": FONT,
    "font.size": FONT_SIZE,
    "text.parse_math": False,
    "text.color": INK,
    "axes.unicode_minus": True,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.titley": 1.0,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "lines.linewidth": 1.7,
    "lines.dash_capstyle": "round",
    "lines.solid_capstyle": "round",
    "patch.linewidth": 0,
    "path.simplify": False,
}


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """How a loss's line is drawn: colour, dash in points on and off, () for a solid line, and width in points."""

    colour: str
    dash: Dash
    width: float = 1.7

    @property
    def linestyle(self) -> tuple[float, Dash] | Literal["-"]:
        """The dash as matplotlib wants it."""
        return (0, self.dash) if self.dash else "-"


FAINT = Stroke(colour="#bbbbbb", dash=(), width=0.8)  # one of many losses, from which others are set apart


@contextmanager
def styled() -> Iterator[None]:
    """Within it, figures are built and drawn in the report's style, whatever the reader's own matplotlib is set to."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def strokes(contenders: Iterable[Contender]) -> dict[Contender, Stroke]:
    """Each loss's colour and dash; variants of one word differ in shade and dash.

    Cross entropy and half squared error have colours of their own. Another loss asks for one that depends on its word
    alone, and gets the next free one where the study has given it away; from the eighth word on only the dash is new.
    """
    contenders = list(contenders)
    loss_words = sorted({contender.word for contender in contenders}, key=lambda word: (word not in _FIXED, word))
    colours: list[str] = []
    looks: dict[Contender, Stroke] = {}
    for word in loss_words:
        colour = _FIXED.get(word) or _free(word, colours)
        colours.append(colour)
        dash = _DASH_OF[colour] + colours.count(colour) - 1
        own = [contender for contender in contenders if contender.word == word]
        for i, contender in enumerate(own):
            looks[contender] = Stroke(colour=_shade(colour, i, len(own)), dash=_DASHES[(dash + i) % len(_DASHES)])
    return looks


def drawn_strokes(comparison: Comparison) -> dict[Contender, Stroke]:
    """How figures draw each loss of a comparison: as `strokes` says, but faint where others are set apart from it."""
    looks = strokes(comparison.contenders)
    apart = comparison.emphasised or comparison.contenders
    return {contender: look if contender in apart else FAINT for contender, look in looks.items()}


def ramp(n: int) -> list[Stroke]:
    """Strokes for n lines that have an order, such as layers: solid, from dark violet to green."""
    return [Stroke(colour=to_hex(mpl.colormaps["viridis"](position)), dash=()) for position in np.linspace(0, 0.8, n)]


def drawable(text: str) -> str:
    """The text with what the font cannot draw replaced by "□", on one line."""
    known = _glyphs()
    return "".join(c if ord(c) in known and (c.isprintable() or c == NO_BREAK) else " " if c.isspace() else "□" for c in text)


def wrapped(text: str, width: int, lines: int = 3) -> str:
    """Drawable text in at most so many lines of so many letters; equations stay whole, the rest is cut off with "…"."""
    glued = drawable(text).replace(" = ", f"{NO_BREAK}={NO_BREAK}")
    return "\n".join(textwrap.wrap(glued, width, max_lines=lines, placeholder=" …"))


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """How many inches a line of text takes."""
    return (
        float(TextPath((0, 0), text, size=size, prop=FontProperties(family=FONT)).get_extents().width) / POINTS if text else 0.0
    )


def rendered(figure: Figure) -> tuple[bytes, bytes]:
    """The figure as SVG and as PNG, without dates, so that the same figure is the same bytes."""
    svg, png = io.BytesIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
    return svg.getvalue(), png.getvalue()


def _free(word: str, taken: list[str]) -> str:
    """The colour that a word asks for, or the next of those that were given away least often."""
    others = [colour for colour in COLOURS if colour not in _FIXED.values()]
    start = zlib.crc32(word.encode()) % len(others)
    return min(others[start:] + others[:start], key=taken.count)


def _shade(colour: str, i: int, n: int) -> str:
    """The i-th of n shades, from dark to light; a lone one is the colour itself."""
    amount = -_DARKEST + (_DARKEST + _LIGHTEST) * i / (n - 1) if n > 1 else 0.0
    goal = 0.0 if amount < 0 else 1.0
    red, green, blue = (part + abs(amount) * (goal - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=FONT))).get_charmap())
