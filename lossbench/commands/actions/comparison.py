"""A comparison from the command line: what it will take, the runs, the verdict and the page."""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from lossbench.audit.subjects.import_path import add_current_folder_to_path
from lossbench.audit.subjects.subject import parsed
from lossbench.commands.print_names import print_names
from lossbench.comparison.compare import Given, Prepared, announce, compared, prepared
from lossbench.comparison.figures import FEWEST_RATES, FIGURES, ONE_RATE, PROBES, not_recorded
from lossbench.comparison.figures import RATES as RATES_FIGURE
from lossbench.comparison.request import RATES
from lossbench.comparison.study import PAGE, ComparedStudy
from lossbench.errors import BadInput, Stopped, printable, unknown
from lossbench.execution.executor import RESULTS, run_plan
from lossbench.registry import load_plugins
from lossbench.report.print_figure import PrintRequest
from lossbench.storage.store import study_folder

_BETWEEN = re.compile(r",(?![^\[]*\])")  # a comma that stands in no list
DATASET = "dataset."  # before settings that are about the data


def print_comparison(losses: Sequence[str], options: Mapping[str, Any], command: str) -> bool:
    """Train what is not stored, print the verdict, write the page; whether every pair has a verdict. Raises BadInput."""
    made = _prepared(losses, options)
    _check_figure(options, made)
    announce(made, RESULTS)
    study = compared(made, study_folder(RESULTS, made.plan.study), command)
    try:
        click.echo(run_plan(made.plan, RESULTS, made.overrides, made.config).sentence(), err=True)
    except Stopped:
        _print_so_far(study)
        raise
    _print_outcome(study, options)
    return study.outcome.decided


def _prepared(losses: Sequence[str], options: Mapping[str, Any]) -> Prepared:
    """The comparison that the words ask for, with nothing trained yet."""
    add_current_folder_to_path()
    load_plugins(options["plugins"])
    settings = dict(map(_setting, options["settings"]))
    about_data = {key: settings.pop(key) for key in list(settings) if key.startswith(DATASET)}
    given = Given(
        losses=losses,
        data=options["data"],
        target=_columns(options["target"]),
        metric=options["metric"],
        data_options={key.removeprefix(DATASET): value for key, value in about_data.items()},
        check=not options["no_check"],
    )
    protocol = {name: options[name] for name in ("seeds", "folds", "validation", "early", "margin", "study")}
    tune = dict(map(_tuned, options["tune"]))
    return prepared(given, rates=_rates(options["rates"]), tune=tune, settings=settings, **protocol)


def _check_figure(options: Mapping[str, Any], made: Prepared) -> None:
    """Raise BadInput for a figure that cannot be, or the name in print of no loss, before anything is trained."""
    for label in print_names(options["names"]):
        if label not in made.runs_of:
            raise unknown("loss of the comparison", label, made.runs_of)
    if not options["figure"]:
        return
    PrintRequest(path=Path(options["figure"]), columns=options["columns"])
    if options["plot"] not in FIGURES:
        raise unknown("figure of a comparison", options["plot"], FIGURES)
    if options["plot"] == RATES_FIGURE and len(made.request.rates) < FEWEST_RATES:
        raise BadInput(ONE_RATE)
    probe = PROBES.get(options["plot"])
    if probe is not None and probe not in made.plan.recording.probes:
        raise BadInput(not_recorded(options["plot"]))


def _print_outcome(study: ComparedStudy, options: Mapping[str, Any]) -> None:
    """The verdict on the screen, the page, and what else was asked for in files."""
    page = study.report(RESULTS / options["study"] / PAGE)
    names = print_names(options["names"])
    click.echo(study.to_latex(names) if options["latex"] else printable(study.text()))
    if options["figure"]:
        figure = study.save_figure(options["figure"], options["columns"], names, options["plot"])
        click.echo(f"The figure for print: {figure}", err=True)
    if options["save"]:
        click.echo(f"The best network: {study.best.save(options['save'])}", err=True)
    click.echo(f"The page: {page}", err=True)


def _print_so_far(study: ComparedStudy) -> None:
    """What the seeds say of which every run is stored; nothing where there is none."""
    try:
        click.echo(printable("\n".join([*study.outcome.sentences(), study.outcome.recommendation()])))
    except BadInput as error:
        click.echo(printable(str(error)), err=True)


def _columns(text: str | None) -> str | list[str] | None:
    """One target column, or several with commas between them; a name with a comma in it stands in quotation marks."""
    names = next(csv.reader([text or ""], skipinitialspace=True), [])
    return names if len(names) > 1 else (names[0] if names else None)


def _rates(text: str | None) -> tuple[float, ...]:
    if text is None:
        return RATES
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise BadInput(f"--rates is {text!r}; it is numbers with commas between them, such as 0.01,0.03,0.1.") from error


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise BadInput(f"--set {text}: a setting is written KEY=VALUE, such as --set epochs=20.")
    return key, _value(value)


def _tuned(text: str) -> tuple[str, list[Any]]:
    key, equals, values = text.partition("=")
    if not equals or not key:
        raise BadInput(f"--tune {text}: what is tuned is written KEY=VALUE,VALUE, such as --tune loss.gamma=0.5,1,2.")
    return key, [_value(value) for value in _BETWEEN.split(values)]


def _value(text: str) -> Any:
    """A number, a word or a list, as it is written."""
    made = parsed(text)
    if isinstance(made, str) and made.startswith("[") and made.endswith("]"):  # words without quotation marks
        made = [word.strip() for word in next(csv.reader([made[1:-1]], skipinitialspace=True), [])]
    return tuple(made) if isinstance(made, list) else made
