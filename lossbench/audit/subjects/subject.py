"""Audit subjects in one form: raw outputs and targets (C, B) in, losses (B,) out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast, get_args

import torch
from mpmath import mpf
from torch import Tensor

from lossbench.audit.references import formula
from lossbench.audit.subjects.precision import DOUBLE, Precision
from lossbench.errors import BadInput
from lossbench.interfaces import Loss, Properties
from lossbench.interfaces.links import OUTPUTS
from lossbench.registry import field_types, find, plain

Reference = Callable[[list[mpf], list[mpf]], mpf]
_NO_MARGIN = (
    "A target has {} raw outputs, so no single one is a margin, and none imitates a class: what is said of margins and "
    "classes has no meaning here. Its gradient and its numerical truth are measured."
)
_IN_ORDER = (
    "It is for three classes or more that have an order. The card is measured on two, the lower and the upper one, between which "
    "there is one threshold and one raw output; tests hold it to its formula for more."
)


class AuditedLoss(Protocol):
    """The part of a Loss that the audit calls; somebody's adapted callable offers it too."""

    @property
    def link(self) -> str:
        """The name of the link: sigmoid, softmax or identity."""
        ...

    def value(self, z: Tensor, y: Tensor) -> Tensor: ...
    def gradient(self, z: Tensor, y: Tensor) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A fault of a third-party callable: a reason that `--fail-on` knows, and the sentence for the card."""

    reason: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A loss under audit.

    `outputs` is 1 where one raw output carries the margin and 2 where it lies between two outputs; `boundary` is the margin
    at which the decision changes sides. `several` is true where three outputs and a one-hot target have a meaning,
    `regression` where real targets have one. `reference` is the formula in mpmath, ℓ of lists z and y of C numbers, and
    `claims` names it where it is another loss's. `exact` is what numerical truth is asked of, where `loss` is a quicker way
    to nearly the same numbers. `pace` is 1 for what is asked many examples at once; less thins the grids of the search for
    minima where it is asked one by one.
    `precision` is that of its answers to float64. `raw_outputs` is the number of those that a target has; of several none is a
    margin. `called` says how a third-party callable is called, and why so; `soft` is the same callable called with soft
    targets, where that is another way, and `hard_only` that there is none. Of what is `faulty` no properties are measured.
    `takes_raw`: raw outputs are what it is given, and not their probabilities.
    """

    title: str
    loss: AuditedLoss
    outputs: int
    several: bool = False
    boundary: float = 0.0
    exact: AuditedLoss | None = None
    declared: Properties = field(default_factory=Properties)
    reference: Reference | None = None
    claims: str = ""
    notes: tuple[str, ...] = ()
    pace: float = 1.0
    precision: Precision = DOUBLE
    differentiable: bool = True
    regression: bool = False
    raw_outputs: int = 1
    about: str = ""
    findings: tuple[Finding, ...] = ()
    called: tuple[str, ...] = ()
    soft: AuditedLoss | None = None
    hard_only: bool = False
    faulty: bool = False
    takes_raw: bool = True

    @property
    def link(self) -> str:
        """The name of the link of the loss."""
        return self.loss.link

    @property
    def row_counts(self) -> tuple[int, ...]:
        """The numbers of outputs C at which properties of all raw outputs are looked at: 1, 3 or both."""
        return ((1,) if self.outputs == 1 else ()) + ((3,) if self.several else ())

    def thinned(self, points: int, least: int = 3) -> int:
        """How many points of a grid this subject can be asked in good time."""
        return max(min(points, least), round(points * self.pace))

    def on_margin(self, margin: Tensor, target: int) -> tuple[Tensor, Tensor]:
        """Value and slope dℓ/dz (N,) at margins (N,), target 1 or 0. Of two outputs the first rests at 0 and the second moves."""
        return self.cost(margin, target), self.slope(margin, target)

    def cost(self, margin: Tensor, target: int) -> Tensor:
        """The value ℓ (N,) alone, at margins (N,)."""
        return self.loss.value(*self._inputs(margin, target))

    def slope(self, margin: Tensor, target: int) -> Tensor:
        """The slope dℓ/dz (N,) alone, at margins (N,)."""
        return self.loss.gradient(*self._inputs(margin, target)).select(OUTPUTS, self.outputs - 1)

    def _inputs(self, margin: Tensor, target: int) -> tuple[Tensor, Tensor]:
        z = margin[None] if self.outputs == 1 else torch.stack((torch.zeros_like(margin), margin))
        y = torch.full_like(z, float(target))
        if self.outputs == 2:
            y[0] = 1 - target
        return z, y

    def over_labels(self, z: Tensor) -> Tensor:
        """ℓ(z, c) for raw outputs (C, N) and every label c: (labels, N); two labels where there is one output."""
        rows, count = z.shape
        if rows == 1:
            return torch.stack([self.loss.value(z, torch.full_like(z, label)) for label in (0.0, 1.0)])
        eye = torch.eye(rows, dtype=z.dtype)
        return torch.stack([self.loss.value(z, eye[label][:, None].expand(rows, count)) for label in range(rows)])


