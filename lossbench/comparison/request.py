"""What is compared with what, on which data, by which metric: as it was given, checked, and as a sweep."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

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
    validation: the share of the training data that chooses. early: whether the best recorded step is chosen as well.
    settings: further settings of the command line, such as model, epochs or batch.
    """

    losses: Mapping[str, Loss]
    dataset: Dataset
    metric: str
    seeds: int = 10
    rates: Sequence[float] = RATES
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


def metric_class(word: str) -> type[Metric]:
    """The metric of a word. Raises BadInput where there is none, or where neither way of it is better."""
    metrics = _ranking_metrics()
    if word not in metrics:
        raise unknown("metric that ranks", word, metrics)
    return metrics[word]


def sweep(request: ComparisonRequest) -> PythonSweep:
    """Every run of the comparison. Each seed draws its own split, where the data set draws any.

    Raises BadInput where a setting does not exist, or where one is the comparison's own.
    """
    own = {
        "study": request.study,
        "loss": list(request.losses.values()),
        "optimizer": {"lr": list(map(float, request.rates))},
        "seed": range(request.seeds),
        "validation": request.validation,
        "probes": (request.recorded,),
        "recording": {"points": POINTS},
    }
    for key in request.settings:
        if key.partition(".")[0] in {"study", "loss", "dataset", "seed", "validation"} or key == "optimizer.lr":
            raise BadInput(f"{key} is the comparison's own: it is said by losses, --data, --seeds, --rates and --validation.")
    made = python_sweep({**own, **request.settings})
    points = [{**point, "dataset": _drawn(request.dataset, int(point["seed"]))} for point in made.points]
    return replace(made, points=tuple(points))


def _drawn(dataset: Dataset, seed: int) -> Dataset:
    """The data set with the split of a seed, where it draws one."""
    return replace(dataset, seed=seed) if "seed" in field_types(type(dataset)) else dataset  # type: ignore[type-var]


def _check_request(request: ComparisonRequest) -> None:
    if len(request.losses) < 2:
        raise BadInput(f"A comparison wants two losses or more, and has {', '.join(request.losses) or 'none'}.")
    if request.seeds < FEWEST_SEEDS:
        raise BadInput(f"seeds is {request.seeds}; a difference is judged over {FEWEST_SEEDS} seeds or more.")
    if not request.rates:
        raise BadInput("rates is empty; it holds the learning rates that every loss may choose among.")
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
