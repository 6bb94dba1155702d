"""Sizes of gradients and of the steps they cause."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lossbench import tables
from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.probe import Probe, Step
from lossbench.kernels.size_kernels import exact_squares, in_one_pass
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class GradientNorms(Probe):
    """Euclidean norm of the mini-batch gradient of each layer's weights, and of its biases.

    Formula: ‖∂L/∂W_l‖₂ and ‖∂L/∂b_l‖₂, L being the mean loss of the mini-batch, without penalties. Units: of the loss.
    """

    many_runs: ClassVar[bool] = True
    norms_only: ClassVar[bool] = True
    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(stem=tables.GRADIENT_WEIGHTS, title="‖dL/dW‖"),
        Quantity(stem=tables.GRADIENT_BIASES, title="‖dL/db‖"),
    )

    def measure(self, step: Step) -> dict[str, Tensor]:
        return {
            tables.GRADIENT_WEIGHTS: step.gradient_norms.weight,
            tables.GRADIENT_BIASES: step.gradient_norms.bias,
        }


@dataclass(frozen=True, kw_only=True)
class OutputFactors(Probe):
    """The gradient at the raw outputs and the two factors it is made of: dℓ/dz = (dℓ/da)·(da/dz).

    Formula: means over the mini-batch of ‖dℓ/dz‖₂, of the error ‖dℓ/da‖₂, and of the slope, the size of da/dz
    (a(1 − a) for one sigmoid; its root mean square over several; Frobenius norm of the Jacobian for the softmax).
    Of an error at a softmax only what passes counts: its mean over the outputs, which the Jacobian loses, is taken off.
    A mean of products is not the product of the means: the three show which factor is small, they do not multiply.
    """

    many_runs: ClassVar[bool] = True
    norms_only: ClassVar[bool] = True
    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(stem=tables.OUTPUT_GRADIENT, title="gradient |dL/dz|"),
        Quantity(stem=tables.OUTPUT_ERROR, title="error |dL/da|"),
        Quantity(stem=tables.OUTPUT_SLOPE, title="slope |da/dz|"),
    )

    def measure(self, step: Step) -> dict[str, Tensor]:
        return {
            tables.OUTPUT_GRADIENT: _length(step.gradient).mean(-1),
            tables.OUTPUT_ERROR: step.error.mean(-1),
            tables.OUTPUT_SLOPE: step.slope.mean(-1),
        }


@dataclass(frozen=True, kw_only=True)
class UpdateRatio(Probe):
    """Size of the update against the size of what it changes, for each layer's weights.

    Formula: ‖W_l(after) − W_l(before)‖₂ / ‖W_l(before)‖₂; for plain gradient descent rate · ‖∂L/∂W_l‖₂ / ‖W_l(before)‖₂, which
    is the same but for rounding. NaN after the last step, where nothing is updated.
    """

    many_runs: ClassVar[bool] = True
    norms_only: ClassVar[bool] = True
    quantities: ClassVar[tuple[Quantity, ...]] = (Quantity(stem=tables.UPDATE_RATIO, title="size of update / size of weights"),)

    def measure(self, step: Step) -> dict[str, Tensor]:
        before, moved = step.parameter_norms.weight, step.update_norms
        return {tables.UPDATE_RATIO: torch.full_like(before, torch.nan) if moved is None else moved.weight / before}


@dataclass(frozen=True, kw_only=True)
class UpdateNorms(Probe):
    """Euclidean norm of what a step adds to each layer's weights, and to its biases. Must be named in probes.

    Formula: ‖W_l(after) − W_l(before)‖₂, and of b_l alike; NaN after the last step, where nothing is updated.
    """

    many_runs: ClassVar[bool] = True
    norms_only: ClassVar[bool] = True
    by_default: ClassVar[bool] = False
    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(stem=tables.UPDATE_WEIGHTS, title="size of the update of the weights"),
        Quantity(stem=tables.UPDATE_BIASES, title="size of the update of the biases"),
    )

    def measure(self, step: Step) -> dict[str, Tensor]:
        before, moved = step.parameter_norms, step.update_norms
        weights, biases = moved or (torch.full_like(norms, torch.nan) for norms in before)
        return {tables.UPDATE_WEIGHTS: weights, tables.UPDATE_BIASES: biases}


@dataclass(frozen=True, kw_only=True)
class ParameterNorms(Probe):
    """Euclidean norm of each layer's weights, and of its biases. Must be named in probes.

    Formula: ‖W_l‖₂ and ‖b_l‖₂, before the step.
    """

    many_runs: ClassVar[bool] = True
    norms_only: ClassVar[bool] = True
    by_default: ClassVar[bool] = False
    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(stem=tables.PARAMETER_WEIGHTS, title="size of the weights"),
        Quantity(stem=tables.PARAMETER_BIASES, title="size of the biases"),
    )

    def measure(self, step: Step) -> dict[str, Tensor]:
        return {
            tables.PARAMETER_WEIGHTS: step.parameter_norms.weight,
            tables.PARAMETER_BIASES: step.parameter_norms.bias,
        }


def _length(vectors: Tensor) -> Tensor:
    """‖·‖₂ over the outputs, (..., B) float64, of vectors (..., C, B); vector_norm takes twenty times as long along that axis."""
    return _squares(vectors).sqrt_().squeeze(OUTPUTS)


@in_one_pass(exact_squares, "sum", exact=True)
def _squares(vectors: Tensor) -> Tensor:
    """Σ v², (..., 1, B) float64."""
    return vectors.to(torch.float64, copy=True).square_().sum(OUTPUTS, keepdim=True)
