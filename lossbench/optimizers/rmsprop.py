"""RMSprop."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Hyper, Memory, Optimizer, Update
from lossbench.interfaces.optimizer import norm_penalty, refuse_penalties
from lossbench.registry import later


@dataclass(frozen=True, kw_only=True)
class RMSprop(Optimizer):
    """RMSprop: each gradient divided by a running root mean square of its own, with momentum and L2 and L1 penalties if asked.

    Formula: g ← g + l2·w + l1·sign(w) for weights; v ← alpha·v + (1 − alpha)·g²; u = g/(√v + epsilon), with centered √(v − ḡ²)
    for √v, ḡ being the same mean of g; b ← momentum·b + u; w ← w − lr·b, without momentum w − lr·u.
    Identities: equals torch.optim.RMSprop, step by step.
    Source: Tieleman & Hinton, Lecture 6.5, Neural Networks for Machine Learning, 2012; centred: Graves 2013.
    """

    many_runs: ClassVar[bool] = True
    lr: float = 0.01
    alpha: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    centered: bool = False
    l2: float = 0.0
    l1: float = later(0.0)

    def __post_init__(self) -> None:
        refuse_penalties(self.l1, self.l2)
        if not self.lr > 0:
            raise BadInput(f"optimizer.lr is {self.lr:g}; a learning rate is above 0.")
        if not (0 <= self.alpha < 1 and 0 <= self.momentum < 1):
            raise BadInput(f"optimizer.alpha is {self.alpha:g} and momentum {self.momentum:g}; both lie in [0, 1).")
        if not self.epsilon > 0:
            raise BadInput(f"optimizer.epsilon is {self.epsilon:g}; it is above 0.")

    def penalty(self, weight: Tensor) -> Tensor:
        return norm_penalty(weight, self.l1, self.l2)

    def start(self, parameter: Tensor) -> Memory:
        """The mean square and, where they are asked for, the mean and the running step, each as the parameter (..., out, in)."""
        return tuple(parameter.new_zeros(parameter.shape) for _ in range(1 + self.centered + (self.momentum > 0)))

    def update(self, hyper: Hyper, parameter: Tensor, gradient: Tensor, memory: Memory, which: Update) -> None:
        if which.decays and self.l2:
            gradient = gradient + parameter * hyper.l2
        if which.decays and self.l1:
            gradient = gradient + parameter.sign() * hyper.l1
        square = memory[0]
        square.mul_(hyper.alpha).add_(gradient.square() * (1 - hyper.alpha))
        spread = square
        if self.centered:
            mean = memory[1]
            mean.add_((gradient - mean) * (1 - hyper.alpha))
            spread = square - mean.square()
        moved = gradient / spread.sqrt().add_(hyper.epsilon)
        if self.momentum:
            moved = memory[-1].mul_(hyper.momentum).add_(moved)
        parameter.sub_(moved * hyper.lr)
