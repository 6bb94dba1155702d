"""The figures that an experiment asks for in its claims file, drawn from its records."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.claims.counts import filled_in, refuse_unknown
from lossbench.claims.figure_kinds.compare import Case, draw_case
from lossbench.claims.figure_kinds.curves import Course, draw_course
from lossbench.claims.figure_kinds.parts import Heading, StudyLosses
from lossbench.claims.figure_kinds.scores import Sweep, draw_sweep
from lossbench.claims.figure_kinds.surface import Surface, draw_surface
from lossbench.claims.figure_kinds.units import Unit, draw_units
from lossbench.claims.measurement import Records
from lossbench.claims.schema import FILE, Experiment, built
from lossbench.claims.verdict import UNMEASURABLE
from lossbench.errors import BadInput, unknown
from lossbench.plots.captioned import GENERAL_NAMES, CaptionedFigure
from lossbench.plots.picture import Picture

KINDS: Mapping[str, tuple[type, Callable[[Any, Heading, Records], Picture]]] = {
    "curves": (Course, draw_course),
    "scores": (Sweep, draw_sweep),
    "units": (Unit, draw_units),
    "surface": (Surface, draw_surface),
    "compare": (Case, draw_case),
}
LONGEST = 100  # letters of a title
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure as it is written in the file: its kind, and what is said of it in that kind's own words.

    `numbers` are measures, by the names by which title and caption quote them.
    """

    kind: str
    name: str
    title: str
    caption: str
    numbers: Mapping[str, Any]
    content: Any


def draw_figures(experiment: Experiment, records: Records) -> list[CaptionedFigure]:
    """The experiment's figures in the order of the file. Raises BadInput, with the figure's name, where one cannot be drawn."""
    figures = read_figures(experiment)
    losses = StudyLosses(runs=records.runs)
    return [_drawn(figure, experiment.folder, losses, records) for figure in figures]


def read_figures(experiment: Experiment) -> list[Figure]:
    """The figures that the file asks for, every word of them checked. Raises BadInput."""
    path = experiment.folder / FILE
    figures = [_figure(entry, f"{path}, figure {number}") for number, entry in enumerate(experiment.figures, 1)]
    names = [figure.name for figure in figures]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"{path} has two figures named {twice[0]!r}; one would be written over the other.")
    for name in names:
        if experiment.general and name.partition("-")[0] in GENERAL_NAMES:
            raise BadInput(f"{path} names a figure {name!r}, as one that every report has; {', '.join(GENERAL_NAMES)} are taken.")
    return figures


def _figure(entry: Any, where: str) -> Figure:
    if not isinstance(entry, Mapping):
        raise BadInput(f"{where} wants a mapping with `kind`, `name`, `title` and `caption`; got {entry!r}.")
    texts = {key: " ".join(str(entry.get(key) or "").split()) for key in ("kind", "name", "title", "caption")}
    lacking = [key for key, text in texts.items() if not text]
    if lacking:
        raise BadInput(f"{where} has no {' and no '.join(lacking)}.")
    if not _NAME.fullmatch(texts["name"]):
        raise BadInput(f"{where}: name is {texts['name']!r}; a file's name is made of small letters, digits, - and _.")
    if len(texts["title"]) > LONGEST:
        raise BadInput(
            f"{where}: title has {len(texts['title'])} letters; {LONGEST} find room above a figure, the caption has more."
        )
    if texts["kind"] not in KINDS:
        raise BadInput(f"{where}: {unknown('kind of figure', texts['kind'], KINDS)}")
    numbers = entry.get("numbers") or {}
    if not isinstance(numbers, Mapping):
        raise BadInput(f"{where}: numbers is {numbers!r}; it is a mapping of names to what is measured.")
    for text in (texts["title"], texts["caption"]):
        refuse_unknown(text, numbers, f"figure {texts['name']}")
    content = {key: value for key, value in entry.items() if key not in texts and key != "numbers"}
    return Figure(**texts, numbers=numbers, content=built(KINDS[texts["kind"]][0], content, f"{where} ({texts['name']})"))


def _drawn(figure: Figure, folder: Path, losses: StudyLosses, records: Records) -> CaptionedFigure:
    of = getattr(figure.content, "of", None) or {}
    try:
        title, caption = (
            filled_in(text, figure.numbers, of, records, f"figure {figure.name}") for text in (figure.title, figure.caption)
        )
        heading = Heading(name=figure.name, title=title, folder=folder, losses=losses)
        picture = KINDS[figure.kind][1](figure.content, heading, records)
    except BadInput as error:
        raise BadInput(f"figure {figure.name}: {error}") from error
    except UNMEASURABLE as error:
        raise BadInput(f"figure {figure.name} cannot be drawn so ({type(error).__name__}: {error}).") from error
    return CaptionedFigure(heading=title, reading=caption, pictures=[picture])
