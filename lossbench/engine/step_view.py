"""A step as probes see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from lossbench.engine.learner import Learner
from lossbench.engine.loss_batch import LossBatch
from lossbench.engine.network import Network, gradients
from lossbench.engine.output_view import OutputView
from lossbench.engine.step_norms import length_of, lengths_of
from lossbench.interfaces import Dense


@dataclass
class StepView(OutputView):
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
    def activations(self) -> tuple[str, ...]:
        return tuple(layer.activation for layer in self.net.layers if layer.activation)

    @property
    def hidden_inputs(self) -> None:
        return None

    @property
    def _z(self) -> Tensor:
        return self.net.units[-1]

    @property
    def _deltas(self) -> Tensor:
        return self.net.deltas[-1]


def _by_kind(lengths: Tensor) -> Dense[Tensor]:
    """Lengths (R, 2L) of weights and biases in turn, apart."""
    return Dense(lengths[:, ::2], lengths[:, 1::2])
