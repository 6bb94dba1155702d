"""Adam, and Adam with decoupled weight decay."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Hyper, Memory, Optimizer, Update
from lossbench.interfaces.optimizer import norm_penalty, penalised, refuse_penalties
from lossbench.registry import later


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Adam: each parameter's step divided by a running root mean square of its gradient.

    Formula: g ← g + l2·w + l1·sign(w) for weights; m ← β1·m + (1 − β1)·g; v ← β2·v + (1 − β2)·g²;
    w ← w − lr · (m / (1 − β1ᵗ)) / (√(v / (1 − β2ᵗ)) + epsilon) at step t.
    Identities: equals torch.optim.Adam, step by step.
    Source: Kingma & Ba, Adam: A Method for Stochastic Optimization, 2015.
    """

    many_runs: ClassVar[bool] = True
    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    l2: float = 0.0
    l1: float = later(0.0)

    def __post_init__(self) -> None:
        check_options(self)
        refuse_penalties(self.l1, self.l2)

    def penalty(self, weight: Tensor) -> Tensor:
        return norm_penalty(weight, self.l1, self.l2)

    def start(self, parameter: Tensor) -> Memory:
        return start(parameter)

    def update(self, hyper: Hyper, parameter: Tensor, gradient: Tensor, memory: Memory, which: Update) -> None:
        if which.decays:
            gradient = penalised(gradient, parameter, hyper, l1=self.l1, l2=self.l2)
        follow(hyper, parameter, gradient, memory)


@dataclass(frozen=True, kw_only=True)
class AdamW(Optimizer):
    """Adam with decoupled weight decay: weights shrink by themselves, not by way of the gradient.

    Formula: w ← w − lr·decay·w for weights, then Adam's step along g.
    Identities: equals torch.optim.AdamW, step by step.
    Source: Loshchilov & Hutter, Decoupled Weight Decay Regularization, 2019.
    """

    many_runs: ClassVar[bool] = True
    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.01

    def __post_init__(self) -> None:
        check_options(self)
        if not self.decay >= 0:
            raise BadInput(f"optimizer.decay is {self.decay:g}; a decay is 0 or more.")

    def start(self, parameter: Tensor) -> Memory:
        return start(parameter)

    def update(self, hyper: Hyper, parameter: Tensor, gradient: Tensor, memory: Memory, which: Update) -> None:
        if which.decays and self.decay:
            parameter.mul_(1 - hyper.lr * hyper.decay)
        follow(hyper, parameter, gradient, memory)


def check_options(rule: Adam | AdamW) -> None:
    """Raise BadInput where an option that both rules have is out of range."""
    if not rule.lr > 0:
        raise BadInput(f"optimizer.lr is {rule.lr:g}; a learning rate is above 0.")
    if not (0 <= rule.beta1 < 1 and 0 <= rule.beta2 < 1):
        raise BadInput(f"optimizer.beta1 and beta2 are {rule.beta1:g} and {rule.beta2:g}; both lie in [0, 1).")
    if not rule.epsilon > 0:
        raise BadInput(f"optimizer.epsilon is {rule.epsilon:g}; it is above 0.")


def start(parameter: Tensor) -> Memory:
    """Both moments, as a parameter (..., out, in), and both corrections 1 − βᵗ (..., 1, 1), all 0 before the first step."""
    moments = (parameter.new_zeros(parameter.shape), parameter.new_zeros(parameter.shape))
    each_run = (*parameter.shape[:-2], 1, 1)
    return (*moments, parameter.new_zeros(each_run), parameter.new_zeros(each_run))


def follow(hyper: Hyper, parameter: Tensor, gradient: Tensor, memory: Memory) -> None:
    """Adam's step of a parameter (..., out, in) along a gradient of its shape, in place."""
    first, second, unbias_first, unbias_second = memory
    # 1 − βᵗ, kept by its own recurrence: a running βᵗ would lose it to rounding while it is small
    unbias_first.mul_(hyper.beta1).add_(1 - hyper.beta1)
    unbias_second.mul_(hyper.beta2).add_(1 - hyper.beta2)
    first.mul_(hyper.beta1).add_(gradient * (1 - hyper.beta1))
    second.mul_(hyper.beta2).add_(gradient.square() * (1 - hyper.beta2))
    size = (second / unbias_second).sqrt_().add_(hyper.epsilon)
    parameter.sub_(first / size * (hyper.lr / unbias_first))
