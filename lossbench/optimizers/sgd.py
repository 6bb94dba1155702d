"""Stochastic gradient descent."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Hyper, Memory, Optimizer, Update
from lossbench.interfaces.optimizer import norm_penalty, penalised, refuse_penalties
from lossbench.registry import later


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """Gradient descent on mini-batches, with momentum (plain or Nesterov's) and an L2 or L1 penalty on the weights.

    Formula: g ← g + l2·w + l1·sign(w) for weights; v ← momentum·v + g; w ← w − lr·v, or w − lr·(g + momentum·v) with nesterov.
    Identities: equals torch.optim.SGD, step by step. Nielsen's λ on n examples is l2 = λ/n.
    Source: Robbins & Monro 1951; Polyak 1964; Sutskever et al., On the Importance of Initialization and Momentum, 2013.
    """

    many_runs: ClassVar[bool] = True
    lr: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    l2: float = 0.0
    l1: float = later(0.0)

    def __post_init__(self) -> None:
        if not self.lr > 0:
            raise BadInput(f"optimizer.lr is {self.lr:g}; a learning rate is above 0.")
        if not 0 <= self.momentum < 1:
            raise BadInput(f"optimizer.momentum is {self.momentum:g}; it lies in [0, 1).")
        if self.nesterov and self.momentum == 0:
            raise BadInput("optimizer.nesterov is true with momentum 0; Nesterov's step needs a momentum above 0.")
        refuse_penalties(self.l1, self.l2)

    @property
    def plain(self) -> bool:
        return self.momentum == 0 and self.l2 == 0 and self.l1 == 0

    def penalty(self, weight: Tensor) -> Tensor:
        return norm_penalty(weight, self.l1, self.l2)

    def start(self, parameter: Tensor) -> Memory:
        return (parameter.new_zeros(parameter.shape),) if self.momentum else ()

    def update(self, hyper: Hyper, parameter: Tensor, gradient: Tensor, memory: Memory, which: Update) -> None:
        if which.decays:
            gradient = penalised(gradient, parameter, hyper, l1=self.l1, l2=self.l2)
        if memory:
            (velocity,) = memory
            velocity.mul_(hyper.momentum).add_(gradient)
            gradient = gradient.addcmul(velocity, hyper.momentum) if self.nesterov else velocity
        parameter.addcmul_(gradient, hyper.lr, value=-1)
