"""`python -m benchmarks [NAMES] [--repetitions N] [--out FOLDER]`."""

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import torch

from benchmarks.cohort_sizes import cohort_sizes
from benchmarks.comparing import comparing
from benchmarks.contest import Contest, Disagreement
from benchmarks.large import large
from benchmarks.lesson import DIGITS, LOGISTIC, MNIST
from benchmarks.logistic import logistic
from benchmarks.modules import modules
from benchmarks.networks import digits, mnist
from benchmarks.page import Result, Surroundings, page, table, write
from benchmarks.planning import planning
from benchmarks.probing import probing
from benchmarks.profile import Profile, profile
from benchmarks.reporting import reporting
from benchmarks.sweep import sweep
from benchmarks.tiles import tiles
from benchmarks.timing import interleave
from benchmarks.training import WORKERS
from benchmarks.witnessing import witnessing
from lossbench.errors import BadInput, unknown
from lossbench.execution.patience import say
from lossbench.storage.provenance import provenance

CONTESTS: dict[str, Callable[[], Contest]] = {
    "digits": digits,
    "mnist": mnist,
    "logistic": logistic,
    "large": large,
    "modules": modules,
    "tiles": tiles,
    "cohort_sizes": cohort_sizes,
    "sweep": sweep,
    "planning": planning,
    "probing": probing,
    "reporting": reporting,
    "comparing": comparing,
    "witnessing": witnessing,
}
PROFILES = {"Digits": DIGITS, "MNIST": MNIST, "Logistic regression": LOGISTIC}
PROFILE = "profile"


@click.command()
@click.argument("names", nargs=-1)
@click.option("--repetitions", type=click.IntRange(1), help="Rounds of every contest; each has its own number otherwise.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the page and the table go; docs/ where everything is run.")
def main(names: Sequence[str], repetitions: int | None, out: Path | None) -> None:
    """Run the benchmarks that are named, or all of them; print the page, and write it where it is asked for."""
    torch.set_num_threads(1)  # which suits every contestant with matrices this small; the workers have one each
    where = Surroundings(
        command=shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        provenance=provenance("cpu", WORKERS),
        load=os.getloadavg()[0],
    )
    try:
        chosen = _chosen(names)
        profiles = _profiles() if PROFILE in chosen else {}  # first: what fails there costs no contest
        results = [_held(name, repetitions) for name in chosen if name != PROFILE]
    except BadInput as error:
        raise click.UsageError(str(error)) from error
    except Disagreement as error:
        raise click.ClickException(str(error)) from error
    text = page(results, profiles, where)
    click.echo(text)
    folder = out or (None if names else Path("docs"))
    if folder:
        write(folder, text, table(results, where))


def _chosen(names: Sequence[str]) -> list[str]:
    known = [*CONTESTS, PROFILE]
    for name in names:
        if name not in known:
            raise unknown("benchmark", name, known)
    return [name for name in known if not names or name in names]


def _held(name: str, repetitions: int | None) -> Result:
    contest = CONTESTS[name]()
    say(f"{name}: do all compute the same?")
    agreed = contest.check()
    rounds = repetitions or contest.repetitions
    told = interleave(contest.contestants, rounds, lambda number: say(f"{name}: round {number} of {rounds}"))
    return Result(name=name, contest=contest, agreed=agreed, rounds=told)


def _profiles() -> dict[str, Profile]:
    say("profile: a step of each network")
    return {title: profile(lesson) for title, lesson in PROFILES.items()}


if __name__ == "__main__":
    main()
