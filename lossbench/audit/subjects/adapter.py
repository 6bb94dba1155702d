"""Somebody's callable as a loss: raw outputs (C, B) and targets in, one number an example out."""

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from lossbench.audit.subjects.precision import DOUBLE, Precision
from lossbench.audit.subjects.time_limit import TooSlow
from lossbench.interfaces.links import OUTPUTS
from lossbench.loss_families.calling import Convention, number

Form = Literal["each", "elements", "reduced", "mapped"]


@dataclass(frozen=True)
class AdaptedLoss:
    """A callable and how it is called.

    `form` is what it answers for B examples: a number each; a number an element, which are added up; or one number for
    all, in which case it is asked one example at a time ("mapped": by torch.func.vmap, which it was seen to agree with).
    `quick` is the same callable told not to reduce, and its form, where it was seen to agree with that. `guarded`: where it
    raises, the answer is NaN.
    """

    function: Callable[..., Any]
    convention: Convention
    form: Form
    differentiable: bool = True
    guarded: bool = False
    quick: tuple[Callable[..., Any], Form] | None = None
    precision: Precision = DOUBLE

    @property
    def link(self) -> str:
        """The link by which the raw outputs are read as predictions: sigmoid, softmax or identity."""
        return self.convention.link

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        """ℓ (B,) of raw outputs and targets (C, B)."""
        if not self.guarded:
            return self._value(z, y)
        try:
            return self._value(z, y)
        except TooSlow:
            raise
        except (Exception, SystemExit):
            if z.shape[1] == 1:
                return (z * torch.nan).sum(0)
            return torch.cat([self.value(*pair) for pair in zip(torch.split(z, 1, 1), torch.split(y, 1, 1), strict=True)])

    def _value(self, z: Tensor, y: Tensor) -> Tensor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self.quick is not None:
                return self._one_each(*self.quick, z, y)
            if self.form == "mapped":
                return torch.func.vmap(self._one, in_dims=-1)(z, y)
            if self.form == "reduced":
                return torch.stack([self._one(z[:, index], y[:, index]) for index in range(z.shape[1])])
            return self._one_each(self.function, self.form, z, y)

    def _one_each(self, function: Callable[..., Any], form: Form, z: Tensor, y: Tensor) -> Tensor:
        """ℓ (B,) of a callable that answers a number an example or an element."""
        answer = number(self.convention.call(function, z, y)).to(z.dtype)
        if form == "each":
            return answer.reshape(-1)
        return answer.sum(0) if self.convention.layout == "first" else answer.reshape(z.shape[1], -1).sum(1)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dz (C, B): by torch, by jax, or by central differences where the callable has no gradient to give."""
        if not self.differentiable:
            return self._differences(z, y)
        if self.convention.library == "jax":
            together = z.shape[1] if self.form in {"each", "elements"} else 1
            return torch.cat(
                [self._by_jax(*pair) for pair in zip(torch.split(z, together, 1), torch.split(y, together, 1), strict=True)], 1
            )
        moving = z.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(self.value(moving, y).sum(), moving)
        return gradient

    def _one(self, z: Tensor, y: Tensor) -> Tensor:
        answer = number(self.convention.call(self.function, z[:, None], y[:, None])).to(z.dtype)
        return answer.sum()

    def _differences(self, z: Tensor, y: Tensor) -> Tensor:
        rows = []
        for row in range(z.shape[OUTPUTS]):
            step = torch.zeros_like(z)
            step[row] = self.precision.step
            rows.append((self.value(z + step, y) - self.value(z - step, y)) / (2 * self.precision.step))
        return torch.stack(rows)

    def _by_jax(self, z: Tensor, y: Tensor) -> Tensor:
        moving = z.detach().clone().requires_grad_()
        outputs, targets = self.convention.arguments(moving, y)
        goal = targets.numpy()
        slope = importlib.import_module("jax").grad(lambda item: self.convention.answer(self.function, item, goal).sum())(
            outputs.detach().numpy()
        )
        (gradient,) = torch.autograd.grad(outputs, moving, number(slope).to(outputs.dtype))
        return gradient
