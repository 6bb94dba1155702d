"""An optimizer at work on the parameters of a network."""

from torch import Tensor

from lossbench.engine.fused_sgd import strides
from lossbench.engine.network import Network, backward, form
from lossbench.interfaces import Memory, Optimizer


class Learner:
    """An optimizer with its memory of every parameter of a network.

    Where its rule is plain gradient descent its steps are `strides`, if the network has any: they form gradients by themselves.
    """

    def __init__(self, rule: Optimizer, net: Network) -> None:
        self.rule, self.net = rule, net
        self.rate: Tensor | None = rule.plain_rate
        self.strides = strides(net) if self.rate is not None else None
        self.memory: list[tuple[Memory, Memory]] = [(rule.start(p.weight), rule.start(p.bias)) for p in net.parameters]

    def look_back(self) -> None:
        """Back from dL/dz of the last layer to all gradients; strides go that way by themselves."""
        if self.strides is None:
            backward(self.net)
            form(self.net)

    def measure(self, *, moving: bool) -> Tensor:
        """‖gradients‖ and ‖parameters‖ before the step, (2, R, 2L) float64, told by strides, which are made if `moving`."""
        if self.strides is None or self.rate is None:
            raise LookupError("Only strides measure what they go along.")
        return self.strides.measure(self.rate, moving=moving).permute(2, 1, 0)

    def step(self, *, strode: bool = False) -> None:
        """Move the network's parameters, in place; `strode` says that strides have been made."""
        ahead = self.net.ahead
        if self.strides and self.rate is not None and not strode:
            self.strides.step(self.rate)
        if ahead and self.rate is not None:
            ahead.move(self.net.deltas[0], self.rate)
        if self.strides:
            return
        for number, (parameter, slope) in enumerate(zip(self.net.parameters, self.net.gradients, strict=True)):
            memory = self.memory[number]
            if number or not ahead:
                self.rule.update(parameter.weight, slope.weight, memory[0], decays=True)
            self.rule.update(parameter.bias, slope.bias, memory[1], decays=False)
