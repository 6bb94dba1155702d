"""Flags that several commands have: those of Hydra, by which a config is looked at or looked for, and --plugin."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

LOOKS = ("cfg", "info", "hydra_help")  # flags that print something instead of running
INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
FLAGS = (
    click.option("--cfg", "-c", type=click.Choice(["job", "hydra", "all"]), help="Print the composed config of one run."),
    click.option("--resolve", is_flag=True, help="With --cfg: resolve interpolations."),
    click.option("--package", "-p", metavar="KEY", help="With --cfg: only this part, such as optimizer."),
    click.option(
        "--info", "-i", is_flag=False, flag_value="all", type=click.Choice(INFO), help="Print how a config comes about."
    ),
    click.option("--hydra-help", is_flag=True, help="Print Hydra's own help."),
    click.option("--config-dir", "-cd", metavar="DIR", help="Find your own configs too, such as DIR/experiment/mine.yaml."),
    click.option("--config-path", "-cp", metavar="DIR", help="Find configs there instead of in lossbench's own conf/."),
    click.option("--config-name", "-cn", metavar="NAME", help="Begin with another config than config.yaml."),
    click.option("--multirun", "-m", is_flag=True, hidden=True, expose_value=False),  # every run is part of a sweep here
    click.option("--run", "-r", is_flag=True, hidden=True, expose_value=False),
)
with_plugins = click.option(
    "--plugin", "-P", "plugins", multiple=True, metavar="MODULE", help="Also what a module of yours defines."
)


def with_options(options: Sequence[Callable[..., Any]]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that gives a command several options, which --help shows in their order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


with_hydras_flags = with_options(FLAGS)


def looked(overrides: Sequence[str], flags: Mapping[str, Any]) -> bool:
    """Whether a flag asked to look rather than run; then it is done."""
    looks = any(flags[name] for name in LOOKS)
    if looks:
        from lossbench.config.looks import inspect

        inspect(overrides, written(flags))
    return looks


def written(flags: Mapping[str, Any]) -> list[str]:
    """The flags as they are written: --config-dir=mine."""
    names = {name: f"--{name.replace('_', '-')}" for name in flags}
    return [names[name] if value is True else f"{names[name]}={value}" for name, value in flags.items() if value]
