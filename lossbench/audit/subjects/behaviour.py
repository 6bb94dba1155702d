"""Behaviour of a third-party callable: calling convention, dtypes, mutation of inputs, determinism, exceptions."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossbench.audit.subjects.adapter import AdaptedLoss
from lossbench.audit.subjects.forms import first_line
from lossbench.audit.subjects.subject import Finding
from lossbench.audit.subjects.time_limit import TooSlow
from lossbench.loss_families.calling import number

_FORMS = {
    "each": "It answers one number an example.",
    "elements": "It answers one number an element; they are added up over an example's outputs.",
    "reduced": "It reduces: it is asked one example at a time.",
    "mapped": "It reduces: it is asked one example at a time.",
}


def calling_sentences(adapted: AdaptedLoss, because: str) -> tuple[str, ...]:
    """How a callable is called, why so, and in which form it answers."""
    convention = adapted.convention
    sentences = [convention.description(), *([f"Why: {because}."] if because else []), _FORMS[adapted.form]]
    if convention.link == "identity":
        sentences[1:1] = ["As in a regression, its outputs are taken as they are; --takes probabilities reads them otherwise."]
    return tuple(sentences)


def behaviour_notes(adapted: AdaptedLoss) -> tuple[str, ...]:
    """Sentences for the card: gradients, dtypes, and shapes that it should not mix.

    Raises TooSlow where the callable does not return in time, and whatever it raises in ordinary use.
    """
    sentences = []
    if not adapted.differentiable:
        sentences.append("It has no gradient to give: slopes are central differences of its values.")
    return (*sentences, *_dtypes(adapted), *_broadcasts(adapted))


def _broadcasts(adapted: AdaptedLoss) -> list[str]:
    """A sentence where outputs (B, 1) and targets (B,) give other numbers than (B,) and (B,), without an error."""
    convention = adapted.convention
    if convention.outputs != 1 or convention.layout not in {"flat", "last"} or convention.targets == "index":
        return []
    z = torch.tensor([[0.7, -1.2, 0.4]], dtype=torch.float64)
    column, row = replace(convention, layout="last"), replace(convention, layout="flat")
    try:
        outputs, targets = column.arguments(z, (z > 0).to(z.dtype))[0], row.arguments(z, (z > 0).to(z.dtype))[1]
        given = (outputs, targets) if convention.library == "torch" else (outputs.numpy(), targets.numpy())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mixed = number(convention.answer(adapted.function, *given)).detach().double()
            apart = number(_call(adapted, z, (z > 0).to(z.dtype))).detach().double()
    except TooSlow:
        raise
    except (Exception, SystemExit):
        return []
    same = mixed.numel() == apart.numel() and torch.allclose(mixed.reshape(-1), apart.reshape(-1), rtol=1e-5)
    return [] if same else ["Outputs (B, 1) and targets (B,) are spread to B × B without an error, and give another number."]


def behaviour_findings(adapted: AdaptedLoss) -> tuple[Finding, ...]:
    """Faults of a callable: it changes its input, is not deterministic, or couples the examples of a batch."""
    findings = []
    if _mutates(adapted):
        findings.append(Finding(reason="mutation", sentence="It changes its input."))
    if not _repeats(adapted):
        sentence = "It is not deterministic: asked twice, it gives two answers."
        findings.append(Finding(reason="nondeterminism", sentence=sentence))
    elif couples_examples(adapted):
        sentence = (
            "It couples the examples of a batch: its value for several examples is no fixed multiple of the sum of their "
            "values one at a time, and what is said here holds for one example alone."
        )
        findings.append(Finding(reason="coupling", sentence=sentence))
    return tuple(findings)


def couples_examples(adapted: AdaptedLoss) -> bool:
    """Whether the loss of a batch depends on more than the losses of its examples, each asked alone.

    Six batches of four examples, with all mixtures of classes: the ratio of the batch's loss to the sum of the single ones has
    to be the same for all, as it is for a sum and for a plain mean; a mean with class weights, a normalisation over the batch
    and (B, 1) against (B,) broadcast to B × B change it.
    """
    if adapted.convention.layout == "single":
        return False
    rows = 1 if adapted.convention.outputs == 1 else 3
    together, apart = [], []
    for batch in range(6):
        z = torch.from_numpy(np.random.default_rng(batch).normal(0, 1.5, (rows, 4)))
        labels = torch.tensor([[0, 0, 0, 1], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 2, 0]][batch])
        y = (labels.clamp(max=1)[None] if rows == 1 else torch.eye(3)[:, labels]).to(z.dtype)
        try:
            together.append(float(number(_call(adapted, z, y)).detach().double().sum()))
            alone = [_call(adapted, z[:, [index]], y[:, [index]]) for index in range(4)]
        except TooSlow:
            raise
        except (Exception, SystemExit):
            return False
        apart.append(sum(float(number(answer).detach().double().sum()) for answer in alone))
    ratio = sum(a * b for a, b in zip(together, apart, strict=True)) / max(sum(b * b for b in apart), 1e-300)
    scale = max(map(abs, apart), default=0.0) * abs(ratio)
    return any(abs(a - ratio * b) > 1e-4 * scale for a, b in zip(together, apart, strict=True))


def _example(adapted: AdaptedLoss, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    rows = 1 if adapted.convention.outputs == 1 else 3
    z = torch.tensor([[0.7], [-1.2], [0.4]], dtype=dtype)[:rows]
    return z, torch.eye(rows, dtype=dtype)[:, [0]]


def _call(adapted: AdaptedLoss, z: Tensor, y: Tensor) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return adapted.convention.call(adapted.function, z, y)


def _dtypes(adapted: AdaptedLoss) -> list[str]:
    sentences = []
    for dtype in (torch.float64, torch.float32):
        try:
            answered_dtype = number(_call(adapted, *_example(adapted, dtype))).dtype
        except TooSlow:
            raise
        except (Exception, SystemExit) as error:
            sentences.append(f"It refuses {_named(dtype)}: {type(error).__name__}: {first_line(error)}")
            continue
        if answered_dtype != dtype:
            sentences.append(f"Given {_named(dtype)}, it answers {_named(answered_dtype)}.")
    return sentences


def overflow_notes(adapted: AdaptedLoss) -> tuple[str, ...]:
    """A sentence on the smallest large raw output at which it raises, where it does."""
    z, y = _example(adapted)
    for size in (30.0, 100.0, 1000.0, 10000.0):
        for raw in (size * z.sign(), -size * z.sign()):
            try:
                _call(adapted, raw, y)
            except TooSlow:
                raise
            except (Exception, SystemExit) as error:
                return (f"It raises {type(error).__name__} at raw outputs of {size:g}: {str(error)[:120]}",)
    return ()


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _mutates(adapted: AdaptedLoss) -> bool:
    tensors = [item.detach() for item in adapted.convention.arguments(*_example(adapted))]
    given = tensors if adapted.convention.library == "torch" else [item.numpy() for item in tensors]
    before = [item.clone() for item in tensors]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted.convention.answer(adapted.function, *given)
    return any(not torch.equal(item, was) for item, was in zip(tensors, before, strict=True))  # arrays share their memory


def _repeats(adapted: AdaptedLoss) -> bool:
    answers = [number(_call(adapted, *_example(adapted))).detach() for _ in range(4)]
    return all(torch.equal(answers[0], answer) for answer in answers[1:])
