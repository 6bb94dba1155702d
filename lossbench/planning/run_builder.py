"""A run from its parts, a loss, a model, …, and numbers: the one place where a RunSpec is put together."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

from lossbench.data.loading import Described, describe
from lossbench.data.validation import check_size
from lossbench.datasets.noisy import Noisy
from lossbench.datasets.with_validation import WithValidation
from lossbench.errors import BadInput, counted
from lossbench.interfaces import Dataset, DataShape, Init, Loss, Model, Optimizer, Schedule, says_layers
from lossbench.planning.class_weights import ClassWeights, WeightedMean, refuse_class_weights
from lossbench.planning.spec import LastBatch, RunSpec, epoch_steps
from lossbench.planning.target_contract import innermost, refuse_targets, settled
from lossbench.registry.hints import checked

LARGEST_SEED = 2**32 - 1
LONGEST = 2**31 - 1  # steps, which are stored in 32 bits


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The objects that a run is made of, as somebody chose them: links may still be "auto"."""

    dataset: Dataset
    model: Model
    loss: Loss
    init: Init
    optimizer: Optimizer
    schedule: Schedule


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """The numbers that a run is made of. It takes `steps` steps where given, else `epochs` of as many whole batches as fit.

    `batch` is in examples, None being all of them; `label_noise` is a share of the training labels; `validation` is the share of
    the training data, or the number of rows, that is held out to choose by; `clip_norm` bounds the norm of all gradients
    together, if given. `last_batch` says what becomes of examples that fill no whole mini-batch. `class_weights` and
    `weighted_mean` are a run's; `pos_weight` is that of class 1 where class 0 has 1.
    """

    seed: int
    batch: int | None
    order: Literal["shuffled", "sequential"]
    last_batch: LastBatch
    epochs: int
    steps: int | None
    dtype: Literal["float32", "float64"]
    label_noise: float
    validation: float
    clip_norm: float | None
    class_weights: ClassWeights | None
    pos_weight: float | None
    weighted_mean: WeightedMean

    def __post_init__(self) -> None:
        checked_seed(self.seed)
        refuse_outside("epochs", self.epochs, 1, LONGEST)
        refuse_outside("steps", self.steps, 1, LONGEST)
        refuse_outside("batch", self.batch, 1, LONGEST)
        refuse_outside("label_noise", self.label_noise, 0, 1)
        check_size(self.validation)
        if self.pos_weight is not None and self.class_weights is not None:
            raise BadInput("class_weights and pos_weight are both given; pos_weight=w is class_weights=[1,w].")

    @property
    def weights(self) -> ClassWeights | None:
        """How much each class counts, however it was said."""
        return self.class_weights if self.pos_weight is None else (1.0, self.pos_weight)


