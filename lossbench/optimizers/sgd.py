"""Stochastic gradient descent."""

from dataclasses import dataclass

from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Memory, Optimizer, Rate


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """Gradient descent on mini-batches, with momentum (plain or Nesterov's) and an L2 penalty on the weights.

    Formula: g ← g + l2·w for weights; v ← momentum·v + g; w ← w − lr·v, or w − lr·(g + momentum·v) with nesterov.
    Identities: equals torch.optim.SGD, step by step. Nielsen's λ on n examples is l2 = λ/n.
    Source: Robbins & Monro 1951; Polyak 1964; Sutskever et al., On the Importance of Initialization and Momentum, 2013.
    """

    lr: Rate = 0.1
    momentum: Rate = 0.0
    nesterov: bool = False
    l2: Rate = 0.0

    def __post_init__(self) -> None:
        if not self.lr > 0:
            raise BadInput(f"optimizer.lr is {self.lr:g}; a learning rate is above 0.")
        if not 0 <= self.momentum < 1:
            raise BadInput(f"optimizer.momentum is {self.momentum:g}; it lies in [0, 1).")
        if not self.l2 >= 0:
            raise BadInput(f"optimizer.l2 is {self.l2:g}; a penalty is 0 or more.")
        if self.nesterov and self.momentum == 0:
            raise BadInput("optimizer.nesterov is true with momentum 0; Nesterov's step needs a momentum above 0.")

    @property
    def plain_rate(self) -> Rate | None:
        return None if isinstance(self.momentum, Tensor) or isinstance(self.l2, Tensor) else self.lr

    def start(self, parameter: Tensor) -> Memory:
        return () if isinstance(self.momentum, float) else (parameter.new_zeros(parameter.shape),)

    def update(self, parameter: Tensor, gradient: Tensor, memory: Memory, decays: bool) -> None:
        if decays and isinstance(self.l2, Tensor):
            gradient = gradient.addcmul(parameter, self.l2)
        if memory:
            (velocity,) = memory
            velocity.mul_(self.momentum).add_(gradient)
            gradient = gradient.addcmul(velocity, self.momentum) if self.nesterov else velocity
        parameter.addcmul_(gradient, self.lr, value=-1)
