"""A plan before anything is trained: its runs, what is stored of them, its cohorts and what they take."""

import sys
from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossbench.engines import engine_of
from lossbench.errors import counted
from lossbench.execution.device_memory import planned_cohorts
from lossbench.execution.forecast import Row, cohort_kinds, data_lines, time_of
from lossbench.execution.patience import told_when_slow
from lossbench.planning.plan import Plan
from lossbench.storage.store import missing, study_folder

WIDTH = 120  # columns, where the output is no terminal's


def print_outline(plan: Plan, root: Path) -> None:
    """Print what `run` would train. Raises BadInput where the study's folder is no study's."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    for model in {run.model for run in plan.runs}:
        engine_of(model)  # raises BadInput
    with told_when_slow(f"Looking for {counted(len(plan.runs), 'run')} among what is stored …"):
        todo = missing(study_folder(root, plan.study), plan.runs, plan.recording)
    stored = len(plan.runs) - len(todo)
    console.print(Text(f"{root / plan.study}: {counted(len(plan.runs), 'run')}, {stored:,} stored, {len(todo):,} to train"))
    for line in dict.fromkeys(line for dataset in {run.dataset: None for run in plan.runs} for line in data_lines(dataset)):
        console.print(Text(line))
    if todo:
        with told_when_slow(f"Grouping {counted(len(todo), 'run')} into cohorts …"):
            kinds = cohort_kinds(planned_cohorts(todo, plan))
        console.print(_table({row: times for row, (_, times) in kinds.items()}))
        console.print(Text(time_of(kinds, plan)))


def _table(groups: Mapping[Row, int]) -> Table:
    """A line for cohorts of one shape, and the sums."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_footer=True)
    columns = ("data", "layers", "batch", "steps", "runs a cohort", "cohorts", "GFLOP", "MiB a cohort")
    total = sum(runs * steps * size.operations * times for (_, runs, steps, size), times in groups.items())
    feet = {"data": "in all", "cohorts": f"{sum(groups.values()):,}", "GFLOP": f"{total / 1e9:,.4g}"}
    for column in columns:
        table.add_column(column, feet.get(column, ""), justify="left" if column in ("data", "layers") else "right")
    for (data, runs, steps, size), times in groups.items():
        widths = (size.layers[0].inputs, *(layer.outputs for layer in size.layers))
        work, memory = runs * steps * size.operations * times / 1e9, runs * size.bytes / 2**20
        cells = (data, "-".join(map(str, widths)), f"{size.examples:,}", f"{steps:,}", f"{runs:,}", f"{times:,}")
        table.add_row(*cells, f"{work:,.4g}", f"{memory:,.3g}")
    return table
