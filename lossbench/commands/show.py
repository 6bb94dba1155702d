"""`lossbench show`."""

import click

from lossbench.commands.flags import with_plugins

KINDS = ("losses", "models", "inits", "datasets", "optimizers", "schedules", "probes", "metrics", "experiments")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("word", required=False)
@with_plugins
def show(kind: str, word: str | None, plugins: tuple[str, ...]) -> None:
    """List the losses, models, …, one line each; with a WORD show its formula, options and source."""
    from lossbench.commands.actions.catalogue import show as show_kind
    from lossbench.config.schema import import_plugins

    import_plugins(plugins)
    show_kind(kind, word)
