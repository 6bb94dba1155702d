"""Several studies as one, whose losses are told apart by the study they come from; or why they cannot be joined."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lossbench import tables
from lossbench.analysis import formatting, labels
from lossbench.errors import BadInput
from lossbench.tables import Study
from lossbench.tables.curve_columns import Values
from lossbench.tables.run_slices import RunSlices

STUDY = f"{labels.LOSS}.study"  # as an option of its loss, by which a run is told from its like in another study
COMMON = {tables.TASK: "task", "dataset": "data set", "data": "examples"}  # without which numbers cannot stand side by side
SETTLED = (labels.LOSS, labels.RATE, labels.SEED, tables.RUN, tables.SPEC, STUDY, *COMMON)


class JoinedColumns(Mapping[str, Values]):
    """The curves of several studies, one study after another, (records,) by name; NaN where a study has no such quantity."""

    def __init__(self, studies: Sequence[Study]) -> None:
        self.studies = studies

    def __getitem__(self, name: str) -> Values:
        if not any(name in study.columns for study in self.studies):
            raise KeyError(name)
        lacking = [np.full(int(study.slices.lengths.sum()), np.nan) for study in self.studies]
        return np.concatenate([study.columns.get(name, gap) for study, gap in zip(self.studies, lacking, strict=True)])

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for study in self.studies for name in study.columns))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def joined(studies: Sequence[Study]) -> Study:
    """The runs and records of all, under ids that name the study; what each study did its own way goes with it, as a fact.

    Raises BadInput where two are the same, or differ in task, data set or examples.
    """
    names = [str(study.manifest.get("name", study.folder.name)) for study in studies]
    _refuse_twins(studies, names)
    for column, title in COMMON.items():
        _refuse_strangers(studies, names, column, title)
    named = list(zip(studies, names, strict=True))
    runs = pd.concat([_marked(study, name) for study, name in named], ignore_index=True)
    index = [run for study, name in named for run in (f"{name}/" + study.slices.runs)]
    return replace(
        studies[0],
        manifest=studies[0].manifest | {"name": formatting.listed(names)},
        runs=_shared(runs, names),
        slices=RunSlices(pd.Index(index), np.concatenate([study.slices.lengths for study in studies])),
        columns=JoinedColumns(studies),
        quantities={stem: one for study in studies for stem, one in study.quantities.items()},
        classes={data: one for study in studies for data, one in study.classes.items()},
        baselines={data: one for study in studies for data, one in study.baselines.items()},
    )


def _refuse_twins(studies: Sequence[Study], names: Sequence[str]) -> None:
    if len({study.folder.resolve() for study in studies}) < len(studies):
        raise BadInput("A study was named twice; a joint report compares different ones.")
    if len(set(names)) < len(names):
        raise BadInput(
            f"Two of the studies are named alike ({formatting.listed(names)}), so that none could be told apart by name."
        )


def _refuse_strangers(studies: Sequence[Study], names: Sequence[str], column: str, title: str) -> None:
    values = [sorted(set(study.runs[column].astype(str))) for study in studies]
    for name, own in zip(names, values, strict=True):
        if own != values[0]:
            sides = [f"{names[0]} has {', '.join(values[0])}", f"{name} has {', '.join(own)}"]
            raise BadInput(f"These studies cannot be joined: they differ in {title}. {formatting.listed(sides)}.")


def _marked(study: Study, name: str) -> pd.DataFrame:
    runs = study.runs.assign(**{STUDY: name})
    return runs.assign(**{tables.RUN: f"{name}/" + runs[tables.RUN]})


def _shared(runs: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The runs, in which each column that differs from study to study alone says so, and tells no settings apart."""
    texts = labels.spell(runs.assign(**{STUDY: runs[STUDY]}))
    own = {}
    for column in (name for name in texts.columns if name not in SETTLED and not name.startswith(f"{labels.LOSS}.")):
        by_study = {name: set(texts.loc[runs[STUDY] == name, column]) for name in names}
        values = {name: next(iter(texts_of)) for name, texts_of in by_study.items() if len(texts_of) == 1}
        if len(values) == len(names) and len(set(values.values())) > 1:
            own[column] = formatting.listed([f"{value or 'none'} ({name})" for name, value in values.items()], "or")
    return runs.assign(**own)
