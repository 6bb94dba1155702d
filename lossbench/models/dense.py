"""Networks of dense layers."""

from dataclasses import dataclass
from itertools import pairwise

from lossbench.errors import BadInput
from lossbench.interfaces import ActivationName, Layer, Model
from lossbench.modules.activation import of_each, one_or_each

WIDEST = 10**6  # units of a layer; more are a slip of the finger


@dataclass(frozen=True, kw_only=True)
class Logistic(Model):
    """One layer from features to outputs, nothing hidden: logistic or softmax regression, linear regression, one neuron.

    Formula: z = Wx + b. What it becomes is the loss's link's doing.
    """

    def layers(self, inputs: int, outputs: int) -> tuple[Layer, ...]:
        return (Layer(inputs, outputs, None),)


@dataclass(frozen=True, kw_only=True)
class MLP(Model):
    """A multilayer perceptron of any widths; `hidden` lists the widths from the input on.

    Formula: h_0 = x, h_l = f(W_l h_{l−1} + b_l), z = W_L h_{L−1} + b_L, with f the activation: one for all hidden layers, or a
    list with one for each.
    """

    hidden: tuple[int, ...] = (32,)
    activation: ActivationName | tuple[ActivationName, ...] = "sigmoid"

    def __post_init__(self) -> None:
        if any(not 1 <= width <= WIDEST for width in self.hidden):
            raise BadInput(f"model.hidden is {list(self.hidden)}; every width must lie between 1 and {WIDEST:,}.")
        object.__setattr__(self, "activation", one_or_each(self.activation, self.hidden))

    def layers(self, inputs: int, outputs: int) -> tuple[Layer, ...]:
        widths = (inputs, *self.hidden)
        hidden = (Layer(n, m, f) for (n, m), f in zip(pairwise(widths), of_each(self.activation, self.hidden), strict=True))
        return (*hidden, Layer(widths[-1], outputs, None))
