"""The door: losses and data go in, runs are trained, a verdict comes out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lossbench.audit.cards.card import Card
from lossbench.audit.cards.isolation import isolated_cards
from lossbench.audit.cards.runner import cards_of_path
from lossbench.audit.cards.single import audit
from lossbench.audit.request import failures
from lossbench.audit.subjects.trainable import request_of
from lossbench.comparison.budget import more_rates
from lossbench.comparison.given import data_of, losses_of, metric_for
from lossbench.comparison.metric_column import metric_column, refuse_unjudged
from lossbench.comparison.request import ComparisonRequest, sweep
from lossbench.comparison.study import ComparedStudy
from lossbench.comparison.tuning import Setting, Tuning
from lossbench.config.merged import merged
from lossbench.config.python_settings import described
from lossbench.errors import BadInput
from lossbench.execution.executor import run_plan
from lossbench.execution.forecast import data_lines, training_time
from lossbench.execution.patience import say
from lossbench.interfaces import Loss
from lossbench.losses.imported import Imported
from lossbench.planning.plan import Plan, make_plan
from lossbench.storage.store import study_folder

MAIN = "__main__"  # the module of a script or notebook, which no worker can import
PROTOCOL = ("seeds", "folds", "rates", "tune", "validation", "early", "margin", "study")
CHECKS = ("gradient", "numerics", "nondeterminism")  # what the audit must find nothing of


@dataclass(frozen=True, kw_only=True)
class Given:
    """What somebody gives: losses and data as `given.py` takes them, and whether losses that are not ours are audited first."""

    losses: Sequence[Any]
    data: Any
    target: str | Sequence[str] | None = None
    metric: str | None = None
    data_options: Mapping[str, Any] = field(default_factory=dict)
    check: bool = True


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A request, the plan of its runs, and what is kept beside them: the words, the config, and whose runs are whose.

    `settings` has what is tuned beside the rate, and its values, by run.
    """

    request: ComparisonRequest
    plan: Plan
    overrides: Sequence[str]
    config: Mapping[str, Any]
    runs_of: dict[str, list[str]]
    settings: dict[str, Setting]


def compare(
    losses: Iterable[Any], data: Any, *, target: str | Sequence[str] | None = None, metric: str | None = None, **options: Any
) -> ComparedStudy:
    """Train losses on the same data with the same budget, and judge which is better, by how much, and how sure that is.

    lossbench.compare(["ce", lossbench.losses.Focal(gamma=2), Mine()], data=(X, y), metric="average_precision", seeds=20)

    Options and their defaults: seeds=10, folds=None, rates=(0.01, 0.03, …, 3), tune={}, validation=0.2, early=False, margin=None,
    study="compare", results="results", data_options={}, check=True, train=True; every other one is a setting of the command line.

    losses: words with options ("focal,gamma=3"), MODULE:NAME, instances or classes. data: a file with a table, a registered word,
    a data frame, arrays (x, y) or a data set; `target` names the column to predict, or several, a label each. metric: what
    chooses and judges, of one class as in "f1/churned"; by default accuracy, or what suits rare classes, or the task. folds: each
    seed parts the data into so many, of which each tests once. tune: what is chosen beside the rate, such as
    {"loss.gamma": [0.5, 1, 2], "optimizer.l2": [0, 1e-3]}; a loss without the option tries more rates instead. early: the
    best recorded step is chosen, too. margin: differences up to it do not matter. settings: more of the command line's, such as
    model={"hidden": (64,)}, epochs=20.

    What it will take is said first. What is stored is not trained again: interrupted, or with more seeds, the same call goes on.
    A loss that is not lossbench's own is audited first, unless check=False. With train=False the seeds are judged of which all is
    stored. Raises BadInput where something makes no sense or a loss fails its audit.
    """
    train = bool(options.pop("train", True))
    own = {key: options.pop(key) for key in ("data_options", "check") if key in options}
    results = Path(options.pop("results", "results"))
    protocol = {key: options.pop(key) for key in PROTOCOL if key in options}
    given = Given(losses=list(losses), data=data, target=target, metric=metric, **own)
    made = prepared(given, settings=options, **protocol)
    folder = study_folder(results, made.plan.study)
    if train:
        announce(made, results)
        folder = run_plan(made.plan, results, made.overrides, made.config).folder
    command = f"lossbench.compare({list(made.runs_of)}, …, metric={made.request.metric!r}, seeds={made.request.seeds}) in Python"
    return compared(made, folder, command)


def compared(made: Prepared, folder: Path, command: str) -> ComparedStudy:
    """What is stored in a folder of a comparison; `command` repeats it."""
    return ComparedStudy(
        folder=folder,
        request=made.request,
        runs_of=made.runs_of,
        command=command,
        settings=made.settings,
        specs=made.plan.runs,
    )


def prepared(given: Given, **protocol: Any) -> Prepared:
    """The runs of a comparison, planned; nothing is trained. `protocol` is the rest of a ComparisonRequest. Raises BadInput."""
    tuning = Tuning(protocol.get("tune", {}))
    named = losses_of(given.losses, list(tuning.of_losses))
    dataset = data_of(given.data, given.target, given.data_options)
    metric = metric_column(given.metric or metric_for(dataset, {loss.word for loss in named.values()}), dataset)
    request = ComparisonRequest(losses=named, dataset=dataset, metric=metric, **protocol)
    for label, loss in named.items() if given.check else ():
        _refuse_broken(label, loss)
    requested = sweep(request)
    made = requested.sweep
    plan = make_plan(made.points)
    if MAIN in made.modules:
        plan = replace(plan, resources=replace(plan.resources, executor="serial"))
    config = dict(merged([described(point) for point in made.points]))
    config["plugins"] = list(dict.fromkeys([*config["plugins"], *made.modules]))
    runs_of: dict[str, list[str]] = {label: [] for label in named}
    for label, run in zip(requested.labels, plan.runs, strict=True):
        if not runs_of[label]:
            refuse_unjudged(label, run, metric)
        runs_of[label].append(run.id)
    settings = {run.id: setting for run, setting in zip(plan.runs, requested.settings, strict=True)}
    return Prepared(request=request, plan=plan, overrides=made.overrides, config=config, runs_of=runs_of, settings=settings)


def announce(made: Prepared, root: Path) -> None:
    """Say on stderr what is compared on which data, and what training it will take."""
    (each,) = {len(ids) for ids in made.runs_of.values()}
    for line in data_lines(made.plan.runs[0].dataset):
        say(line)
    request = made.request
    if more := more_rates(request.trials, request.rates, request.tune):
        say(more)
    say(f"{len(made.runs_of)} losses × {each:,} runs; judged by {request.metric}. {training_time(made.plan, root)}".rstrip())


def _refuse_broken(label: str, loss: Loss) -> None:
    """Raise BadInput where the audit finds that somebody's loss has a wrong gradient, or breaks where training goes."""
    if not loss.foreign_module or type(loss).__module__ == MAIN:
        return
    cards = _cards(loss) if isinstance(loss, Imported) else [audit(loss)]
    faults = failures(cards, CHECKS) + [f"{card.title}: {card.refused}" for card in cards if card.refused]
    if faults:
        raise BadInput(f"The audit of {label} fails: {' '.join(faults)} check=False (--no-check) compares it all the same.")


def _cards(loss: Imported) -> list[Card]:
    """The cards of somebody's callable, made in a process of its own where one can import it."""
    request = request_of(loss)
    return cards_of_path(request) if loss.foreign_module == MAIN else isolated_cards(request)
