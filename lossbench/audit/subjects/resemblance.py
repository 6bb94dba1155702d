"""Mistakes that can be named, because what comes out is a loss of ours: a sign turned around, a link applied twice."""

from collections.abc import Iterator
from functools import cache
from typing import cast

import torch
from torch import Tensor

from lossbench.audit.subjects.adapter import AdaptedLoss
from lossbench.audit.subjects.direction import Direction
from lossbench.audit.subjects.subject import Finding, on_every_link
from lossbench.interfaces import Loss
from lossbench.interfaces.links import OUTPUTS
from lossbench.registry import shelf

_CLOSE = 1e-5


def resemblance(adapted: AdaptedLoss, fault: Direction | None) -> list[Finding]:
    """Findings: being more wrong costs less, with the loss whose negative it is; and a link that is applied twice."""
    if fault is not None:
        minus = next(_alike(adapted, sign=-1, twice=False), None)
        of = f" Minus its value is {minus.word}." if minus is not None else ""
        return [Finding(reason="sign", sentence=fault.sentence + of)]
    if adapted.link == "identity" or next(_alike(adapted, sign=1, twice=False), None) is not None:
        return []
    loss, link = next(_alike(adapted, sign=1, twice=True), None), adapted.link
    if loss is None:
        return []
    sentence = (
        f"The {link} is applied twice: it computes {loss.word} of {link}({link}(z)). No answer can be certain then, "
        "and gradients stay small."
    )
    return [Finding(reason="link", sentence=sentence)]


def _alike(adapted: AdaptedLoss, *, sign: int, twice: bool) -> Iterator[Loss]:
    """The losses of ours on the same link of which the callable, times the sign, is a constant multiple at some points."""
    rows = 1 if adapted.convention.outputs == 1 else 3
    z, y = _points(rows)
    value = sign * adapted.value(z, y).double()
    linked = z if not twice else torch.sigmoid(z) if rows == 1 else torch.softmax(z, OUTPUTS)
    for loss in _ours():
        if loss.link != adapted.link or (rows > 1) == (loss.link == "sigmoid"):
            continue
        right = loss.value(linked, y)
        factor = float((value * right).sum() / right.square().sum())
        if factor > 0 and bool(((value - factor * right).abs() <= _CLOSE * factor * right.abs().max()).all()):
            yield loss


@cache
def _ours() -> tuple[Loss, ...]:
    """Every registered loss of ours with its defaults, on each of its links, where one raw output belongs to a target."""
    own = [cls for cls in shelf("loss").values() if cls.__module__.startswith("lossbench.losses.")]
    every = [loss for cls in own for loss in on_every_link(cast(Loss, cls.build({})))]
    single = (loss for loss in every if loss.raw_outputs(1) == 1)
    return tuple(sorted(single, key=lambda loss: loss.word != "cross_entropy"))  # which several are, by other names


def _points(rows: int) -> tuple[Tensor, Tensor]:
    z = torch.tensor([[0.7, -1.2, 2.0, -3.1, 5.2], [-0.3, 0.9, -1.4, 2.2, 0.4], [0.2, 1.1, 0.5, -1.9, -2.6]], dtype=torch.float64)
    y = torch.eye(max(rows, 2), dtype=torch.float64)[-rows:, torch.arange(5) % max(rows, 2)]
    return z[:rows], y
