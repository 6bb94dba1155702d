"""An optimizer at work on the parameters of a network."""

from torch import Tensor

from lossbench.engine.fused_sgd import fused_sgd
from lossbench.engine.network import Network, backward, form
from lossbench.interfaces import Memory, Optimizer


class Learner:
    """An optimizer with its memory of every parameter of a network.

    Where its rule is plain gradient descent `fused_sgd` makes the steps, if the network can have it: it forms gradients itself.
    """

    def __init__(self, rule: Optimizer, net: Network) -> None:
        self.rule, self.net = rule, net
        self.rate: Tensor | None = rule.plain_rate
        self.fused_sgd = fused_sgd(net) if self.rate is not None else None
        self.memory: list[tuple[Memory, Memory]] = [(rule.start(p.weight), rule.start(p.bias)) for p in net.parameters]

    def look_back(self) -> None:
        """Back from dL/dz of the last layer to all gradients; fused SGD goes that way by itself."""
        if self.fused_sgd is None:
            backward(self.net)
            form(self.net)

    def measure(self, *, moving: bool) -> Tensor:
        """‖gradients‖ and ‖parameters‖ before the step, (2, R, 2L) float64, by fused SGD, which steps if `moving`."""
        if self.fused_sgd is None or self.rate is None:
            raise LookupError("Only fused SGD measures what it goes along.")
        return self.fused_sgd.measure(self.rate, moving=moving).permute(2, 1, 0)

    def step(self, *, fused: bool = False) -> None:
        """Move the network's parameters, in place; `fused` says that fused SGD has made its part."""
        look_ahead = self.net.look_ahead
        if self.fused_sgd and self.rate is not None and not fused:
            self.fused_sgd.step(self.rate)
        if look_ahead and self.rate is not None:
            look_ahead.move(self.net.deltas[0], self.rate)
        if self.fused_sgd:
            return
        for number, (parameter, slope) in enumerate(zip(self.net.parameters, self.net.gradients, strict=True)):
            memory = self.memory[number]
            if number or not look_ahead:
                self.rule.update(parameter.weight, slope.weight, memory[0], decays=True)
            self.rule.update(parameter.bias, slope.bias, memory[1], decays=False)
