"""`lossbench run`."""

from typing import Any

import click

from lossbench.commands.flags import looked, with_hydras_flags, written
from lossbench.execution.patience import LOADING, told_when_slow


@click.command()
@click.argument("overrides", nargs=-1, metavar="[WORDS]...", type=click.UNPROCESSED)
@click.option("--detach", is_flag=True, help="Train in the background, also after this shell is closed.")
@with_hydras_flags
def run(overrides: tuple[str, ...], *, detach: bool, **flags: Any) -> None:
    """Train the runs that WORDS name, unless they are stored already, and store them in results/STUDY.

    WORDS are KEY=VALUE in Hydra's language. Several values are a sweep: every combination is a run.

    \b
    lossbench run                                    one run, all defaults
    lossbench run loss=ce,mse 'seed=range(10)'       twenty runs
    lossbench run model.hidden=[30],[100,30]         two networks
    lossbench run experiment=demo epochs=5           a sweep in a file, one setting changed
    lossbench run study=mine loss=focal loss.gamma=3 into results/mine
    lossbench run study=long 'seed=range(500)' --detach  in the background; `lossbench status results/long` tells how far

    Without study=NAME runs go to results/scratch, which gathers all that nobody named. `lossbench show losses` lists what
    loss= can be, likewise models, inits, datasets, optimizers and experiments; --cfg job shows every setting.
    """
    if looked(overrides, flags):
        return
    with told_when_slow(LOADING):
        from lossbench.commands.actions.sweep import planned_sweep
        from lossbench.config.merged import merged
        from lossbench.execution.executor import RESULTS, run_plan

    points, planned = planned_sweep(overrides, written(flags))
    if detach:
        from lossbench.commands.actions.background import detached

        click.echo(detached(planned, RESULTS, [*written(flags), *overrides]))
        return
    with told_when_slow("Noting what the words mean …"):
        config = merged(points)
    summary = run_plan(planned, RESULTS, [*written(flags), *overrides], config)
    click.echo(summary.sentence(), err=True)
    click.echo(f"Next: lossbench report {RESULTS / summary.folder.name}")
