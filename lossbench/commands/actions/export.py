"""A stored study for a tool: what of it, in which form, and where to."""

from collections.abc import Sequence
from pathlib import Path

import click

from lossbench.errors import printable
from lossbench.export.choice import choose
from lossbench.export.files import write_csv, write_parquet
from lossbench.export.mlflow import write_mlflow
from lossbench.export.tensorboard import write_tensorboard
from lossbench.export.wandb import write_wandb

EXPORTS = "export"  # the folder inside a study's
WRITERS = {"csv": write_csv, "parquet": write_parquet, "tensorboard": write_tensorboard, "wandb": write_wandb}


def print_export(folder: Path, tool: str, out: str | None, metrics: Sequence[str], *, runs: bool) -> None:
    """Export a study and say what was written. Raises BadInput, also for a library that is not installed."""
    choice = choose(folder, metrics, runs=runs)
    if tool == "mlflow":
        sentence = write_mlflow(choice, out)
    else:
        sentence = WRITERS[tool](choice, Path(out) if out else folder / EXPORTS / tool)
    click.echo(printable(sentence))
