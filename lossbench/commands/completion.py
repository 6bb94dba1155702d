"""`lossbench --shell-completion`: lines completed, the commands here and their words by Hydra."""

import os
from collections.abc import Iterable, Sequence

import click


def complete(arguments: Sequence[str], commands: Iterable[str]) -> None:
    """Complete the command line that COMP_LINE holds, or print what installs completion in a shell."""
    from lossbench.config.looks import shell_completion

    line = os.environ.get("COMP_LINE", "")
    program, _, rest = line.partition(" ")
    command, space, typed = rest.lstrip().partition(" ")
    if line and not space:
        click.echo(" ".join(name for name in sorted(commands) if name.startswith(command)))
    elif not line or command in ("run", "plan"):
        os.environ["COMP_LINE"] = f"{program} --multirun {typed}"
        shell_completion([word for word in arguments if "=" in word])
