"""`lossbench reproduce`."""

from pathlib import Path

import click

from lossbench.commands.flags import written
from lossbench.errors import BadInput


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Every experiment.")
@click.option("--list", "listed", is_flag=True, help="Only list the experiments, and the verdicts that are recorded.")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help="Where runs lie.")
@click.option("--config-dir", "-cd", metavar="DIR", help="Find your own experiments' configs too, as DIR/experiment/NAME.yaml.")
def reproduce(names: tuple[str, ...], *, everything: bool, listed: bool, results: Path, config_dir: str | None) -> int:
    """Run published experiments again and judge what was published: train what is not there yet, compare, write the report.

    Exit code: 0 where every verdict is the one recorded in the repository, 1 where one has changed, 2 where an experiment
    could not be run or a claim not be judged. A published number that does not hold is a finding, not a failure.

    \b
    lossbench reproduce --list
    lossbench reproduce nielsen_neuron dead_outputs
    lossbench reproduce --all --results anew             everything, trained from nothing
    """
    from lossbench.commands.actions.reproduction import exit_code, named, print_list, reproductions

    if listed:
        print_list(named(names), results)
        return 0
    if bool(names) == everything:
        raise BadInput("Which experiments? Name some, or say --all; --list tells which there are.")
    return exit_code(list(reproductions(named(names), results, written({"config_dir": config_dir}))))
