"""Many lines in few colours: those of a group share one, and the two that everybody knows stand out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lossbench import tables
from lossbench.analysis.comparison import Contender
from lossbench.analysis.labels import LOSS
from lossbench.claims.figure_kinds.grid import Grid
from lossbench.claims.figure_kinds.parts import joined
from lossbench.claims.measurement import Records, selected
from lossbench.errors import BadInput
from lossbench.plots.end_labels import CROWD
from lossbench.plots.style import COLOURS, GREY, Stroke

KNOWN = ("cross_entropy", "half_squared_error")
_THICK, _THIN, _KEY = 2.8, 1.2, 2.0
_OTHERS = "others"
Looks = Mapping[Contender, Stroke]


def grouped(groups: Any, looks: Looks, made: Grid, records: Records) -> tuple[Looks, Mapping[str, Stroke]]:
    """The looks of the lines by group, and of the groups by title; without groups, each its own.

    `groups` are titles, each with a filter of spec columns; a line belongs to the first that has one of its runs, and what
    belongs to none is grey. Raises BadInput.
    """
    if groups is None:
        return emphasised(looks), {}
    if not isinstance(groups, Mapping) or not all(isinstance(of, Mapping) for of in groups.values()):
        raise BadInput(f"groups are titles with a filter each, such as {{linear: {{loss: [cross_entropy]}}}}; got {groups!r}.")
    if len(groups) > len(COLOURS):
        raise BadInput(f"there are {len(groups)} groups and {len(COLOURS)} colours.")
    ids = {str(title): set(selected(records.runs, of)[tables.RUN]) for title, of in groups.items()}
    colour = _colours(ids, records)
    runs = {part.title: joined(made.base, (part,), records) for part in made.lines}
    strokes = {}
    for who in looks:
        own = runs[who.label]
        run_ids = set(own[1].runs[tables.RUN]) if own else set()
        group = next((title for title, members in ids.items() if members & run_ids), None)
        strokes[who] = Stroke(colour=colour[group] if group else GREY, dash=(), width=_width(who))
    key = {title: Stroke(colour=colour[title], dash=(), width=_KEY) for title in ids}
    others = {_OTHERS: Stroke(colour=GREY, dash=(), width=_KEY)} if any(look.colour == GREY for look in strokes.values()) else {}
    return strokes, key | others


def _colours(ids: Mapping[str, set[str]], records: Records) -> dict[str, str]:
    """The groups' colours: those of the two known losses where these belong, the other colours in order."""
    own: dict[str, str] = {}
    for word, colour in zip(KNOWN, COLOURS, strict=False):
        runs = set(records.runs[tables.RUN][records.runs[LOSS] == word])
        group = next((title for title, members in ids.items() if members & runs and title not in own), None)
        own |= {group: colour} if group else {}
    free = iter(colour for colour in COLOURS if colour not in own.values())
    return {title: own.get(title) or next(free) for title in ids}


def emphasised(looks: Looks) -> Looks:
    """The same looks; where there are many, all but the two that everybody knows are thin."""
    return looks if len(looks) <= CROWD else {who: replace(look, width=_width(who)) for who, look in looks.items()}


def _width(who: Contender) -> float:
    return _THICK if who.word in KNOWN else _THIN
