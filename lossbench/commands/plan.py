"""`lossbench plan`."""

from typing import Any

import click

from lossbench.commands.flags import looked, with_hydras_flags, written


@click.command()
@click.argument("overrides", nargs=-1, metavar="[WORDS]...", type=click.UNPROCESSED)
@with_hydras_flags
def plan(overrides: tuple[str, ...], **flags: Any) -> None:
    """Show what `run` would train for the same WORDS: runs, what is stored of them, cohorts and their cost. Trains nothing."""
    if looked(overrides, flags):
        return
    from lossbench.commands.actions.outline import print_outline
    from lossbench.config.compose import compose
    from lossbench.execution.executor import RESULTS
    from lossbench.execution.patience import told_when_slow
    from lossbench.planning.plan import make_plan

    with told_when_slow("Composing every run that the words name …"):
        points = compose(overrides, written(flags))
    with told_when_slow(f"Planning {len(points):,} runs …"):
        planned = make_plan(points)
    print_outline(planned, RESULTS)
