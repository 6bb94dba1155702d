"""`lossbench status`."""

from pathlib import Path

import click

from lossbench.commands.studies import study_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def status(folder: Path) -> int:
    """Tell how far the study in FOLDER is, such as results/demo: also from another shell, while it is trained.

    Of a sweep that runs, what is done and how long the rest will take; of one that was stopped, failed or was killed, what it has
    left to do and the command that goes on. The folder is only read.

    Exit code: 0, or 1 where a sweep failed or was killed.
    """
    from lossbench.commands.actions.state import print_status

    return 0 if print_status(study_folder(folder)) else 1
