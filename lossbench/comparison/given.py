"""What somebody gives for losses and data: words, files, arrays, data frames, instances, classes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.audit.subjects.subject import parsed
from lossbench.audit.subjects.trainable import trainable
from lossbench.config.compose import compose
from lossbench.data.in_memory import from_arrays, from_frame
from lossbench.data.loading import describe
from lossbench.errors import BadInput
from lossbench.interfaces import Dataset, Loss
from lossbench.losses.imported import Imported, named
from lossbench.planning.instances import instance
from lossbench.registry import find, load_plugins, shelf

UNREDUCED = 'reduction="none"'  # how a callable is asked for a number an example, whoever gives it
SUITS: Mapping[str, tuple[str, ...]] = {  # by task, what judges where nobody says it
    "regression": ("mean_absolute_error", "r2"),
    "multilabel": ("average_precision",),
    "ordinal": ("quadratic_weighted_kappa", "class_distance"),
}
RARE = 0.1  # the share of the rarest class below which accuracy says little


def losses_of(given: Iterable[Any], tuned: Collection[str] = ()) -> dict[str, Loss]:
    """Losses by their labels: of words with options ("focal,gamma=3"), MODULE:NAME, instances, classes and callables.

    Options that are `tuned` stand in no label. Raises BadInput where a loss cannot be found, or is given twice.
    """
    made: dict[str, Loss] = {}
    for one in given:
        loss = _loss(one)
        label = _label(loss, tuned)
        if label in made:
            same = f", for {' and '.join(tuned)} {'is' if len(tuned) == 1 else 'are'} tuned" if tuned else ""
            raise BadInput(f"The loss {label} is given twice{same}.")
        made[label] = loss
    return made


def _loss(given: Any) -> Loss:
    if isinstance(given, Loss):
        return given
    if isinstance(given, type) and issubclass(given, Loss):
        return given()
    if not isinstance(given, str):
        return trainable(given)
    word, *options = given.split(",")
    for option in options:
        if not option.partition("=")[0] or "=" not in option:
            raise BadInput(f"{given}: an option of a loss is written name=value, as in focal,gamma=3.")
    if ":" in word:
        return _at_path(word, {name: parsed(value) for name, _, value in (o.partition("=") for o in options)})
    (point,) = compose([f"loss={word}", *(f"loss.{option}" for option in options)])
    return instance("loss", point["loss"])  # type: ignore[return-value]


def _at_path(path: str, options: Mapping[str, Any]) -> Loss:
    """The class of losses, function or torch module NAME in a module, which is run. Raises BadInput where there is none."""
    load_plugins([path.partition(":")[0]])
    value = named(path)
    if isinstance(value, type) and issubclass(value, Loss):
        return value.build(options)
    return trainable(path, options)


def _label(loss: Loss, tuned: Collection[str]) -> str:
    """The loss's word and what differs from its defaults, but for what is tuned: focal,gamma=3.0."""
    if isinstance(loss, Imported):
        own = [option for option in loss.given if option != UNREDUCED and option.partition("=")[0] not in tuned]
        return ",".join([loss.path, *own])
    default = type(loss)().describe() if _has_defaults(type(loss)) else {}
    kept = {name: value for name, value in loss.describe().items() if name not in ("word", *tuned)}
    options = [f"{name}={value}" for name, value in kept.items() if default.get(name) != value]
    return ",".join([loss.word, *options])


def _has_defaults(cls: type[Loss]) -> bool:
    try:
        cls()
    except TypeError:
        return False
    return True


def data_of(given: Any, target: str | Sequence[str] | None, options: Mapping[str, Any]) -> Dataset:
    """The data set of a file, a registered word, a data frame, arrays (x, y) or a data set.

    `target` names a table's column, or several, a label each. Raises BadInput where it is none of these, or a target is lacking.
    """
    if isinstance(given, Dataset):
        return given
    if isinstance(given, tuple) and len(given) == 2:
        return from_arrays(*given, **options)
    if isinstance(given, str) and given in shelf("dataset"):
        return find("dataset", given).build(dict(options))  # type: ignore[return-value]
    if isinstance(given, str | Path):
        return find("dataset", "table").build(  # type: ignore[return-value]
            {"path": str(given), "target": _named(target, str(given)), **options}
        )
    if hasattr(given, "columns"):
        return from_frame(given, _named(target, "the data frame"), **options)
    raise BadInput(
        f"data is {type(given).__name__}. Possible: a file, a registered word, a data frame, arrays (x, y), or a data set."
    )


def _named(target: str | Sequence[str] | None, source: str) -> str | tuple[str, ...]:
    if target is None:
        raise BadInput(f"{source} is a table, and no column is named that is to be predicted. --target (target=) names it.")
    return target if isinstance(target, str) else tuple(target)


def metric_for(dataset: Dataset, loss_words: Iterable[str]) -> str:
    """The metric where none was named: accuracy; where a class is rare, average precision, or balanced accuracy of several.

    Of several labels at once the mean of their average precisions, of classes in an order the quadratically weighted kappa, and
    of a regression the first that no contestant minimises.
    """
    shape, contestants = describe(dataset).shape, set(loss_words)
    metrics = {word: cls for word, cls in shelf("metric").items() if shape.task in cls.tasks and cls.quantity.can_rank}  # type: ignore[attr-defined]
    wanted = SUITS.get(shape.task, ("accuracy",))
    if (
        shape.task == "classification"
        and shape.class_counts is not None
        and np.min(shape.class_counts) < RARE * np.sum(shape.class_counts)
    ):
        wanted = ("average_precision",) if len(shape.class_counts) == 2 else ("balanced_accuracy",)
    neutral = [word for word in (*wanted, *metrics) if word in metrics and metrics[word].quantity.neutral_among(contestants)]  # type: ignore[attr-defined]
    if not neutral:
        raise BadInput(f"Every metric for {shape.task} is minimised by one of the losses; --metric names the one to judge by.")
    return neutral[0]
