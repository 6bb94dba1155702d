"""`lossbench plan`."""

from typing import Any

import click

from lossbench.commands.flags import looked, with_hydras_flags, written
from lossbench.execution.patience import LOADING, told_when_slow


@click.command()
@click.argument("overrides", nargs=-1, metavar="[WORDS]...", type=click.UNPROCESSED)
@with_hydras_flags
def plan(overrides: tuple[str, ...], **flags: Any) -> None:
    """Show what `run` would train for the same WORDS: runs, what is stored of them, cohorts and their cost. Trains nothing."""
    if looked(overrides, flags):
        return
    with told_when_slow(LOADING):
        from lossbench.commands.actions.outline import print_outline
        from lossbench.commands.actions.sweep import planned_sweep
        from lossbench.execution.executor import RESULTS

    _, planned = planned_sweep(overrides, written(flags))
    print_outline(planned, RESULTS)
