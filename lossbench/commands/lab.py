"""`lossbench lab`."""

from pathlib import Path

import click

from lossbench.commands.flags import with_plugins


@click.command()
@click.argument("losses", nargs=-1, metavar="[LOSS]...")
@click.option("--output", "-o", type=click.Path(path_type=Path), default=Path("lab.html"), show_default=True, help="The page.")
@with_plugins
def lab(losses: tuple[str, ...], output: Path, plugins: tuple[str, ...]) -> None:
    """Write a page to touch: one neuron and a small network, trained in the browser by two losses side by side.

    It holds every loss that has a meaning on a sigmoid, and needs no network. LOSS puts yours in: WORD,OPTION=VALUE such as
    focal,gamma=5, or anybody's PACKAGE.MODULE:NAME, whose module's code is run.
    """
    from lossbench.lab.page import write_lab

    click.echo(write_lab(output, losses, plugins))
