"""What a plan is about and what training it takes, before it begins: lines for people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path

from lossbench.data.loading import describe
from lossbench.data.tabular import Tabular
from lossbench.engines import engine_of
from lossbench.errors import printable
from lossbench.execution.cost_estimate import estimate
from lossbench.execution.device_memory import planned_cohorts
from lossbench.interfaces import Dataset, DataShape
from lossbench.planning.cohorts import Size
from lossbench.planning.plan import Plan
from lossbench.planning.spec import Cohort
from lossbench.planning.target_contract import innermost
from lossbench.storage.store import missing, study_folder
from lossbench.tables.classes import names_of, spoken_classes

Row = tuple[str, int, int, Size]  # data, runs, steps, and the size of a run
SHOWN = 12  # classes in a line


def training_time(plan: Plan, root: Path) -> str:
    """What training the runs that are not stored will take, in a sentence; "" where all are."""
    todo = missing(study_folder(root, plan.study), plan.runs, plan.recording)
    return time_of(cohort_kinds(planned_cohorts(todo, plan)), plan) if todo else ""


def time_of(kinds: Mapping[Row, tuple[Cohort, int]], plan: Plan) -> str:
    """What cohorts of such kinds take, in a sentence."""
    seconds = estimate(dict(kinds.values()), plan.resources.device)
    return f"About {_spoken(seconds)} of training on one core, after a short try."


def data_lines(dataset: Dataset) -> Iterator[str]:
    """What is worth knowing of data: which of two named classes is positive; of a table task, classes, and notes on it."""
    shape, name = describe(dataset).shape, innermost(dataset)
    if not isinstance(name, Tabular):
        if len(names := names_of(shape.classes)) == 2 and shape.task == "classification":
            yield f"{name.word}: the classes are {spoken_classes(names)}."
        return
    rows = f"{name.source}: {shape.rows:,} rows to train, {shape.test_rows:,} to test"
    rows += f", {shape.validation_rows:,} for validation" if shape.validation_rows else ""
    rows += f"; {prod(shape.inputs):,} features"
    if shape.classes is None:
        yield f"{rows}; {_quantities(name)}."
    else:
        shares = [f"{printable(one)} ({members:,})" for one, members in zip(shape.classes, shape.class_counts, strict=True)]
        listed = ", ".join(shares[:SHOWN]) + (f" and {len(shares) - SHOWN} more" if len(shares) > SHOWN else "")
        yield f"{rows}; {_kind_of_target(name, shape)}: {listed}."
    yield from (f"Note: {note}." for note in map(printable, shape.notes))


def _kind_of_target(dataset: Tabular, shape: DataShape) -> str:
    """What a target with names is: classes, one of two being positive, classes in an order, or several labels."""
    classes, names = len(shape.classes or ()), printable(", ".join(dataset.targets))
    if shape.task == "multilabel":
        return f"{classes} labels at once, with so many rows each"
    if shape.task == "ordinal":
        return f"the target {names!r} has {classes} classes in an order, from low to high"
    positive = f", of which {printable((shape.classes or ())[1])} is the positive one" if classes == 2 else ""
    return f"the target {names!r} has {classes} classes{positive}"


def _quantities(dataset: Tabular) -> str:
    """What the targets of a regression are."""
    if isinstance(dataset.target, str):
        return f"the target {dataset.target!r} is a quantity{_unit(dataset)}"
    names = printable(", ".join(dataset.targets))
    return f"the targets {names} are quantities, each standardised, and errors are in its standard deviations"


def _unit(dataset: Tabular) -> str:
    return ", standardised" if dataset.target_scaling != "none" else ", in its own unit"


def cohort_kinds(planned: Sequence[Cohort]) -> dict[Row, tuple[Cohort, int]]:
    """One cohort of each shape, and how many there are of it."""
    times = Counter(map(_row, planned))
    return {_row(cohort): (cohort, times[_row(cohort)]) for cohort in planned}


def _row(cohort: Cohort) -> Row:
    run = cohort.runs[0]
    return run.dataset.word, len(cohort.runs), run.steps, engine_of(run.model).size(run)


def _spoken(seconds: float) -> str:
    for unit, size in (("hours", 7200), ("minutes", 120)):
        if seconds >= size:
            return f"{seconds / (size / 2):.2g} {unit}" if seconds < 10 * size else f"{seconds / (size / 2):,.0f} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
