"""Several studies as one, whose losses are told apart by the study they come from; or why they cannot be joined."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from lossbench import tables
from lossbench.analysis import formatting, labels
from lossbench.errors import BadInput
from lossbench.tables import Study

STUDY = f"{labels.LOSS}.study"  # as an option of its loss, by which a run is told from its like in another study
COMMON = {tables.TASK: "task", "dataset": "data set", "data": "examples"}  # without which numbers cannot stand side by side
SETTLED = (labels.LOSS, labels.RATE, labels.SEED, tables.RUN, tables.SPEC, STUDY, *COMMON)


def joined(studies: Sequence[Study]) -> Study:
    """The runs and records of all, under ids that name the study; what each study did its own way goes with it, as a fact.

    Raises BadInput where two are the same, or differ in task, data set or examples.
    """
    names = [str(study.manifest.get("name", study.folder.name)) for study in studies]
    _refuse_twins(studies, names)
    for column, title in COMMON.items():
        _refuse_strangers(studies, names, column, title)
    marked = [_marked(study, name) for study, name in zip(studies, names, strict=True)]
    runs = pd.concat([study.runs for study in marked], ignore_index=True)
    return replace(
        studies[0],
        manifest=studies[0].manifest | {"name": formatting.listed(names)},
        runs=_shared(runs, names),
        records=pd.concat([study.records for study in marked], ignore_index=True),
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


def _marked(study: Study, name: str) -> Study:
    runs, records = study.runs.assign(**{STUDY: name}), study.records
    return replace(
        study,
        runs=runs.assign(**{tables.RUN: f"{name}/" + runs[tables.RUN]}),
        records=records.assign(**{tables.RUN: f"{name}/" + records[tables.RUN]}),
    )


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