class RunBuilder:
    """Builds runs, and what they have in common once: a loss with its link settled, noisy data, the shape of a data set."""

    def __init__(self) -> None:
        self._built: dict[Hashable, Any] = {}

    def run(self, parts: Parts, options: TrainingOptions) -> RunSpec:
        """The run of some parts. Raises BadInput where their combination makes no sense, or data cannot be had."""
        dataset = self._dataset(parts.dataset, options)
        described: Described = self.once(("shape", dataset), lambda: describe(dataset))
        shape, fingerprint = described
        loss, init = parts.loss, parts.init.of_seed(options.seed)
        _refuse_widths(loss, init, shape.targets)
        last_batch = _last_batch(options, parts.model, (loss, init), shape.rows)
        weights = options.weights
        if weights is not None:
            self.once((weights, dataset), lambda: refuse_class_weights(weights, shape, innermost(dataset).word))
        return RunSpec(
            loss=self.once((loss, dataset), lambda: _fitting_loss(loss, dataset, shape)),
            model=parts.model,
            init=self.once((init, dataset), lambda: _fitting_init(init, dataset, shape)),
            dataset=dataset,
            optimizer=parts.optimizer,
            data=fingerprint,
            seed=options.seed,
            steps=_steps(options, last_batch, shape.rows, dataset.word),
            last_batch=last_batch,
            batch=options.batch,
            order=options.order,
            dtype=options.dtype,
            schedule=None if parts.schedule.constant else parts.schedule,
            clip_norm=options.clip_norm,
            class_weights=weights,
            weighted_mean=options.weighted_mean,
        )

    def _dataset(self, dataset: Dataset, options: TrainingOptions) -> Dataset:
        """The data set, with a part held out for validation and with wrong labels, as the options have it."""
        size, rate, seed, whole = options.validation, options.label_noise, dataset.seed, dataset
        if size > 0:
            whole = self.once(("validation", dataset, size), lambda: WithValidation(of=dataset, size=size, seed=seed))
        if rate > 0:
            inner = whole
            whole = self.once(("noisy", inner, rate), lambda: Noisy(of=inner, rate=rate, seed=seed))
        return whole

    def once(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """What `build` gives, built at the first call with the key."""
        if key not in self._built:
            self._built[key] = build()
        return self._built[key]


def _fitting_loss(loss: Loss, dataset: Dataset, shape: DataShape) -> Loss:
    """The loss with its link settled. Raises BadInput where it does not take the targets of the data."""
    ready = settled(loss, shape)
    refuse_targets(ready, dataset, shape)
    return ready


def _fitting_init(init: Init, dataset: Dataset, shape: DataShape) -> Init:
    """The initialisation, a loss that trains first held to its domain, too."""
    ready = init.on(shape.task, shape.targets)
    if ready.first:
        refuse_targets(ready.first.loss, dataset, shape)
    return ready


def checked_seed(seed: Any) -> int:
    """The seed. Raises BadInput where it is no whole number, or none that a generator takes."""
    whole: int = checked("seed", seed, int)
    refuse_outside("seed", whole, 0, LARGEST_SEED)
    return whole


def refuse_outside(name: str, value: float | None, low: float, high: float) -> None:
    """Raise BadInput where a setting lies outside [low, high]; None lies inside."""
    if value is not None and not low <= value <= high:
        raise BadInput(f"{name} is {value}; it lies between {low:,} and {high:,}.")


def _refuse_widths(loss: Loss, init: Init, targets: int) -> None:
    """A network that one loss has trained can go on with another only where both want as many raw outputs."""
    if init.first and init.first.loss.raw_outputs(targets) != loss.raw_outputs(targets):
        raise BadInput(
            f"{loss.word} wants {counted(loss.raw_outputs(targets), 'raw output')} here, and {init.first.loss.word}, "
            f"which trains first, {init.first.loss.raw_outputs(targets)}: one network cannot have both."
        )


def _last_batch(options: TrainingOptions, model: Model, losses: tuple[Loss, Init], rows: int) -> LastBatch:
    """What becomes of a rest; "dropped" where there is none, so that there is one run and one id.

    Raises BadInput where a rest cannot be kept: it is filled up to a whole mini-batch by examples that count nothing.
    """
    if options.last_batch == "dropped" or options.batch is None or rows % options.batch == 0:
        return "dropped"
    if not says_layers(model):
        raise BadInput(
            f"last_batch is kept, and model={model.word} is a torch module, which trains on whole mini-batches only. Possible: "
            "last_batch=dropped, or a batch that divides the training examples."
        )
    loss, init = losses
    for each in (loss, *([init.first.loss] if init.first else [])):
        if not each.per_example:
            raise BadInput(
                f"last_batch is kept, and {each.word} looks at a whole mini-batch, not at each example by itself. Possible: "
                "last_batch=dropped, or a batch that divides the training examples."
            )
    return "kept"


def _steps(options: TrainingOptions, last_batch: LastBatch, rows: int, word: str) -> int:
    if options.batch is not None and options.batch > rows:
        raise BadInput(
            f"batch is {options.batch} and {word} has {rows} training examples. Possible: 1 to {rows}, or null for all of them."
        )
    steps = options.steps or options.epochs * (epoch_steps(rows, options.batch) + (last_batch == "kept"))
    if steps > LONGEST:
        raise BadInput(f"{options.epochs} epochs are {steps:,} steps; at most {LONGEST:,} are possible.")
    return steps
