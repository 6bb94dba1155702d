"""What is compared with what, on which data, by which metric: as it was given, checked, and as a sweep."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from lossbench.comparison.budget import Trial, trials
from lossbench.comparison.tuning import Setting, Tuning
from lossbench.config.python_settings import PythonSweep, python_sweep
from lossbench.data.loading import describe
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Dataset, Loss, Task
from lossbench.interfaces.metric import Metric
from lossbench.registry import field_types, shelf
from lossbench.tables import Quantity
from lossbench.tables.columns import LAYER
from lossbench.tables.quantity import quantity

RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)  # a factor of about 3 apart, the same for every loss
SHARE_MARGIN = 0.01  # a percentage point, of metrics that are shares
RELATIVE_MARGIN = 0.02  # of other metrics: this part of the reference's value
FEWEST_SEEDS = 3
POINTS = 20  # moments at which a run is recorded


@dataclass(frozen=True, kw_only=True)
class ComparisonRequest:
    """A comparison: losses by label, a data set, the metric that chooses and judges, and the budget that every loss has.

    metric: a metric's column, such as accuracy, or f1/1 for what f1 says of the class that counts as 1.
    rates: learning rates that every loss may choose among. seeds: how many; each draws another split, start and order.
    folds: into how many parts each seed parts the data, each of which tests once; None where each seed holds a part out.
    tune: further options that are chosen with the rate, and the values of each; a loss without one has more rates instead.
    validation: the share of the training data that chooses. early: whether the best recorded step is chosen as well.
    settings: further settings of the command line, such as model, epochs or batch.
    """

    losses: Mapping[str, Loss]
    dataset: Dataset
    metric: str
    seeds: int = 10
    folds: int | None = None
    rates: Sequence[float] = RATES
    tune: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    validation: float = 0.2
    early: bool = False
    margin: float | None = None
    study: str = "compare"
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        _check_request(self)

    @property
    def quantity(self) -> Quantity:
        """What the metric's columns hold."""
        cls = metric_class(self.recorded)
        return quantity(self.metric, {cls.word: cls.quantity}, describe(self.dataset).shape.classes or ())

    @property
    def recorded(self) -> str:
        """The word of the metric that is recorded."""
        return self.metric.partition(LAYER)[0]

    @cached_property
    def trials(self) -> dict[str, tuple[Trial, ...]]:
        """What each loss tries, by its label. Raises BadInput where the budgets cannot be the same."""
        return trials(self.losses, [float(rate) for rate in self.rates], self.tune)


def metric_class(word: str) -> type[Metric]:
    """The metric of a word. Raises BadInput where there is none, or where neither way of it is better."""
    metrics = _ranking_metrics()
    if word not in metrics:
        raise unknown("metric that ranks", word, metrics)
    return metrics[word]


@dataclass(frozen=True, kw_only=True)
class RequestedSweep:
    """Every run of a comparison as a point of a sweep, with the label of its loss and the values of what else is tuned."""

    sweep: PythonSweep
    labels: tuple[str, ...]
    settings: tuple[Setting, ...]


def sweep(request: ComparisonRequest) -> RequestedSweep:
    """Every run of the comparison. Each seed draws its own split, where the data set draws any.

    Raises BadInput where a setting does not exist, or where one is the comparison's own.
    """
    tuning, tried = Tuning(request.tune), request.trials
    _check_settings(request)
    rates_of = {id(trial.loss): trial.rates for own in tried.values() for trial in own}
    more = request.settings.get("probes", ())
    own = {
        "study": request.study,
        "loss": [trial.loss for own in tried.values() for trial in own],
        "optimizer.lr": sorted({rate for rates in rates_of.values() for rate in rates}),
        "seed": range(request.seeds),
        "validation": request.validation,
        "probes": (request.recorded, *([more] if isinstance(more, str) else more)),
        "recording": {"points": POINTS},
    }
    settings = {key: value for key, value in request.settings.items() if key != "probes"}
    made = python_sweep({**own, **settings, **tuning.of_the_rest})
    planned = [point for point in made.points if point["optimizer"]["lr"] in rates_of[id(point["loss"])]]
    points = [{**point, "dataset": drawn} for point in planned for drawn in _drawn(request, int(point["seed"]))]
    labels = {id(trial.loss): label for label, own in tried.items() for trial in own}
    return RequestedSweep(
        sweep=replace(made, points=tuple(points)),
        labels=tuple(labels[id(point["loss"])] for point in points),
        settings=tuple(tuning.setting(point) for point in points),
    )


def _check_settings(request: ComparisonRequest) -> None:
    """Raise BadInput where a setting is the comparison's own, is tuned as well, or hides what is tuned."""
    for key in request.settings:
        if key.partition(".")[0] in {"study", "loss", "dataset", "seed", "validation"} or key == "optimizer.lr":
            raise BadInput(f"{key} is the comparison's own: it is said by losses, --data, --seeds, --rates and --validation.")
        if key in request.tune:
            raise BadInput(f"{key} is given as a setting, and as one that is tuned; one of them is enough.")


def _drawn(request: ComparisonRequest, seed: int) -> Iterator[Dataset]:
    """The data set with the splits of a seed: the one that it draws, if it draws any, or one for each fold."""
    dataset = request.dataset
    if "seed" not in field_types(type(dataset)):
        yield dataset
    elif request.folds is None:
        yield replace(dataset, seed=seed)  # type: ignore[type-var]
    else:
        yield from (replace(dataset, seed=seed, folds=request.folds, fold=fold) for fold in range(request.folds))  # type: ignore[type-var]


def _check_request(request: ComparisonRequest) -> None:
    if len(request.losses) < 2:
        raise BadInput(f"A comparison wants two losses or more, and has {', '.join(request.losses) or 'none'}.")
    if request.seeds < FEWEST_SEEDS:
        raise BadInput(f"seeds is {request.seeds}; a difference is judged over {FEWEST_SEEDS} seeds or more.")
    if request.folds is not None and "folds" not in field_types(type(request.dataset)):
        raise BadInput(f"folds is {request.folds}, and {request.dataset.word} has a test part of its own. Possible: no folds.")
    if not request.rates:
        raise BadInput("rates is empty; it holds the learning rates that every loss may choose among.")
    if not all(0 < rate < math.inf for rate in request.rates) or len(set(request.rates)) < len(request.rates):
        raise BadInput(f"rates is {', '.join(map(str, request.rates))}; learning rates are above 0, each once.")
    if not 0 < request.validation < 1:
        raise BadInput(f"validation is {request.validation:g}; a share of the training data, above 0, chooses the rates.")
    if request.margin is not None and not request.margin > 0:
        raise BadInput(f"margin is {request.margin:g}; differences below it do not matter, so it is above 0.")
    owners = set(request.quantity.owners) & {loss.word for loss in request.losses.values()}
    if owners:
        task = describe(request.dataset).shape.task
        neutral = ", ".join(neutral_metrics({loss.word for loss in request.losses.values()}, task))
        raise BadInput(
            f"{request.metric} is what {' and '.join(sorted(owners))} minimises, so it ranks nobody. Possible: {neutral}."
        )


def neutral_metrics(loss_words: Collection[str], task: Task) -> list[str]:
    """The words of the metrics that rank on a task, and that none of the losses minimises."""
    metrics = _ranking_metrics()
    return [name for name, cls in metrics.items() if task in cls.tasks and cls.quantity.neutral_among(loss_words)]


def _ranking_metrics() -> dict[str, type[Metric]]:
    """The metrics by their words of which one way is better."""
    return {name: cls for name, cls in shelf("metric").items() if issubclass(cls, Metric) and cls.quantity.can_rank}
