"""`lossbench report`."""

from pathlib import Path

import click

from lossbench.commands.studies import study_folder
from lossbench.errors import BadInput, printable


@click.command()
@click.argument("folders", metavar="FOLDER...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--against", metavar="LOSS|all", help="Compare each loss with this one (by default cross entropy), or every two.")
@click.option("--metric", metavar="WORD", help="Choose rates and rank by this recorded metric: average_precision, recall/yes.")
@click.option("-o", "--output", "page", type=click.Path(path_type=Path), help="The page of several studies, by default A-B.html.")
def report(folders: tuple[Path, ...], against: str | None, metric: str | None, page: Path | None) -> None:
    """Write figures, tables and a page from the records in FOLDER, such as results/demo. Trains nothing.

    Of several folders one page is made that compares their losses, each named with its study.
    """
    from lossbench.claims.terminal import print_verdicts
    from lossbench.report.joint_report import write_joint_report
    from lossbench.report.study_report import write_report
    from lossbench.report.terminal import print_scoreboard

    studies = [study_folder(folder) for folder in folders]
    if page and len(studies) == 1:
        raise BadInput(
            "-o names the page of several studies; the report of one lies in its folder, beside its figures and tables."
        )
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
    click.echo(written.page)
