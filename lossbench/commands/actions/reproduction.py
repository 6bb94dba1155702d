"""Experiments run again: what is not there yet is trained, the claims are judged, the report is written."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from lossbench.claims.experiments import experiments, find_experiment
from lossbench.claims.schema import VERDICTS, Experiment
from lossbench.claims.terminal import print_verdicts, shown
from lossbench.claims.verdict import Judgement, Unjudged
from lossbench.commands.actions.sweep import composed
from lossbench.config.merged import merged
from lossbench.errors import BadInput, Failure, printable, unknown
from lossbench.execution.executor import run_plan
from lossbench.planning.plan import Plan, make_plan
from lossbench.report.study_report import write_report
from lossbench.storage.store import study_folder
from lossbench.tables import MANIFEST, RUN, part_files, read_part, read_study

WIDTH = 120  # columns, where the output is no terminal's


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What came of an experiment: its judged claims and its page, or why there are none."""

    name: str
    title: str
    judged: tuple[Judgement | Unjudged, ...] = ()
    page: Path | None = None
    problem: str = ""

    @property
    def changed(self) -> bool:
        """Whether a verdict is another than the one that the repository records."""
        return any(isinstance(claim, Judgement) and not claim.as_recorded for claim in self.judged)

    @property
    def failed(self) -> bool:
        """Whether the experiment, or one of its claims, could not be judged."""
        return bool(self.problem) or any(isinstance(claim, Unjudged) for claim in self.judged)


def named(names: Sequence[str]) -> list[str]:
    """The experiments asked for, each once; all for no names. Raises BadInput with the nearest name."""
    known = experiments()
    for name in names:
        if name not in known:
            raise unknown("experiment with claims", name, known)
    return list(dict.fromkeys(names)) or list(known)


def reproductions(names: Sequence[str], root: Path, flags: Sequence[str] = ()) -> Iterator[Reproduction]:
    """Reproduce the experiments one after another, each printed as it is done; the last lines say how all came out."""
    done = []
    for name in names:
        done.append(reproduce(name, root, flags))
        _print(done[-1])
        yield done[-1]
    for one in done:
        click.echo(printable(f"{one.name}: {_outcome(one)}"))


def print_list(names: Sequence[str], root: Path) -> None:
    """Print the experiments with the verdicts that are recorded and the number of runs that are stored."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    table = Table("experiment", "what it asks", box=box.SIMPLE_HEAD)
    for name in (*VERDICTS, "runs stored"):
        table.add_column(name, justify="right")
    for name in names:
        try:
            experiment = find_experiment(name)
            stored = sum(read_part(path, [RUN]).num_rows for path in part_files(root / name))
        except BadInput as error:  # the other experiments are listed all the same
            table.add_row(shown(name), shown(str(error)))
            continue
        recorded = Counter(claim.verdict for claim in experiment.claims)
        counts = (str(recorded[verdict] or "–") for verdict in VERDICTS)
        table.add_row(shown(name), shown(experiment.title), *counts, f"{stored:,}")
    console.print(table)


def _print(done: Reproduction) -> None:
    if done.problem:
        click.echo(printable(f"{done.name}: {done.problem}\n"), err=True)
        return
    if done.judged:
        print_verdicts(f"{done.name}: {done.title}", done.judged)
    else:
        click.echo(printable(f"{done.name}: {done.title}. It makes no claims; its figures are on the page."))
    click.echo(f"{done.page}\n")


def _outcome(done: Reproduction) -> str:
    if done.problem:
        return "not judged: " + done.problem
    verdicts = Counter(claim.verdict if isinstance(claim, Judgement) else "not judged" for claim in done.judged)
    plural = {"holds": "hold", "differs": "differ"}
    counts = ", ".join(f"{n} {plural.get(word, word) if n > 1 else word}" for word, n in sorted(verdicts.items()))
    return f"{counts or 'no claims'}{', not as recorded' if done.changed else ''}"


def reproduce(name: str, root: Path, flags: Sequence[str] = ()) -> Reproduction:
    """Train what root/NAME does not hold yet, write its report, judge its claims.

    `flags` say where configs lie. What cannot be used or had is told in `problem`: the other experiments can go on.
    """
    title = name
    try:
        experiment = find_experiment(name)
        title = experiment.title
        report = write_report(_trained(experiment, root, flags))
    except (BadInput, Failure) as error:
        return Reproduction(name=name, title=title, problem=str(error))
    return Reproduction(name=name, title=title, judged=tuple(report.judged), page=report.page)


def exit_code(done: Sequence[Reproduction]) -> int:
    """0 where every verdict is the recorded one, 1 where one changed, 2 where something could not be used or had."""
    return 2 if any(one.failed for one in done) else int(any(one.changed for one in done))


def _trained(experiment: Experiment, root: Path, flags: Sequence[str]) -> Path:
    """The experiment's folder, with all of its runs and no others."""
    name = experiment.name
    folder = study_folder(root, name)
    for path in part_files(folder):
        read_part(path)  # raises where a part was edited: `run` would set it aside and train anew, and the edit go unsaid
    overrides = [f"experiment={name}"]
    points = composed(overrides, flags)
    plan = make_plan(points)
    if plan.study != name:
        raise BadInput(f"conf/experiment/{name}.yaml says study: {plan.study}; an experiment's study has the experiment's name.")
    _refuse_strangers(folder, plan)
    click.echo(run_plan(plan, root, [*flags, *overrides], merged(points)).sentence(), err=True)
    return folder


def _refuse_strangers(folder: Path, plan: Plan) -> None:
    """Raise BadInput where the folder holds runs that the experiment does not name."""
    if not (folder / MANIFEST).is_file() or not part_files(folder):
        return
    stored = set(read_study(folder).runs[RUN])
    strangers = stored - {run.id for run in plan.runs}
    if strangers:
        raise BadInput(
            f"{folder} holds {len(strangers):,} of {len(stored):,} runs that the experiment does not name: its words or the data "
            "have changed since. Move the folder away, or judge into another one with --results."
        )
