"""Names at the ends of many lines: small ones in a column, each joined to its line; lines that are the same share a name."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lossbench.analysis.comparison import Contender
from lossbench.analysis.statistics import Values
from lossbench.plots.scales import is_wide, spread
from lossbench.plots.style import Stroke, drawable

CROWD = 7  # of more lines the names are small and joined to them
LINE, LETTER, JOINT = 0.165, 0.072, 0.55  # inches that a name takes upwards, a letter sideways, and the line to a name
LETTERS = 44
_HEAVY = 2.0  # names of lines wider than this are bold
_ALIKE = 0.02

Ended = Sequence[tuple[Contender, Values, Values]]


def ends(lines: Ended) -> dict[Contender, tuple[float, float]]:
    """Where each line ends: its last finite point; a line without one has no end."""
    last_points = {}
    for who, x, y in lines:
        finite = np.flatnonzero(np.isfinite(y))
        if len(finite):
            last_points[who] = (float(x[finite[-1]]), float(y[finite[-1]]))
    return last_points


def needed_height(lines: Ended, looks: Mapping[Contender, Stroke]) -> float:
    """How many inches the names take."""
    return LINE * len(_groups(lines, looks))


def beside(lines: Ended, looks: Mapping[Contender, Stroke]) -> float:
    """How many inches beside the panel the names take."""
    longest = max((len(_shortened([who.label for who in group])) for group in _groups(lines, looks)), default=0)
    return JOINT + LETTER * longest


def name_crowd(axes: Axes, lines: Ended, looks: Mapping[Contender, Stroke], height: float) -> None:
    """Write the names beside a panel so many inches high, each with a thin line to the end it names. Limits must be set."""
    groups = _groups(lines, looks)
    to_panel = axes.transData + axes.transAxes.inverted()
    last_points = ends(lines)
    positions = np.clip([to_panel.transform(last_points[group[0]]) for group in groups], 0, 1)
    gap = min(LINE / height, 1 / max(len(groups) - 1, 1))
    heights = spread([float(y) for y in positions[:, 1]], gap)
    for (x, y), level, group in zip(positions, heights, groups, strict=True):
        colour = looks[group[0]].colour
        axes.plot([x, 1.02, 1.05], [y, level, level], color=colour, lw=0.6, transform=axes.transAxes, clip_on=False)
        text = _shortened([who.label for who in group])
        weight = "bold" if looks[group[0]].width > _HEAVY else "normal"
        axes.text(1.06, level, text, color=colour, va="center", fontsize=8, fontweight=weight, transform=axes.transAxes)


def _groups(lines: Ended, looks: Mapping[Contender, Stroke]) -> list[list[Contender]]:
    """Lines of one look that are the same line, within what an eye can tell."""
    everything = np.concatenate([y[np.isfinite(y)] for _, _, y in lines])
    even = 0.0 if is_wide(everything) else _ALIKE / 4 * float(np.ptp(everything)) if len(everything) else 0.0
    groups: list[tuple[list[Contender], Values, Values]] = []
    for who, x, y in (line for line in lines if np.isfinite(line[2]).any()):
        for members, other_x, other_y in groups:
            if looks[members[0]] == looks[who] and np.array_equal(x, other_x) and _same(y, other_y, even):
                members.append(who)
                break
        else:
            groups.append(([who], x, y))
    return [members for members, _, _ in groups]


def _same(one: Values, other: Values, even: float) -> bool:
    """Whether two curves are one to the eye: within a part of the axis' length where it is even, of the value by powers."""
    return bool(np.allclose(one, other, rtol=0.0 if even else _ALIKE, atol=even, equal_nan=True))


def _shortened(names: Sequence[str]) -> str:
    shown = len(names)
    while shown > 1 and len(", ".join(names[:shown])) > LETTERS:
        shown -= 1
    more = f" and {len(names) - shown} more" if shown < len(names) else ""
    return drawable(", ".join(names[:shown]) + more)
