"""A step as the probe of one run sees it: no axis R, and nothing of any other run."""

from dataclasses import dataclass

from torch import Tensor

from lossbench.interfaces import Dense
from lossbench.interfaces.probe import Step


@dataclass(frozen=True)
class RunStep:
    """One run of a step of many. Tensors are copies: what a probe writes into them, nobody else reads."""

    step: Step
    run_index: int

    @property
    def parameters(self) -> tuple[Dense[Tensor], ...]:
        return self._layers(self.step.parameters)

    @property
    def gradients(self) -> tuple[Dense[Tensor], ...]:
        return self._layers(self.step.gradients)

    @property
    def updates(self) -> tuple[Dense[Tensor], ...] | None:
        updates = self.step.updates
        return None if updates is None else self._layers(updates)

    @property
    def gradient_norms(self) -> Dense[Tensor]:
        return self._layers((self.step.gradient_norms,))[0]

    @property
    def parameter_norms(self) -> Dense[Tensor]:
        return self._layers((self.step.parameter_norms,))[0]

    @property
    def update_norms(self) -> Dense[Tensor] | None:
        norms = self.step.update_norms
        return None if norms is None else self._layers((norms,))[0]

    @property
    def hidden(self) -> tuple[Tensor, ...]:
        return tuple(map(self._own, self.step.hidden))

    @property
    def activations(self) -> tuple[str, ...]:
        return self.step.activations

    @property
    def hidden_inputs(self) -> tuple[Tensor, ...] | None:
        inputs = self.step.hidden_inputs
        return None if inputs is None else tuple(map(self._own, inputs))

    @property
    def link(self) -> str:
        return self.step.link

    @property
    def outputs(self) -> Tensor:
        return self._own(self.step.outputs)

    @property
    def gradient(self) -> Tensor:
        return self._own(self.step.gradient)

    @property
    def error(self) -> Tensor:
        return self._own(self.step.error)

    @property
    def slope(self) -> Tensor:
        return self._own(self.step.slope)

    def _own(self, of_all: Tensor) -> Tensor:
        return of_all[self.run_index].clone()

    def _layers(self, layers: tuple[Dense[Tensor], ...]) -> tuple[Dense[Tensor], ...]:
        return tuple(Dense(self._own(layer.weight), self._own(layer.bias)) for layer in layers)
