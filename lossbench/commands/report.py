"""`lossbench report`."""

from pathlib import Path

import click

from lossbench.commands.studies import study_folder
from lossbench.errors import printable


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--against", metavar="LOSS|all", help="Compare each loss with this one (by default cross entropy), or every two.")
@click.option("--metric", metavar="WORD", help="Choose rates and rank by this recorded metric: average_precision, recall/yes.")
def report(folder: Path, against: str | None, metric: str | None) -> None:
    """Write figures, tables and a page from the records in FOLDER, such as results/demo. Trains nothing."""
    from lossbench.claims.terminal import print_verdicts
    from lossbench.report.study_report import write_report
    from lossbench.report.terminal import print_scoreboard

    page, warnings, scoreboard, judged = write_report(study_folder(folder), against, metric)
    print_scoreboard(scoreboard)
    for sentence in warnings:
        click.echo(printable(f"Warning. {sentence}"), err=True)
    if judged:
        print_verdicts(folder.name, judged)
    click.echo(page)
