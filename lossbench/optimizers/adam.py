"""Adam."""

from dataclasses import dataclass

from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Memory, Optimizer, Rate


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Adam: each parameter's step divided by a running root mean square of its gradient.

    Formula: g ← g + l2·w for weights; m ← β1·m + (1 − β1)·g; v ← β2·v + (1 − β2)·g²;
    w ← w − lr · (m / (1 − β1ᵗ)) / (√(v / (1 − β2ᵗ)) + epsilon) at step t.
    Identities: equals torch.optim.Adam, step by step.
    Source: Kingma & Ba, Adam: A Method for Stochastic Optimization, 2015.
    """

    lr: Rate = 0.001
    beta1: Rate = 0.9
    beta2: Rate = 0.999
    epsilon: Rate = 1e-8
    l2: Rate = 0.0

    def __post_init__(self) -> None:
        if not self.lr > 0:
            raise BadInput(f"optimizer.lr is {self.lr:g}; a learning rate is above 0.")
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise BadInput(f"optimizer.beta1 and beta2 are {self.beta1:g} and {self.beta2:g}; both lie in [0, 1).")
        if not (self.epsilon > 0 and self.l2 >= 0):
            raise BadInput(f"optimizer.epsilon is {self.epsilon:g} and l2 {self.l2:g}; epsilon is above 0, l2 is 0 or more.")

    def start(self, parameter: Tensor) -> Memory:
        moments = (parameter.new_zeros(parameter.shape), parameter.new_zeros(parameter.shape))
        corrections = (parameter.new_zeros(_runs(parameter)), parameter.new_zeros(_runs(parameter)))
        return (*moments, *corrections)

    def update(self, parameter: Tensor, gradient: Tensor, memory: Memory, decays: bool) -> None:
        if decays and isinstance(self.l2, Tensor):
            gradient = gradient.addcmul(parameter, self.l2)
        first, second, unbias_first, unbias_second = memory
        # 1 − βᵗ, kept by its own recurrence: a running βᵗ would lose it to rounding while it is small
        unbias_first.mul_(self.beta1).add_(1 - self.beta1)
        unbias_second.mul_(self.beta2).add_(1 - self.beta2)
        first.mul_(self.beta1).add_(gradient * (1 - self.beta1))
        second.mul_(self.beta2).add_(gradient.square() * (1 - self.beta2))
        size = (second / unbias_second).sqrt_().add_(self.epsilon)
        parameter.sub_(first / size * (self.lr / unbias_first))


def _runs(parameter: Tensor) -> tuple[int, ...]:
    return (*parameter.shape[:-2], 1, 1)
