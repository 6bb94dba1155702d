"""What a trainer's callback does, whoever's trainer it is: a witness that begins with the training and ends with it."""

import math
from collections.abc import Callable
from typing import Any

from torch import nn

from lossbench.witness.session import Witness, witness


class CallbackWitness:
    """A witness that is opened when the module and the number of steps are known, as trainers tell them."""

    def __init__(self, module: Callable[[Any], nn.Module] | None, loss_fn: object, described: dict[str, Any]) -> None:
        self.module, self.loss_fn, self.described = module, loss_fn, described
        self.witness: Witness | None = None

    def open(self, model: nn.Module, steps: float) -> None:
        """Begin to look at `module(model)`, or the whole model, for so many steps; for a number that is none, without an end."""
        known = {"steps": int(steps)} if 0 < steps < math.inf else {}
        network = self.module(model) if self.module else model
        self.witness = witness(network, self.loss_fn, **(known | self.described))
        self.witness.__enter__()

    def step(self, loss: float | None = None) -> None:
        """Between the way back and the optimizer's step."""
        if self.witness:
            self.witness.step(loss)

    def close(self, error: BaseException | None = None) -> None:
        """Store the run, unless it ended with an exception."""
        if self.witness:
            self.witness.__exit__(type(error) if error else None, error, None)
            self.witness = None
