"""A loss as a program: the few operations that its own code does, in order, so that a browser can do the same.

No formula is written here a second time. `traced` watches a loss work, keeps what it did, and compares the program with the loss
before it is handed out. Numbers are float64; outputs lie along axis −2, examples along −1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from lossbench.interfaces import Array
from lossbench.lab.lowering import Untraceable
from lossbench.lab.tracing import Step, trace
from lossbench.rng import generator

TOLERANCE = 1e-11  # relative, of the largest number: a program rounds in another order, and no more
TRIALS = (1, 7, 40)  # examples at which a program is compared with its loss
REACH = 12.0  # raw outputs at which it is compared lie within ±REACH
Operation = Callable[..., Any]


class TraceableLoss(Protocol):
    """The part of a loss that is watched."""

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        """ℓ (B,) of raw outputs and targets (C, B)."""
        ...

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dz (C, B)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Program:
    """Steps that make ℓ and dℓ/dz of z and y. Operands are numbers of steps; 0 is z, 1 is y, and the first step is 2.

    A step is (operation, operands, constant); `constant` counts where the operation is "const".
    """

    steps: tuple[Step, ...]
    value: int
    gradient: int

    def run(self, z: Array, y: Array) -> tuple[Array, Array]:
        """ℓ (B,) and dℓ/dz (C, B) of raw outputs z and targets y (C, B): what the browser is to compute."""
        results: list[Any] = [z, y]
        with np.errstate(all="ignore"):
            for name, operands, constant in self.steps:
                parts = [results[operand] for operand in operands]
                results.append(constant if name == "const" else OPERATIONS[name](*parts))
        value = np.broadcast_to(results[self.value], (1, z.shape[1]))[0]
        return value, np.broadcast_to(results[self.gradient], z.shape)

    def as_json(self) -> dict[str, Any]:
        """The program in JSON's vocabulary: steps ["add", 3, 4], constants as text ["const", "0.5"], for it may be infinite."""
        steps = [[name, repr(constant)] if name == "const" else [name, *operands] for name, operands, constant in self.steps]
        return {"steps": steps, "value": self.value, "gradient": self.gradient}


def _sigmoid(x: Array) -> Array:
    """1/(1 + e^−x) (...), without overflow on either side."""
    small = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, 1 / (1 + small), small / (1 + small))
    return result


def _truth(compare: Operation) -> Operation:
    """A comparison as 0 or 1."""
    return lambda x, y: compare(x, y).astype(np.float64) if hasattr(compare(x, y), "astype") else float(compare(x, y))


OPERATIONS: dict[str, Operation] = {
    "neg": np.negative,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "abs": np.abs,
    "sign": np.sign,
    "sqrt": np.sqrt,
    "round": np.round,  # halves to even
    "trunc": np.trunc,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "min": np.minimum,
    "max": np.maximum,
    "eq": _truth(np.equal),
    "lt": _truth(np.less),
    "le": _truth(np.less_equal),
    "where": lambda test, x, y: np.where(np.asarray(test) != 0, x, y),
    "sum": lambda x: np.sum(x, 0, keepdims=True),
    "amax": lambda x: np.max(x, 0, keepdims=True),
    "cumsum": lambda x: np.cumsum(x, 0),
}


def traced(loss: TraceableLoss, outputs: int) -> Program:
    """The program of a loss with so many outputs. Raises Untraceable where what it does depends on the numbers it is given."""
    steps, results = trace(lambda z, y: {"value": loss.value(z, y), "gradient": loss.gradient(z, y)}, outputs)
    program = _pruned(steps, results["value"], results["gradient"])
    for examples in TRIALS:
        _compare(program, loss, outputs, examples)
    return program


def _pruned(steps: Sequence[Step], value: int, gradient: int) -> Program:
    """The program without the steps that nothing asks for."""
    wanted = {value, gradient}
    for index in range(len(steps) - 1, -1, -1):
        if index + 2 in wanted:
            wanted.update(steps[index][1])
    kept = [index for index in range(len(steps)) if index + 2 in wanted]
    renamed = {0: 0, 1: 1} | {index + 2: order + 2 for order, index in enumerate(kept)}
    rows = tuple((steps[n][0], tuple(renamed[operand] for operand in steps[n][1]), steps[n][2]) for n in kept)
    return Program(steps=rows, value=renamed[value], gradient=renamed[gradient])


def _compare(program: Program, loss: TraceableLoss, outputs: int, examples: int) -> None:
    """Raise Untraceable where the program and the loss disagree on random raw outputs (C, B)."""
    stream = generator(0, "data")
    z = stream.uniform(-REACH, REACH, (outputs, examples))
    y = np.zeros((outputs, examples))
    y[stream.integers(outputs, size=examples), np.arange(examples)] = stream.integers(2, size=examples) if outputs == 1 else 1.0
    pair = torch.from_numpy(z), torch.from_numpy(y)
    expected = loss.value(*pair).numpy(), loss.gradient(*pair).numpy()
    for steps_say, loss_says in zip(program.run(z, y), expected, strict=True):
        if steps_say.shape != loss_says.shape or not np.allclose(
            steps_say, loss_says, rtol=TOLERANCE, atol=TOLERANCE * 1e-3, equal_nan=True
        ):
            raise Untraceable("what it does depends on the numbers it is given")
