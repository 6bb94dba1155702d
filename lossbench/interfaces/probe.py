"""What a probe sees, examples or a step, and what it promises. Written for one run, as everything in interfaces.py is."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.interfaces import ActivationName, Dense, Loss, Task
from lossbench.interfaces.links import OUTPUTS, log_softmax
from lossbench.registry import Registered


@dataclass(frozen=True)
class Outputs:
    """What a model says about some examples, raw outputs z (..., C, B), and their targets y (..., T, B). Leading axes are free.

    What the loss makes of them is computed when a probe asks for it.
    """

    z: Tensor
    y: Tensor
    loss: Loss
    task: Task

    @property
    def boundary(self) -> float:
        """The raw output above which a lone output decides for class 1."""
        return self.loss.boundary

    @property
    def link(self) -> str:
        return self.loss.link

    @cached_property
    def value(self) -> Tensor:
        """ℓ (..., B)."""
        return self.loss.value(self.z, self.y)

    @cached_property
    def a(self) -> Tensor:
        """The link's outputs that stand for the targets (..., T, B)."""
        return self.loss.prediction(self.loss.link_function.value(self.z))

    @cached_property
    def log_probabilities(self) -> Tensor:
        """log p (..., C, B) of the classes, or of the one class that a lone output stands for, on a link to probabilities."""
        if self.link == "softmax":
            return log_softmax(self.z)
        log_a = logsigmoid(self.z)
        return log_a if self.z.shape[OUTPUTS] == 1 else log_a - log_a.logsumexp(OUTPUTS, keepdim=True)


class Step(Protocol):
    """One moment of training, on its mini-batch, before the update. Leading axes are free.

    What no probe looks at is not computed.
    """

    @property
    def parameters(self) -> tuple[Dense[Tensor], ...]: ...
    @property
    def gradients(self) -> tuple[Dense[Tensor], ...]: ...
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
        """What the step adds to the parameters; None after the last step, where nothing is updated."""

    @property
    def hidden(self) -> tuple[Tensor, ...]:
        """Activations of the hidden layers (..., H, B)."""

    @property
    def activations(self) -> tuple[ActivationName, ...]: ...
    @property
    def link(self) -> str: ...
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
    """Something to be recorded: either an ExampleProbe or a StepProbe.

    Where a study names no probes, all are recorded that have `by_default`.
    """

    noun: ClassVar[str] = "probe"
    by_default: ClassVar[bool] = True


class ExampleProbe(Probe):
    """A number for one example, or one for each of K classes or outputs.

    The engine averages it over the training data and over the test data. Of K numbers those that are NaN are left out:
    the example says nothing there.

    A class says `per_example = True` where what it measures of an example depends on that example alone: it then sees examples
    in parts, and those of several runs side by side. One that does not is given all N examples of one run at once, z (C, N)
    and y (T, N), and may also return one number for all of them, (), such as an area under a curve.
    """

    per_example: ClassVar[bool] = False

    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")

    @abstractmethod
    def measure(self, outputs: Outputs) -> Tensor:
        """From outputs of B examples to (..., B) or (..., K, B); if not `per_example`, to (), (N,) or (K, N)."""


class StepProbe(Probe):
    """Numbers that describe one step: {quantity: (...) or, for a quantity by layer, (..., L)}.

    A probe that looks at no parameters themselves, at their norms at most, says so: it is `norms_only`. Where all are, norms are
    taken while the step is made, which is cheaper.

    A class says `many_runs = True` where it works along the last axes only: it then sees tensors with a leading axis R, all
    runs at once. One that does not sees one run, without that axis, and is a new instance each time: it can remember nothing.
    """

    many_runs: ClassVar[bool] = False

    norms_only: ClassVar[bool] = False

    @abstractmethod
    def measure(self, step: Step) -> dict[str, Tensor]:
        """The quantities by name."""
