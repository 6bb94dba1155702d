"""A loss's domain is a contract: targets are scaled as all compared losses can take them, and refused where one cannot."""

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from lossbench.data.hold_out import HeldOut
from lossbench.data.loading import describe
from lossbench.datasets.noisy import Noisy
from lossbench.datasets.with_validation import WithValidation
from lossbench.errors import BadInput
from lossbench.interfaces import Dataset, DataShape, Loss
from lossbench.interfaces.domain import SPOKEN, Domain
from lossbench.registry import field_types

_WIDER: dict[Domain, Domain] = {"one_hot": "shares", "distribution": "shares", "counts": "nonnegative"}


def with_fitting_targets(dataset: Dataset, losses: Iterable[Loss]) -> Dataset:
    """The data set with its targets in their own unit where one of the losses that are compared on it does not take all reals.

    Standardised counts would be negative, and standardised shares outside [0, 1]. All losses of a comparison see the same
    targets. Where somebody chose a scaling it stays. Raises BadInput where the data cannot be had.
    """
    if not isinstance(dataset, HeldOut) or dataset.target_scaling != "auto":
        return dataset
    if all(_takes_reals(loss) for loss in losses) or describe(dataset).shape.task != "regression":
        return dataset
    return replace(dataset, target_scaling="none")


def settled(loss: Loss, shape: DataShape) -> Loss:
    """The loss with its link settled for the data; for a regression the sigmoid, where it has no meaning on the identity.

    Raises BadInput where the loss has no meaning on the task or on the link.
    """
    if shape.task == "regression" and "regression" in loss.tasks and _needs_sigmoid(loss):
        loss = replace(loss, link="sigmoid")  # type: ignore[type-var]
    return loss.on(shape.task, shape.targets)


def refuse_targets(loss: Loss, dataset: Dataset, shape: DataShape) -> None:
    """Raise BadInput where the targets do not lie in the domain of a loss, its link being settled."""
    if shape.target_range.lies_in(loss.domain):
        return
    least, greatest = shape.target_range.least, shape.target_range.greatest
    range_text = f"lie between {least:.4g} and {greatest:.4g}"
    if shape.target_range.lies_in(_WIDER.get(loss.domain, loss.domain)):
        range_text += ", and not all are such"
    raise BadInput(
        f"The loss {loss.word!r} takes as targets {SPOKEN[loss.domain]}; those of {innermost(dataset).word!r}, as it would see "
        f"them, {range_text}. {_way_out(dataset, shape)}"
    )


def innermost(dataset: Dataset) -> Dataset:
    """The data set within those that put noise on its labels or hold a part of it out."""
    return innermost(dataset.of) if isinstance(dataset, Noisy | WithValidation) else dataset


def _way_out(dataset: Dataset, shape: DataShape) -> str:
    data = innermost(dataset)
    if shape.task == "regression" and isinstance(data, HeldOut) and data.target_scaling == "standard":
        return "They are standardised; dataset.target_scaling=none leaves them in their own unit."
    return "Losses whose domain `lossbench show losses NAME` gives as any real targets take them."


def _takes_reals(loss: Loss) -> bool:
    """Whether the loss takes any real number on the link that a regression gives it; one that is for classes has no say."""
    if "regression" not in loss.tasks:
        return True
    if "identity" in _links(loss) and loss.link == "auto":
        loss = replace(loss, link="identity")  # type: ignore[type-var]
    return loss.domain == "reals"


def _needs_sigmoid(loss: Loss) -> bool:
    return loss.link == "auto" and "identity" not in _links(loss) and "sigmoid" in _links(loss)


def _links(loss: Loss) -> tuple[object, ...]:
    return get_args(field_types(type(loss)).get("link"))
