"""`lossbench verify`."""

from pathlib import Path

import click

from lossbench.commands.flags import with_plugins
from lossbench.commands.studies import study_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Every stored run.")
@click.option("--runs", type=click.IntRange(1), help="So many of them.  [default: 4]")
@with_plugins
def verify(folder: Path, *, everything: bool, runs: int | None, plugins: tuple[str, ...]) -> int:
    """Train some of the runs in FOLDER again, such as results/demo, and compare them with what is stored there.

    On the same machine, versions and device they must be the same bits; elsewhere they may differ by 1 % of a curve's
    largest value. What differs is named, and the exit code is 1. The folder is only read.
    """
    from lossbench.commands.actions.verification import print_verification
    from lossbench.config.schema import import_plugins
    from lossbench.execution.verification import SAMPLE
    from lossbench.execution.verification import verify as verify_study

    import_plugins(plugins)
    verification = verify_study(study_folder(folder), None if everything else runs or SAMPLE)
    print_verification(folder, verification)
    return 0 if verification.holds else 1
