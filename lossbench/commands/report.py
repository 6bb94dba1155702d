"""`lossbench report`."""

from pathlib import Path

import click

from lossbench.commands.studies import study_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def report(folder: Path) -> None:
    """Write figures, tables and a page from the records in FOLDER, such as results/demo. Trains nothing."""
    from lossbench.claims.terminal import print_verdicts
    from lossbench.report.study_report import write_report
    from lossbench.report.terminal import print_scoreboard

    page, scoreboard, judged = write_report(study_folder(folder))
    print_scoreboard(scoreboard)
    if judged:
        print_verdicts(folder.name, judged)
    click.echo(page)
