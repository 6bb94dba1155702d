"""What a figure shows, split into parts: rows, panels, lines. A part says of itself what differs from the figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from lossbench import tables
from lossbench.analysis import formatting, labels
from lossbench.analysis.comparison import Comparison, Contender, compare
from lossbench.analysis.labels import LOSS, natural, setting_label
from lossbench.analysis.presets import preset_names
from lossbench.claims.measurement import Records, selected
from lossbench.claims.schema import laid_over
from lossbench.errors import BadInput, unknown
from lossbench.plots.style import Stroke, ramp, strokes


@dataclass(frozen=True, kw_only=True)
class StudyLosses:
    """The losses of a study, named and drawn alike in all of its figures. Sorted out when first asked for: it takes a while."""

    runs: pd.DataFrame

    @cached_property
    def comparison(self) -> Comparison:
        """The study, sorted."""
        return compare(self.runs)

    @cached_property
    def names(self) -> "pd.Series[Any]":
        """The name of each run's loss, on the index of the runs."""
        named = {run: sample.contender.label for sample in self.comparison.samples for run in sample.runs}
        return self.runs[tables.RUN].map(named)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What every figure has: the name of its file, a title, the folder of its experiment, and the losses."""

    name: str
    title: str
    folder: Path
    losses: StudyLosses

    @property
    def where(self) -> str:
        """The figure, for messages."""
        return f"figure {self.name}"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a split: what it lays over what the figure says, and the runs that it is about, None for all."""

    title: str = ""
    over: Mapping[str, Any] = field(default_factory=dict)
    runs: frozenset[str] | None = None


WHOLE = (Part(),)


def parts(split: Any, losses: StudyLosses, of: Mapping[str, Any], known: Sequence[str]) -> tuple[Part, ...]:
    """The parts of a split: of a spec column, one for each of its values; of a mapping, one for each title that it names.

    `of` says which runs the figure is about, `known` what a part may lay over it. Raises BadInput.
    """
    if split is None:
        return WHOLE
    if isinstance(split, str):
        names = _names(losses, split)[selected(losses.runs, of).index]
        order = [c.label for c in losses.comparison.contenders] if split == LOSS else sorted(set(names) - {""}, key=natural)
        ids = losses.runs[tables.RUN][names.index]
        return tuple(_part(split, name, frozenset(ids[names == name])) for name in order if (names == name).any())
    if not isinstance(split, Mapping) or not split:
        raise BadInput(f"{split!r} splits nothing; it is a spec column, such as loss, or titles with what each shows.")
    for title, over in split.items():
        if not isinstance(over, Mapping):
            raise BadInput(f"{title!r} wants a mapping with any of {', '.join(known)}; got {over!r}.")
        for key in over:
            if key not in known:
                raise BadInput(f"{title!r}: {unknown('thing to say of it', str(key), known)}")
        selected(losses.runs, over.get("of") or {})  # a filter that fits no run at all is a slip
    return tuple(Part(title=str(title), over=over) for title, over in split.items())


def joined(base: Mapping[str, Any], several: Sequence[Part], records: Records) -> tuple[dict[str, Any], Records] | None:
    """What is said where parts meet, and the study's records cut down to their runs; None where no run is left."""
    content: dict[str, Any] = dict(base)
    runs = records.runs
    for part in several:
        content = laid_over(content, part.over)
        runs = runs if part.runs is None else runs[runs[tables.RUN].isin(part.runs)]
    try:
        runs = selected(runs, content.get("of") or {})
    except BadInput:
        return None
    return (content, replace(records, runs=runs)) if len(runs) else None


def looks(split: Any, loss_words: Mapping[str, set[str]], losses: StudyLosses) -> dict[Contender, Stroke]:
    """Who the lines are, and how they are drawn, in the order of the titles.

    `loss_words` holds those of each title's runs. A line that is a loss looks as that loss does everywhere; lines that differ
    in something else are a ramp.
    """
    if split == LOSS:
        known = strokes(losses.comparison.contenders)
        return {who: look for who, look in known.items() if who.label in loss_words}
    run_words = [next(iter(own)) if len(own) == 1 else "" for own in loss_words.values()]
    lone = "" not in run_words and (len(set(run_words)) > 1 or len(run_words) == 1)
    contenders = [
        Contender(word=word if lone else title, label=title, variant=run_words[:index].count(word) if lone else 0)
        for index, (title, word) in enumerate(zip(loss_words, run_words, strict=True))
    ]
    if not lone:
        return dict(zip(contenders, ramp(len(contenders)), strict=True))
    given = strokes(contenders)
    return {who: given[who] for who in contenders}


def _part(split: str, name: str, runs: frozenset[str]) -> Part:
    return Part(title=name if split == LOSS else setting_label([(split, name)]), runs=runs)


def _names(losses: StudyLosses, column: str) -> "pd.Series[Any]":
    """What each run has in a column, as text; losses by their names in this study."""
    if column == LOSS:
        return losses.names
    if column not in losses.runs:
        raise unknown("column of the runs", column, losses.runs.columns)
    return preset_names(losses.runs, column) if column in labels.NOUNS else losses.runs[column].map(formatting.spoken)
