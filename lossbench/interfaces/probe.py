"""What a probe promises: numbers that describe one step of training. It is written for one run."""

from abc import abstractmethod
from typing import ClassVar, Protocol

from torch import Tensor

from lossbench.interfaces.arrays import Dense
from lossbench.registry import Registered
from lossbench.tables import Quantity


class Step(Protocol):
    """One moment of training, on its mini-batch, before the update. Leading axes are free.

    What no probe looks at is not computed.
    """

    @property
    def parameters(self) -> tuple[Dense[Tensor], ...]:
        """Weights (..., out, in) and biases (..., out, 1) of each layer, before the step."""

    @property
    def gradients(self) -> tuple[Dense[Tensor], ...]:
        """Gradients of the batch's mean loss in each layer's weights (..., out, in) and biases (..., out, 1)."""

    @property
    def gradient_norms(self) -> Dense[Tensor]:
        """‖·‖₂ of the gradients of each layer's weights, and of its biases: (..., L) float64."""

    @property
    def parameter_norms(self) -> Dense[Tensor]:
        """‖·‖₂ of each layer's weights, and of its biases: (..., L) float64."""

    @property
    def update_norms(self) -> Dense[Tensor] | None:
        """‖·‖₂ of what the step adds to each layer's weights, and to its biases: (..., L) float64; None after the last step.

        Where the rule is no more than a rate times the gradient, that is so before it is rounded into the parameters.
        """

    @property
    def updates(self) -> tuple[Dense[Tensor], ...] | None:
        """What the step adds to each layer's weights (..., out, in) and biases (..., out, 1); None after the last step."""

    @property
    def hidden(self) -> tuple[Tensor, ...]:
        """Activations of the hidden layers (..., H, B)."""

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation functions of the hidden layers, by name."""

    @property
    def hidden_inputs(self) -> tuple[Tensor, ...] | None:
        """What each of these was applied to (..., H, B); None where the outputs tell its slope."""

    @property
    def link(self) -> str:
        """The name of the link that makes outputs of raw outputs."""

    @property
    def outputs(self) -> Tensor:
        """All of the link's outputs a (..., C, B)."""

    @property
    def gradient(self) -> Tensor:
        """dℓ/dz (..., C, B)."""

    @property
    def error(self) -> Tensor:
        """Size of dℓ/da (..., B) float64; at a softmax of what its Jacobian lets through: all but the mean over the outputs."""

    @property
    def slope(self) -> Tensor:
        """Size of da/dz (..., B)."""


class Probe(Registered):
    """Numbers that describe one step of training: {quantity: (...) or, for a quantity by layer, (..., L)}.

    `quantities` declares each of them: title, unit and formatting, by which the report shows them. Where a study names nothing
    to be recorded, every probe is that has `by_default`.

    A probe that looks at no parameters themselves, at their norms at most, says so: it is `norms_only`. Where all are, norms are
    taken while the step is made, which is cheaper.

    A class says `many_runs = True` where it works along the last axes only: it then sees tensors with a leading axis R, all
    runs at once. One that does not sees one run, without that axis, and is a new instance each time: it can remember nothing.
    """

    noun: ClassVar[str] = "probe"
    by_default: ClassVar[bool] = True
    many_runs: ClassVar[bool] = False
    norms_only: ClassVar[bool] = False
    quantities: ClassVar[tuple[Quantity, ...]] = ()

    @abstractmethod
    def measure(self, step: Step) -> dict[str, Tensor]:
        """The quantities by name, each (...), or (..., L) where every layer has one."""