def registered(text: str) -> Iterator[Subject]:
    """The subjects that WORD or WORD,option=value,… names: one for each link that the loss has a meaning on."""
    word, *pairs = text.split(",")
    cls = cast(type[Loss], find("loss", word))
    options = {name: parsed(value) for name, value in (_pair(pair, text) for pair in pairs)}
    yield from of_class(cls, options)


def of_class(cls: type[Loss], options: dict[str, Any]) -> Iterator[Subject]:
    """The subjects of a class of losses, "auto" being settled in every way it can."""
    loss = cls.build(options)
    for settled in on_every_link(loss):
        count = settled.raw_outputs(1)
        outputs = 1 if count > 1 else _outputs(settled)
        yield Subject(
            title=_title(settled, options),
            loss=settled,
            outputs=outputs,
            boundary=settled.boundary if outputs == 1 else 0.0,
            several=count == 1 and settled.link != "sigmoid" and answers(settled, 3),
            raw_outputs=count,
            notes=_notes(settled, count),
            declared=settled.properties(),
            reference=formula(settled),
            regression=settled.link == "identity" and "regression" in settled.tasks,
            about=" ".join((cls.__doc__ or "").split("\n\n")[0].split()),
        )


def _notes(loss: Loss, raw_outputs: int) -> tuple[str, ...]:
    """What a reader of the card must know of a loss, a target of which has so many raw outputs."""
    if raw_outputs > 1:
        return (_NO_MARGIN.format("two" if raw_outputs == 2 else raw_outputs),)
    return (_IN_ORDER,) if loss.tasks == ("ordinal",) else ()


def on_every_link(loss: Loss) -> Iterator[Loss]:
    """The loss with its link settled, in every way that it can be. Raises BadInput where its options allow none."""
    if "link" not in field_types(type(loss)) or loss.link != "auto":
        yield loss
        return
    refusals = []
    for link in get_args(field_types(type(loss))["link"]):
        if link == "auto":
            continue
        try:
            yield replace(loss, link=link)  # type: ignore[type-var]
        except BadInput as error:  # an option that has no meaning on this link
            refusals.append(error)
    if len(refusals) == len(get_args(field_types(type(loss))["link"])) - 1:
        raise refusals[0]


def _outputs(loss: Loss) -> int:
    """One output, unless the loss says nothing with one, or is for classes and does not decide between them at z = 0."""
    if loss.link == "softmax" or not answers(loss, 1):
        return 2
    zero = torch.zeros(1, 2, dtype=torch.float64)
    costs = loss.value(zero, torch.tensor([[0.0, 1.0]], dtype=torch.float64))
    return 2 if loss.tasks == ("classification",) and loss.link == "identity" and costs[0] != costs[1] else 1


def answers(loss: AuditedLoss, rows: int) -> bool:
    """Whether a loss has something to say with so many outputs: a number an example that changes with z."""
    z = torch.tensor([[-2.0, 0.3, 2.0]], dtype=torch.float64) * torch.arange(rows, 0, -1)[:, None]
    y = torch.zeros_like(z)
    y[1:2] = 1.0
    try:
        value = loss.value(z, y)
    except (RuntimeError, ValueError, IndexError, TypeError):
        return False
    return value.shape == (3,) and bool((value.diff() != 0).any())


def _title(loss: Loss, options: dict[str, Any]) -> str:
    extra = ", ".join(f"{key}={plain(value)}" for key, value in options.items() if key != "link")
    return f"{loss.word}, {extra}" if extra else loss.word


def _pair(pair: str, text: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name:
        raise BadInput(f"{text!r}: an option is written name=value, and {pair!r} is not. Example: focal,gamma=3.")
    return name, value


def parsed(text: str) -> Any:
    """What an option's text stands for, as JSON reads it (0.5, true, null, [0, 1]); a bare word is itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
