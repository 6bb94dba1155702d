"""The forms in which a third-party callable answers: order of arguments, layouts, kinds of targets, libraries."""

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lossbench.audit.subjects.adapter import AdaptedLoss, Form
from lossbench.audit.subjects.convention import CallableRequest, call_forms
from lossbench.audit.subjects.signature import option_of
from lossbench.audit.subjects.time_limit import TooSlow, time_limit
from lossbench.loss_families.calling import Convention, Library, number

_EXAMPLES = 5


class Unusable(RuntimeError):
    """No way of calling gave numbers that could belong to a loss, or several did; the message says what was tried."""


def answering_forms(
    function: Callable[..., Any], request: CallableRequest, refusals: dict[str, str], *, targets_first: bool | None
) -> Iterator[AdaptedLoss]:
    """The callable in every form of calling in which it answers a batch of numbers in [0, 1]; why it does not in the others.

    Raises Unusable where it does not answer in time.
    """
    libraries: tuple[Library, ...] = ("torch", "numpy")
    package = request.path.partition(":")[0].partition(".")[0]
    if package in {"numpy", "scipy", "sklearn"}:
        libraries = ("numpy",)
    if package in {"jax", "optax"}:
        libraries = ("jax",)
    for library in libraries:
        answered = False
        for convention in call_forms(library, request.call_options, targets_first=targets_first):
            try:
                with time_limit(request.seconds):
                    adapted = _tried(function, convention)
            except TooSlow as error:
                raise Unusable(f"It hangs: {error}. {convention.description()}") from error
            except (Exception, SystemExit) as error:  # somebody's code may raise anything
                refusals.setdefault(f"{type(error).__name__}: {first_line(error)}", convention.description())
                continue
            answered = True
            yield adapted
        if answered:
            return


def _tried(function: Callable[..., Any], convention: Convention) -> AdaptedLoss:
    """The callable in this form, if it answers a number an example, an element or a batch. Raises what it raises, too."""
    z, y = _batch(convention)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = convention.call(function, z.clone().requires_grad_(), y)
    if type(raw).__module__.split(".")[0] in {"jax", "jaxlib"}:
        convention = replace(convention, library="jax")
    answer = number(raw)
    return AdaptedLoss(function, convention, _form(convention, tuple(answer.shape)), _differentiable(convention, answer))


def _batch(convention: Convention) -> tuple[Tensor, Tensor]:
    """Numbers that may be raw outputs or probabilities, and targets."""
    count = 1 if convention.layout == "single" else _EXAMPLES
    if convention.outputs == 1:
        return torch.linspace(0.2, 0.9, count, dtype=torch.float64)[None], (torch.arange(count) % 2).to(torch.float64)[None]
    z = torch.tensor([[0.3], [0.5], [0.2]], dtype=torch.float64).repeat(1, count)
    return z, torch.eye(3, dtype=torch.float64)[:, torch.arange(count) % 3]


def _form(convention: Convention, shape: tuple[int, ...]) -> Form:
    rows = 1 if convention.outputs == 1 else 3
    if shape in {(), (1,)} or (convention.layout == "single" and shape in {(rows,), (rows, 1)}):
        return "reduced"
    if shape == (_EXAMPLES,):
        return "each"
    if shape in {(_EXAMPLES, rows), (rows, _EXAMPLES)}:
        return "elements"
    raise ValueError(f"it answers {_EXAMPLES} examples with an array of shape {shape}")


def _differentiable(convention: Convention, answer: Tensor) -> bool:
    return convention.library == "jax" or answer.requires_grad


def quickest(adapted: AdaptedLoss, given: Mapping[str, Any]) -> AdaptedLoss:
    """The same, asked many examples at once: told not to reduce, else by torch.func.vmap, if that gives the same numbers."""
    if adapted.form != "reduced" or adapted.convention.library != "torch":
        return adapted
    if isinstance(option_of(adapted.function, given, "reduction"), str):
        forms: tuple[Form, ...] = ("each", "elements")
        for form in forms:
            quick = replace(adapted, quick=(_without_reduction(adapted.function), form))
            if _agrees(quick, adapted):
                return quick
    mapped = replace(adapted, form="mapped")
    return mapped if _agrees(mapped, adapted) else adapted


def _without_reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """The callable with its option reduction set to "none"."""
    if not hasattr(function, "reduction"):
        return partial(function, reduction="none")
    changed = copy.copy(function)
    changed.reduction = "none"
    return changed


def _agrees(quick: AdaptedLoss, slow: AdaptedLoss) -> bool:
    """Whether both give the same values and gradients at some points."""
    rows = 1 if slow.convention.outputs == 1 else 3
    z = torch.linspace(-4, 4, 12 * rows, dtype=torch.float64).reshape(rows, 12)
    y = (torch.eye(3)[:, torch.arange(12) % 3] if rows == 3 else (torch.arange(12) % 2)[None]).to(torch.float64)
    if slow.convention.takes == "raw":
        z = z * 2
    try:
        pairs = [(quick.value(z, y), slow.value(z, y))]
        pairs += [(quick.gradient(z, y), slow.gradient(z, y))]
    except TooSlow:
        raise
    except (Exception, SystemExit):
        return False
    return all(one.shape == other.shape and torch.allclose(one, other, rtol=1e-9, atol=1e-12) for one, other in pairs)


def first_line(error: BaseException) -> str:
    """The first line of an error's message, cut where it is long."""
    return next(iter(str(error).strip().splitlines()), "")[:160]
