"""The budget of a comparison: every loss tries equally many settings, whichever of the tuned options it has."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from lossbench.analysis import formatting
from lossbench.comparison.tuning import LOSS, Tuning
from lossbench.errors import BadInput
from lossbench.interfaces import Loss

MOST_DIGITS = 17  # that tell two numbers of double precision apart


class Trial(NamedTuple):
    """A loss with some values of its tuned options, and the learning rates at which it is tried, ascending."""

    loss: Loss
    rates: tuple[float, ...]


def trials(losses: Mapping[str, Loss], rates: Sequence[float], tune: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Trial, ...]]:
    """What each loss tries, by its label; all rates together are equally many for each.

    A loss that lacks an option has fewer variants, and is tried at more rates instead, which `finer` places between the given.
    Raises BadInput where a value of an option does not fit, and where one rate leaves no range for more.
    """
    tuning = Tuning(tune)
    tuning.refuse_unknown(list(losses.values()))
    made = {label: tuning.variants(loss) for label, loss in losses.items()}
    most = max(map(len, made.values()))
    poorest = min(made, key=lambda label: len(made[label]))
    if len(made[poorest]) < most and len(set(rates)) < 2:
        raise BadInput(
            f"{poorest} has {len(made[poorest])} of the {most} variants that another loss has, and one learning rate is no range "
            "in which it could try more, so that the budgets would not be the same. Possible: two learning rates or more "
            "(--rates, rates=), or each value as a loss of its own (focal,gamma=2)."
        )
    shares = {label: _shares(most * len(rates), len(variants)) for label, variants in made.items()}
    return {
        label: tuple(Trial(loss, finer(rates, count)) for loss, count in zip(variants, shares[label], strict=True))
        for label, variants in made.items()
    }


def finer(rates: Sequence[float], count: int) -> tuple[float, ...]:
    """So many learning rates, ascending: the given ones, and more between them.

    One more at a time goes where neighbours lie furthest apart as ratios, of equal ones at the smallest rates; within a gap they
    are evenly spaced in log rate. A grid of fewer rates is part of none of more, but the given rates always are.
    """
    known = sorted(rates)
    gaps = [math.log(high / low) for low, high in pairwise(known)]
    parts = [1] * len(gaps)
    for _ in range(count - len(known)):
        widest = [gap / into for gap, into in zip(gaps, parts, strict=True)]
        parts[widest.index(max(widest))] += 1
    within = [
        low * (high / low) ** (step / into)
        for (low, high), into in zip(pairwise(known), parts, strict=True)
        for step in range(1, into)
    ]
    return tuple(sorted([*known, *_rounded(within, known)]))


def more_rates(tried: Mapping[str, Sequence[Trial]], given: Sequence[float], tune: Mapping[str, Sequence[Any]]) -> str:
    """Which losses have more learning rates than the given, and why, in a sentence; "" where none has."""
    counts = {label: len({rate for trial in own for rate in trial.rates}) for label, own in tried.items()}
    more = [f"{label} {count}" for label, count in counts.items() if count > len(given)]
    if not more:
        return ""
    options = formatting.listed([name for name in tune if name.startswith(LOSS)], "or")
    return (
        f"So that every loss tries equally many settings, one that lacks {options} has more learning rates, within the same "
        f"range: {formatting.listed(more)} instead of {len(given)}."
    )


def settings_each(tried: Mapping[str, Sequence[Trial]], tune: Mapping[str, Sequence[Any]]) -> int:
    """How many settings every loss has to choose among."""
    (count,) = {sum(len(trial.rates) for trial in own) for own in tried.values()}
    return count * math.prod(map(len, Tuning(tune).of_the_rest.values()))


def _shares(total: int, parts: int) -> list[int]:
    """A total in so many whole parts, as equal as can be, the larger ones first."""
    return [total // parts + (n < total % parts) for n in range(parts)]


def _rounded(values: Sequence[float], apart_from: Sequence[float]) -> list[float]:
    """Values to three digits, or to as many more as keep all of them apart."""
    for digits in range(3, MOST_DIGITS):
        rounded = [float(f"{value:.{digits}g}") for value in values]
        if len({*rounded, *apart_from}) == len(values) + len(apart_from):
            return rounded
    return list(values)
