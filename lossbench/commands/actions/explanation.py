"""A study explained: twins are trained beside it, and what they show is written there."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from lossbench.atomic import write_whole
from lossbench.diagnosis.explain import Explanation, explain
from lossbench.diagnosis.records import PROBES, Description, RunRecord, read_records
from lossbench.diagnosis.rendering import EXPLAINED, FILE, TEXT, as_json, markdown
from lossbench.execution.executor import run_plan
from lossbench.execution.verification import refuse_missing_plugins
from lossbench.planning.plan import Plan, described_run, resources_of
from lossbench.planning.spec import Recording, RecordingSchedule
from lossbench.tables import INVOCATION, RUN, SPEC, part_files, read_part

POINTS = 31  # recorded steps, evenly spaced
EXAMPLES = 500  # training examples that are evaluated at each, at most


def explained_study(folder: Path, seeds: int) -> list[Explanation]:
    """Explain the runs of a study by so many seeds of each group; twins and explanations are stored in FOLDER/explained.

    Raises BadInput where the study cannot be read, or its runs cannot be trained again.
    """
    for path in part_files(folder):
        for row in read_part(path, [RUN, SPEC, INVOCATION]).to_pylist():
            refuse_missing_plugins(folder, row)
    explanations = explain(folder, partial(train, folder), seeds)
    inside = folder / EXPLAINED
    write_whole(inside / FILE, as_json(explanations).encode())
    write_whole(inside / TEXT, markdown(explanations, folder.name).encode())
    return explanations


def train(folder: Path, descriptions: Sequence[Description], executor: str = "auto") -> list[RunRecord]:
    """The records of the runs that descriptions name, in their order; those that FOLDER/explained lacks are trained.

    Raises BadInput where a description makes no sense.
    """
    if not descriptions:
        return []
    runs = [described_run(description) for description in descriptions]
    recording = Recording(schedule=RecordingSchedule(kind="linear", points=POINTS), probes=PROBES, examples=EXAMPLES, keep=())
    plan = Plan(
        study=EXPLAINED,
        runs=tuple({run.id: run for run in runs}.values()),
        recording=recording,
        resources=resources_of({"executor": executor}),
    )
    summary = run_plan(plan, folder, ["explain", str(folder)], None)
    click.echo(summary.sentence(), err=True)
    records = read_records(summary.folder)
    return [records[run.id] for run in runs]
