"""Which of torch's operations are which of a program's, and those that take several."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

aten = torch.ops.aten
INFINITE = float("inf")
TURN = 20.0  # beyond it torch's softplus of x is x


class Untraceable(ValueError):
    """What a loss does cannot be written down as a program."""


class Call(NamedTuple):
    """An operation as torch was asked for it, and its first result."""

    packet: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Tensor

    def operands(self) -> list[Any]:
        """The arguments that are numbers or arrays; a bound that clamp was not given is infinite."""
        if self.packet is aten.clamp:
            low, high, *_ = (*self.args[1:3], None, None)
            return [self.args[0], -INFINITE if low is None else low, INFINITE if high is None else high]
        return [argument for argument in self.args if isinstance(argument, Tensor | bool | int | float)]


class Steps(Protocol):
    """What steps are added to."""

    def step(self, name: str, *operands: int, constant: float = 0.0) -> int:
        """The number of a step."""
        ...

    def constant(self, number: float) -> int:
        """The step that is a number."""
        ...


Compose = Callable[[Steps, Sequence[int], Call], int]

UNARY: dict[Any, str] = {
    getattr(aten, name): name
    for name in ("neg", "exp", "expm1", "log", "log1p", "sigmoid", "tanh", "abs", "sign", "sqrt", "round", "trunc", "cumsum")
}
BINARY: dict[Any, str] = {
    aten.add: "add",
    aten.sub: "sub",
    aten.mul: "mul",
    aten.div: "div",
    aten.pow: "pow",
    aten.minimum: "min",
    aten.maximum: "max",
    aten.clamp_max: "min",
    aten.clamp_min: "max",
    aten.eq: "eq",
    aten.lt: "lt",
    aten.le: "le",
    aten.logical_and: "min",  # of what is 0 or 1
    aten.bitwise_and: "min",
    aten.logical_or: "max",
    aten.bitwise_or: "max",
}
SWAPPED: dict[Any, str] = {aten.rsub: "sub", aten.gt: "lt", aten.ge: "le"}
SAME = {aten.clone, aten.detach, aten.alias, aten.expand, aten.unsqueeze, aten.squeeze, aten.contiguous, aten.real, aten._to_copy}  # noqa: SLF001
REDUCED = {aten.sum: "sum", aten.amax: "amax", aten.logsumexp: "sum"}
REDUCTIONS = {"sum": ("sum", "add"), "amax": ("amax", "max")}  # over the outputs, and between the halves of a pair
JOINED = {aten.stack, aten.cat, aten.select}
CONSTANT: dict[Any, Callable[[Call], float]] = {
    aten.zeros_like: lambda _: 0.0,
    aten.ones_like: lambda _: 1.0,
    aten.zeros: lambda _: 0.0,
    aten.ones: lambda _: 1.0,
    aten.full_like: lambda call: call.args[1],
    aten.full: lambda call: call.args[1],
    aten.scalar_tensor: lambda call: call.args[0],
    aten.new_zeros: lambda _: 0.0,
    aten.new_ones: lambda _: 1.0,
    aten.new_full: lambda call: call.args[2],
}


def _decayed(steps: Steps, x: int) -> int:
    """log(1 + e^−|x|)."""
    return steps.step("log1p", steps.step("exp", steps.step("neg", steps.step("abs", x))))


def _log_sigmoid(steps: Steps, given: Sequence[int], _: Call) -> int:
    """min(0, x) − log(1 + e^−|x|)."""
    return steps.step("sub", steps.step("min", steps.constant(0), given[0]), _decayed(steps, given[0]))


def _softplus(steps: Steps, given: Sequence[int], call: Call) -> int:
    """log(1 + e^x), and x itself beyond torch's turn."""
    if call.args[1:] and tuple(call.args[1:]) != (1, TURN)[: len(call.args) - 1]:
        raise Untraceable("its softplus has another scale")
    soft = steps.step("log1p", steps.step("exp", given[0]))
    return steps.step("where", steps.step("lt", steps.constant(TURN), given[0]), given[0], soft)


def _power(steps: Steps, given: Sequence[int], call: Call) -> int:
    """x^n; torch squares and takes roots by a rounding of their own."""
    exponent = call.args[1]
    if exponent == 2:
        return steps.step("mul", given[0], given[0])
    return steps.step("sqrt", given[0]) if exponent == 0.5 else steps.step("pow", given[0], given[1])


def _product_added(steps: Steps, given: Sequence[int], call: Call) -> int:
    """x + value · u · v."""
    product = steps.step("mul", given[1], given[2])
    return steps.step("add", given[0], steps.step("mul", steps.constant(float(call.kwargs.get("value", 1))), product))


def _x_log_y(steps: Steps, given: Sequence[int], _: Call) -> int:
    """x log y, 0 where x is 0."""
    zero = steps.constant(0)
    product = steps.step("mul", given[0], steps.step("log", given[1]))
    return steps.step("where", steps.step("eq", given[0], zero), zero, product)


COMPOSED: dict[Any, Compose] = {
    aten.log_sigmoid_forward: _log_sigmoid,
    aten.softplus: _softplus,
    aten.pow: _power,
    aten.addcmul: _product_added,
    aten.xlogy: _x_log_y,
    aten.where: lambda steps, given, _: steps.step("where", *given),
    aten.clamp: lambda steps, given, _: steps.step("min", steps.step("max", given[0], given[1]), given[2]),
    aten.square: lambda steps, given, _: steps.step("mul", given[0], given[0]),
    aten.reciprocal: lambda steps, given, _: steps.step("div", steps.constant(1), given[0]),
    aten.rsqrt: lambda steps, given, _: steps.step("div", steps.constant(1), steps.step("sqrt", given[0])),
    aten.frac: lambda steps, given, _: steps.step("sub", given[0], steps.step("trunc", given[0])),
    aten.relu: lambda steps, given, _: steps.step("max", given[0], steps.constant(0)),
    aten.ne: lambda steps, given, _: steps.step("sub", steps.constant(1), steps.step("eq", given[0], given[1])),
    aten.logical_not: lambda steps, given, _: steps.step("eq", given[0], steps.constant(0)),
    aten.bitwise_not: lambda steps, given, _: steps.step("eq", given[0], steps.constant(0)),
    aten.masked_fill: lambda steps, given, _: steps.step("where", given[1], given[2], given[0]),
}
