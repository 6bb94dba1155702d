"""`lossbench export`."""

from pathlib import Path

import click

from lossbench.commands.studies import study_folder

TOOLS = ("csv", "parquet", "tensorboard", "mlflow", "wandb")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--to", "tool", type=click.Choice(TOOLS), required=True, help="For which tool.")
@click.option("--out", "-o", metavar="FOLDER|URI", help="Where to.  [default: FOLDER/export/TOOL; mlflow: where MLflow looks]")
@click.option("--metric", "-m", "metrics", multiple=True, metavar="PATTERN", help="Only quantities of such names, as 'test_*'.")
@click.option("--runs", is_flag=True, help="Each single run, too.")
def export(folder: Path, tool: str, out: str | None, metrics: tuple[str, ...], *, runs: bool) -> None:
    """Hand the records in FOLDER, such as results/demo, to a tool that you have: tables, TensorBoard, MLflow or W&B.

    By default it is the median over the seeds and its interval, for every setting, loss, learning rate and recorded quantity.
    Records are only read. A second export replaces the first.

    \b
    lossbench export results/demo --to csv                        tidy tables in results/demo/export/csv
    lossbench export results/demo --to parquet --runs             each run's records as well, every bit kept
    lossbench export results/demo --to tensorboard                then: tensorboard --logdir results/demo/export/tensorboard
    lossbench export results/demo --to mlflow --out sqlite:///mlflow.db -m 'test_*'
    lossbench export results/demo --to wandb                      then: wandb sync results/demo/export/wandb/offline-run-*
    """
    from lossbench.commands.actions.export import print_export

    print_export(study_folder(folder), tool, out, metrics, runs=runs)
