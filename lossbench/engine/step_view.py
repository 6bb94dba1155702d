"""A step as probes see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lossbench.engine.learner import Learner
from lossbench.engine.loss_batch import LossBatch
from lossbench.engine.network import Network, gradients
from lossbench.engine.step_norms import length_of, lengths_of
from lossbench.interfaces import ActivationName, Dense
from lossbench.interfaces.links import OUTPUTS

SMALL = 1e-12  # the square of what is much smaller is no normal float32
FAR = 40.0  # raw outputs beyond which an error, as large as 1/p, may leave float32


@dataclass
class StepView:
    """The step of a network that has gone forward; the learner goes back and makes it, `last` says that none is made.

    Each quantity is computed when a probe asks for it. Asked for updates, the view makes the step, unless that is nothing but
    a rate times the gradient: then one is known from the other. Such a step may be made by fused SGD, which measures what it goes
    along; where every probe is `norms_only`, the view makes the step when it is first asked for a norm.
    """

    net: Network
    loss_batches: Sequence[LossBatch]
    learner: Learner
    last: bool
    norms_only: bool

    @cached_property
    def parameters(self) -> tuple[Dense[Tensor], ...]:
        if self.norms_only and "_fused" in vars(self):
            raise LookupError("A probe that is norms_only looked at parameters, and the step has been made.")
        with self.net.settled():  # copies: the step changes the network's own
            return tuple(Dense(p.weight.clone(), p.bias.clone()) for p in self.net.parameters)

    @cached_property
    def gradients(self) -> tuple[Dense[Tensor], ...]:
        _ = self.learner.fused_sgd and self._fused  # which is their way back
        return gradients(self.net)

    @cached_property
    def updates(self) -> tuple[Dense[Tensor], ...] | None:
        if self.last:
            return None
        rate = self.learner.rate
        if rate is not None:
            return tuple(Dense(*(-rate * slope for slope in layer)) for layer in self.gradients)
        before = self.parameters
        self.learner.step()
        pairs = zip(self.net.parameters, before, strict=True)
        return tuple(Dense(new.weight - old.weight, new.bias - old.bias) for new, old in pairs)

    @cached_property
    def gradient_norms(self) -> Dense[Tensor]:
        lengths = self._fused[0] if self.learner.fused_sgd else lengths_of(self.net.gradients)
        if self.net.look_ahead:
            lengths[:, 0] = self.net.look_ahead.norms(self.net.deltas[0])
        return _by_kind(lengths)

    @cached_property
    def parameter_norms(self) -> Dense[Tensor]:
        if not self.learner.fused_sgd:
            with self.net.settled():
                return _by_kind(lengths_of(self.parameters if "parameters" in vars(self) else self.net.parameters))
        lengths = self._fused[1]
        if self.net.look_ahead:
            with self.net.settled():
                lengths[:, 0] = length_of(self.net.parameters[0].weight)
        return _by_kind(lengths)

    @cached_property
    def update_norms(self) -> Dense[Tensor] | None:
        rate = self.learner.rate
        if self.last or rate is None:
            return None if self.updates is None else _by_kind(lengths_of(self.updates))
        return Dense(*(norms * rate[..., 0] for norms in self.gradient_norms))  # as the rule has it, before any rounding

    @cached_property
    def _fused(self) -> Tensor:
        """‖gradients‖ and ‖parameters‖, (2, R, 2L): the step is made or, where somebody may ask for more, measured."""
        return self.learner.measure(moving=self.norms_only and not self.last)

    def finish(self) -> None:
        """Make the step, as far as it has not been."""
        if not self.last and (self.learner.rate is not None or "updates" not in vars(self)):
            self.learner.step(fused=self.norms_only and "_fused" in vars(self))

    @property
    def hidden(self) -> tuple[Tensor, ...]:
        return self.net.units[:-1]

    @property
    def activations(self) -> tuple[ActivationName, ...]:
        return tuple(layer.activation for layer in self.net.layers if layer.activation)

    @property
    def link(self) -> str:
        return self.loss_batches[0].loss.link

    @cached_property
    def outputs(self) -> Tensor:
        return self._by_run(self._linked, self._z.dtype)

    @cached_property
    def gradient(self) -> Tensor:
        return self.net.deltas[-1] * self._z.shape[-1]  # of one example, not of the mean

    @cached_property
    def error(self) -> Tensor:
        return self._by_run([_weighed_error_size(loss_batch)[None] for loss_batch in self.loss_batches], torch.float64)[:, 0]

    @cached_property
    def slope(self) -> Tensor:
        slopes = [loss_batch.loss.link_function.slope(a) for loss_batch, a in zip(self.loss_batches, self._linked, strict=True)]
        return self._by_run([slope[None] for slope in slopes], self._z.dtype)[:, 0]

    @cached_property
    def _linked(self) -> list[Tensor]:
        """The link's outputs, on the columns of each loss."""
        return [loss_batch.loss.link_function.value(loss_batch.z) for loss_batch in self.loss_batches]

    @property
    def _z(self) -> Tensor:
        return self.net.units[-1]

    def _by_run(self, measured: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
        """What was measured on the columns of each loss, as (R, K, B)."""
        runs, _, width = self._z.shape
        out = self._z.new_empty(runs, len(measured[0]), width, dtype=dtype)
        for loss_batch, part in zip(self.loss_batches, measured, strict=True):
            out[loss_batch.runs].copy_(loss_batch.by_run(part))
        return out


def _weighed_error_size(loss_batch: LossBatch) -> Tensor:
    """‖w dℓ/da‖₂ of a loss batch's examples, (r·B,), each weighed as in the gradient."""
    size, weights = _error_size(loss_batch), loss_batch.weights
    return size if weights is None else size * weights[: len(size)]


def _error_size(loss_batch: LossBatch) -> Tensor:
    """‖dℓ/da‖₂ of a loss batch's examples, (r·B,): in float64 for those where float32 may not hold it.

    Cross entropy's error, 1/p, leaves float32 where the network is confidently wrong.
    """
    examples = loss_batch.count * loss_batch.width
    # Squares are summed: below 1e-12 or above 1e12 they may leave float32 (1.2e-38 to 3.4e38), and beyond |z| = 40 so may 1/p.
    size = _passing(loss_batch, loss_batch.z, loss_batch.y)[:examples]
    (lowest, highest), (least, most) = torch.aminmax(loss_batch.z), torch.aminmax(size)
    if lowest > -FAR and highest < FAR and least > SMALL and most < 1 / SMALL:
        return size
    near = loss_batch.z.abs().amax(0)[:examples] < FAR
    exact = _passing(loss_batch, loss_batch.z.double(), loss_batch.y.double())[:examples]
    return torch.where((size > SMALL) & (size < 1 / SMALL) & near, size.double(), exact)


def _passing(loss_batch: LossBatch, z: Tensor, y: Tensor) -> Tensor:
    """‖dℓ/da‖₂ (M,); of an error at a softmax only what its Jacobian lets through: not the mean over the outputs."""
    error = loss_batch.apply(loss_batch.loss.error, z, y)
    if loss_batch.loss.link == "softmax":  # J = diag(p) − ppᵀ maps constants to 0, for Σ p = 1
        error = error - error.mean(OUTPUTS, keepdim=True)
    return error.square().sum(OUTPUTS).sqrt_()


def _by_kind(lengths: Tensor) -> Dense[Tensor]:
    """Lengths (R, 2L) of weights and biases in turn, apart."""
    return Dense(lengths[:, ::2], lengths[:, 1::2])
