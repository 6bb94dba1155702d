"""The commands. What they need is imported when they run, so that --help answers at once."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from lossbench.errors import BadInput, Failure, printable, unknown

KINDS = ("losses", "models", "inits", "datasets", "optimizers", "schedules", "probes", "metrics", "experiments")
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

AUDITED = (
    click.option("--as", "claim", metavar="WORD", help="Hold somebody's loss against this one of ours, to 50 digits."),
    click.option("--given", "-g", multiple=True, metavar="NAME=VALUE", help="A keyword for somebody's loss, as reduction=none."),
    click.option("--takes", type=click.Choice(["raw", "probabilities", "log-probabilities"]), help="What it takes."),
    click.option("--link", type=click.Choice(["identity", "sigmoid", "softmax"]), help="What its raw outputs go through."),
    click.option("--outputs", type=click.Choice(["one", "several"]), help="How many raw outputs an example has."),
    click.option("--classes", type=click.Choice(["first", "last"]), help="Which axis of several outputs counts the classes."),
    click.option("--targets", type=click.Choice(["alike", "index", "signed"]), help="0/1 or one-hot, class indices, or −1/+1."),
    click.option("--plugin", "-P", "plugins", multiple=True, metavar="MODULE", help="Also what a module of yours defines."),
    click.option("--fail-on", multiple=True, metavar="REASONS", help="Exit with 1 for these: declared, numerics, claim, …"),
    click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the cards to FILE.html or FILE.md instead."),
    click.option("--docs", type=click.Path(path_type=Path), metavar="DIR", help="Write our documentation's two pages instead."),
    click.option("--seconds", type=float, default=5.0, show_default=True, help="Limit for a call of somebody's loss."),
    click.option("--fresh", is_flag=True, help="Measure again what was measured before."),
)


def main() -> None:
    """The program `lossbench`."""
    sys.exit(answer(sys.argv[1:]))


def answer(arguments: Sequence[str]) -> int:
    """Do what the arguments ask for and return the exit code: 0, 1 for a failure, 2 for bad input, 130 when interrupted."""
    try:
        if {"-sc", "--shell-completion"} & set(arguments):
            _complete(arguments)
            return 0
        return int(commands.main(args=list(arguments), prog_name="lossbench", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (BadInput, Failure, OSError, MemoryError, click.Abort, KeyboardInterrupt) as error:
        line, code = _message_of(error)
        click.echo(printable(line), err=True)
        return code


def _message_of(error: BaseException) -> tuple[str, int]:
    """What stopped a command, in a sentence, and its exit code."""
    line, code = f"Error: {error}", 2 if isinstance(error, BadInput) else 1
    if isinstance(error, OSError):
        location = f" ({error.filename})" if error.filename else ""
        line = f"Error: {error.strerror or error}{location}. What was stored is kept."
    elif isinstance(error, MemoryError):
        line = "Error: there is not enough memory. What was stored is kept; a smaller engine.tile needs less."
    elif isinstance(error, click.Abort | KeyboardInterrupt):
        line, code = "Interrupted. What was stored is kept, and the same command continues.", 130
    return line, code


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="lossbench")
def commands() -> None:
    """How loss functions learn: sweeps of small runs, recorded layer by layer, compared in a report.

    \b
    lossbench run loss=ce,mse init=gentle,saturated 'seed=range(10)' study=first
    lossbench report results/first
    """


def _with_hydras_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    for flag in reversed(FLAGS):
        command = flag(command)
    return command


def _with_audits_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(AUDITED):
        command = option(command)
    return command


@commands.command()
@click.argument("overrides", nargs=-1, metavar="[WORDS]...", type=click.UNPROCESSED)
@_with_hydras_flags
def run(overrides: tuple[str, ...], **flags: Any) -> None:
    """Train the runs that WORDS name, unless they are stored already, and store them in results/STUDY.

    WORDS are KEY=VALUE in Hydra's language. Several values are a sweep: every combination is a run.

    \b
    lossbench run                                    one run, all defaults
    lossbench run loss=ce,mse 'seed=range(10)'       twenty runs
    lossbench run model.hidden=[30],[100,30]         two networks
    lossbench run experiment=demo epochs=5           a sweep in a file, one setting changed
    lossbench run study=mine loss=focal loss.gamma=3 into results/mine

    Without study=NAME runs go to results/scratch, which gathers all that nobody named. `lossbench show losses` lists what
    loss= can be, likewise models, inits, datasets, optimizers and experiments; --cfg job shows every setting.
    """
    if _looked(overrides, flags):
        return
    from lossbench.config.compose import compose
    from lossbench.execution.executor import RESULTS, run_plan
    from lossbench.execution.plan_summary import composed
    from lossbench.planning.plan import make_plan

    points = compose(overrides, _written(flags))
    summary = run_plan(make_plan(points), RESULTS, [*_written(flags), *overrides], composed(points))
    click.echo(summary.sentence(), err=True)
    click.echo(f"Next: lossbench report {RESULTS / summary.folder.name}")


@commands.command()
@click.argument("overrides", nargs=-1, metavar="[WORDS]...", type=click.UNPROCESSED)
@_with_hydras_flags
def plan(overrides: tuple[str, ...], **flags: Any) -> None:
    """Show what `run` would train for the same WORDS: runs, what is stored of them, cohorts and their cost. Trains nothing."""
    if _looked(overrides, flags):
        return
    from lossbench.config.compose import compose
    from lossbench.execution.executor import RESULTS
    from lossbench.execution.plan_summary import print_outline
    from lossbench.planning.plan import make_plan

    print_outline(make_plan(compose(overrides, _written(flags))), RESULTS)


@commands.command()
@click.argument("folder", type=click.Path(path_type=Path))
def report(folder: Path) -> None:
    """Write figures, tables and a page from the records in FOLDER, such as results/demo. Trains nothing."""
    from lossbench.claims.terminal import print_verdicts
    from lossbench.report.study_report import write_report
    from lossbench.report.terminal import print_scoreboard

    page, scoreboard, judged = write_report(_study(folder))
    print_scoreboard(scoreboard)
    if judged:
        print_verdicts(folder.name, judged)
    click.echo(page)


@commands.command()
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
    from lossbench.commands.reproduction import exit_code, named, print_list, reproductions

    if listed:
        print_list(named(names), results)
        return 0
    if bool(names) == everything:
        raise BadInput("Which experiments? Name some, or say --all; --list tells which there are.")
    return exit_code(list(reproductions(named(names), results, _written({"config_dir": config_dir}))))


@commands.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Every stored run.")
@click.option("--runs", type=click.IntRange(1), help="So many of them.  [default: 4]")
@click.option("--plugin", "-P", "plugins", multiple=True, metavar="MODULE", help="Also what a module of yours defines.")
def verify(folder: Path, *, everything: bool, runs: int | None, plugins: tuple[str, ...]) -> int:
    """Train some of the runs in FOLDER again, such as results/demo, and compare them with what is stored there.

    On the same machine, versions and device they must be the same bits; elsewhere they may differ by 1 % of a curve's
    largest value. What differs is named, and the exit code is 1. The folder is only read.
    """
    from lossbench.commands.verification import print_verification
    from lossbench.config.schema import import_plugins
    from lossbench.execution.verification import SAMPLE
    from lossbench.execution.verification import verify as verify_study

    import_plugins(plugins)
    verification = verify_study(_study(folder), None if everything else runs or SAMPLE)
    print_verification(folder, verification)
    return 0 if verification.holds else 1


@commands.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("word", required=False)
@click.option("--plugin", "-P", "plugins", multiple=True, metavar="MODULE", help="Also what a module of yours defines.")
def show(kind: str, word: str | None, plugins: tuple[str, ...]) -> None:
    """List the losses, models, …, one line each; with a WORD show its formula, options and source."""
    from lossbench.commands.catalogue import show as show_kind
    from lossbench.config.schema import import_plugins

    import_plugins(plugins)
    show_kind(kind, word)


@commands.command()
@click.argument("losses", nargs=-1, metavar="[WORDS]...")
@_with_audits_options
def audit(losses: tuple[str, ...], **options: Any) -> None:
    """Make a card of each loss: what it does to learning, measured before anything is trained.

    WORDS are losses (WORD or WORD,OPTION=VALUE) and anybody's functions and torch modules (PACKAGE.MODULE:NAME). Importing
    somebody's module runs its code. Without WORDS all losses are audited.

    \b
    lossbench audit                                          every card, and a chart of all
    lossbench audit focal,gamma=3 cross_entropy -o cards.html
    lossbench audit torch.nn:BCELoss --as cross_entropy      where it breaks
    lossbench audit my_losses:mine --fail-on declared,numerics
    """
    from lossbench.audit.request import answer as audit_answer

    audit_answer(losses, options)


@commands.command()
@click.argument("losses", nargs=-1, metavar="[LOSS]...")
@click.option("--output", "-o", type=click.Path(path_type=Path), default=Path("lab.html"), show_default=True, help="The page.")
@click.option("--plugin", "-P", "plugins", multiple=True, metavar="MODULE", help="Also what a module of yours defines.")
def lab(losses: tuple[str, ...], output: Path, plugins: tuple[str, ...]) -> None:
    """Write a page to touch: one neuron and a small network, trained in the browser by two losses side by side.

    It holds every loss that has a meaning on a sigmoid, and needs no network. LOSS puts yours in: WORD,OPTION=VALUE such as
    focal,gamma=5, or anybody's PACKAGE.MODULE:NAME, whose module's code is run.
    """
    from lossbench.lab.page import write_lab

    click.echo(write_lab(output, losses, plugins))


def _looked(overrides: Sequence[str], flags: Mapping[str, Any]) -> bool:
    """Whether a flag asked to look rather than run; then it is done."""
    looks = any(flags[name] for name in LOOKS)
    if looks:
        from lossbench.config.compose import inspect

        inspect(overrides, _written(flags))
    return looks


def _written(flags: Mapping[str, Any]) -> list[str]:
    """The flags as Hydra reads them."""
    names = {name: f"--{name.replace('_', '-')}" for name in flags}
    return [names[name] if value is True else f"{names[name]}={value}" for name, value in flags.items() if value]


def _study(folder: Path) -> Path:
    """The folder, where there is one. Raises BadInput with the nearest study."""
    if folder.is_dir():
        return folder
    studies = [str(path.parent) for path in sorted(Path("results").glob("*/study.json"))]
    raise unknown("study", str(folder), studies)


def _complete(arguments: Sequence[str]) -> None:
    """Complete a command line: the commands here, their words by Hydra, which reads the line from COMP_LINE."""
    from lossbench.config.compose import inspect

    line = os.environ.get("COMP_LINE", "")
    program, _, rest = line.partition(" ")
    command, space, written = rest.lstrip().partition(" ")
    if line and not space:
        click.echo(" ".join(name for name in sorted(commands.commands) if name.startswith(command)))
    elif not line or command in ("run", "plan"):
        os.environ["COMP_LINE"] = f"{program} --multirun {written}"
        inspect([word for word in arguments if "=" in word], ["--shell-completion"])
