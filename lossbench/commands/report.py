"""`lossbench report`."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from lossbench.commands.print_names import print_names
from lossbench.commands.studies import study_folder
from lossbench.errors import BadInput, printable


@click.command()
@click.argument("folders", metavar="FOLDER...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--against", metavar="LOSS|all", help="Compare each loss with this one (by default cross entropy), or every two.")
@click.option("--metric", metavar="WORD", help="Choose rates and rank by this recorded metric: average_precision, recall/yes.")
@click.option("-o", "--output", "page", type=click.Path(path_type=Path), help="The page of several studies, by default A-B.html.")
@click.option("--figure", type=click.Path(path_type=Path), help="Write scores by learning rate for print as well: .pdf or .svg.")
@click.option("--columns", type=click.IntRange(1, 2), default=1, show_default=True, help="Columns that the figure is as wide as.")
@click.option("--name", "names", multiple=True, metavar="LOSS=NAME", help="What a loss is called in the figure.")
def report(folders: tuple[Path, ...], page: Path | None, **options: Any) -> None:
    """Write figures, tables and a page from the records in FOLDER, such as results/demo. Trains nothing.

    Of several folders one page is made that compares their losses, each named with its study.
    """
    from lossbench.claims.terminal import print_verdicts
    from lossbench.report.joint_report import write_joint_report
    from lossbench.report.print_figure import PrintRequest, write_rates
    from lossbench.report.study_report import write_report
    from lossbench.report.terminal import print_scoreboard

    studies, against, metric = [study_folder(folder) for folder in folders], options["against"], options["metric"]
    if page and len(studies) == 1:
        raise BadInput(
            "-o names the page of several studies; the report of one lies in its folder, beside its figures and tables."
        )
    names = print_names(options["names"])
    request = PrintRequest(path=options["figure"], columns=options["columns"], names=names) if options["figure"] else None
    if len(studies) == 1:
        written = write_report(studies[0], against, metric)
    else:
        name = "-".join(folder.resolve().name for folder in studies)
        written = write_joint_report(studies, page or Path(f"{name}.html"), against, metric)
    print_scoreboard(written.scoreboard)
    for sentence in written.warnings:
        click.echo(printable(f"Warning. {sentence}"), err=True)
    if written.judged:
        print_verdicts(studies[0].name, written.judged)
    if request:
        figure = write_rates(studies, request, metric, shlex.join(["lossbench", *sys.argv[1:]]))
        click.echo(f"The figure for print: {figure}", err=True)
    click.echo(written.page)
