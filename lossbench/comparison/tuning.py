"""Hyper-parameters beside the learning rate: the values that are tried, of a loss's options those that it has."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import product
from typing import Any

from lossbench.analysis.formatting import spoken
from lossbench.audit.subjects.trainable import trainable
from lossbench.comparison.given import UNREDUCED
from lossbench.config.resolution import Point
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Loss
from lossbench.losses.imported import Imported
from lossbench.registry import field_types

LOSS = "loss."  # before options of losses
OWN = ("study", "loss", "dataset", "seed", "validation", "probes", "recording", "engine", "plugins")  # what no tuning is about
Setting = tuple[tuple[str, str], ...]  # options beside the rate and their values, as they are read


@dataclass(frozen=True)
class Tuning:
    """The options that are tuned beside the learning rate, by their keys as on the command line, and the values of each.

    Raises BadInput where a key is the comparison's own, or values are fewer than two, twice the same, or no plain values.
    """

    values: Mapping[str, Sequence[Any]]

    def __post_init__(self) -> None:
        for key, values in self.values.items():
            _check_option(key, values)

    @cached_property
    def of_losses(self) -> dict[str, list[Any]]:
        """The values of losses' options, by the options' names."""
        return {key.removeprefix(LOSS): list(values) for key, values in self.values.items() if key.startswith(LOSS)}

    @cached_property
    def of_the_rest(self) -> dict[str, list[Any]]:
        """The values of everything else, as settings of a sweep."""
        return {key: list(values) for key, values in self.values.items() if not key.startswith(LOSS)}

    def variants(self, loss: Loss) -> list[Loss]:
        """The loss with every combination of the values of the tuned options that it has; itself where it has none.

        Raises BadInput where a value does not fit.
        """
        own = [name for name in self.of_losses if name in options_of(loss)]
        return [_with(loss, dict(zip(own, chosen, strict=True))) for chosen in product(*(self.of_losses[name] for name in own))]

    def setting(self, point: Point) -> Setting:
        """The values of the tuned options in a point of a sweep, of those that its loss has, as they were given."""
        return tuple(self._read(point))

    def refuse_unknown(self, losses: Sequence[Loss]) -> None:
        """Raise BadInput where none of the losses has an option that is tuned."""
        known = sorted({name for loss in losses for name in options_of(loss)})
        for name in self.of_losses:
            if name not in known:
                raise unknown("option of these losses", name, known)

    def _read(self, point: Point) -> Iterator[tuple[str, str]]:
        for key in self.values:
            if not key.startswith(LOSS):
                value = reduce(lambda branch, part: branch[part], key.split("."), point)
                yield key, spoken_value(value["word"] if isinstance(value, Mapping) else value)
            elif key.removeprefix(LOSS) in (options := options_of(point["loss"])):
                yield key, spoken_value(options[key.removeprefix(LOSS)])


def options_of(loss: Loss) -> dict[str, Any]:
    """A loss's options by name; of somebody's callable the keyword arguments that it was given."""
    if isinstance(loss, Imported):
        return _given(loss)
    return {name: getattr(loss, name) for name in field_types(type(loss))}


def _with(loss: Loss, options: Mapping[str, Any]) -> Loss:
    if not options:
        return loss
    if isinstance(loss, Imported):
        return trainable(loss.path, {**_given(loss), **options})
    return replace(loss, **options)  # type: ignore[type-var]


def _given(loss: Imported) -> dict[str, Any]:
    pairs = (option.partition("=") for option in loss.given if option != UNREDUCED)
    return {name: json.loads(value) for name, _, value in pairs}


def spoken_value(value: Any) -> str:
    """A value as it is read, None as a word."""
    return spoken(value) or "none"


def _check_option(key: str, values: Sequence[Any]) -> None:
    """Raise BadInput where an option cannot be tuned, or its values are no choice."""
    if key == "optimizer.lr":
        raise BadInput("optimizer.lr is tuned by itself: --rates (rates=) names the learning rates.")
    if key.partition(".")[0] in OWN and not key.startswith(LOSS):
        raise BadInput(
            f"{key} cannot be tuned. Possible: options of losses (loss.gamma), and settings such as optimizer.l2, "
            "schedule, batch, epochs, init or model.hidden."
        )
    if (
        isinstance(values, str)
        or not isinstance(values, Sequence)
        or len({spoken_value(v) for v in values}) < max(2, len(values))
    ):
        raise BadInput(f"tune has {key}: {values!r}; it wants a list of two values or more, each once.")
    for value in values:
        if not isinstance(value, bool | int | float | str | tuple | None):
            raise BadInput(f"tune has {key}: {value!r}; values are numbers, words, True, False, None, or tuples of these.")
