"""What a loss does, as torch sees it, in the few operations of a program."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._decomp import core_aten_decompositions
from torch.utils._python_dispatch import TorchDispatchMode

from lossbench.lab.lowering import (
    BINARY,
    COMPOSED,
    CONSTANT,
    JOINED,
    REDUCED,
    REDUCTIONS,
    SAME,
    SWAPPED,
    UNARY,
    Call,
    Untraceable,
)

Step = tuple[str, tuple[int, ...], float]
Halves = tuple[int, ...]  # the step that holds an array (C, B), or the steps that hold the two halves of a stacked (C, 2, B)
EXAMPLES = 7  # that a loss is watched with
PAIRED = 3  # axes of a stacked pair
aten = torch.ops.aten
LOWERED = {*UNARY, *BINARY, *SWAPPED, *COMPOSED, *CONSTANT, *SAME, *REDUCED, *JOINED}
VIEWS = {*SAME, aten.select} - {aten.clone, aten.contiguous, aten._to_copy}  # noqa: SLF001
SCALAR = {aten._local_scalar_dense, aten.item, aten.is_nonzero}  # noqa: SLF001 torch's names


class Tracer(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is entered, what is done to the tensors that `watch` named becomes steps; equal steps are one.

    What cannot be written down is left out, and the loss works on; it is missed where a result is made of it. A look at the
    numbers themselves is the `obstacle`.
    """

    def __init__(self) -> None:
        TorchDispatchMode.__init__(self)  # type: ignore[no-untyped-call]
        self.steps: list[Step] = []
        self.obstacle: str | None = None
        self._reason = "its result comes from elsewhere than torch"
        self._numbers: dict[Step, int] = {}
        self._arrays: dict[Any, Halves] = {}
        self._alive: list[Tensor] = []  # so that no address is given twice
        self._table = core_aten_decompositions()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch's question whether its compiler may look on; to tell it not to would import it, which takes seconds."""
        return False

    def watch(self, tensor: Tensor, number: int) -> None:
        """Call a tensor (C, B) by the number of a step."""
        self._keep(tensor, (number,))

    def number_of(self, tensor: Tensor) -> int:
        """The step that holds a tensor of any shape. Raises Untraceable where something could not be followed."""
        halves = self._arrays.get(_key(tensor))
        if self.obstacle or halves is None or len(halves) != 1:
            raise Untraceable(self.obstacle or self._reason)
        return halves[0]

    def step(self, name: str, *operands: int, constant: float = 0.0) -> int:
        """The number of a step, which is added where there is none like it."""
        step = (name, operands, constant)
        if step not in self._numbers:
            self.steps.append(step)
            self._numbers[step] = len(self.steps) + 1
        return self._numbers[step]

    def constant(self, number: float) -> int:
        """The step that is a number."""
        return self.step("const", constant=float(number))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do what is asked, and write it down; what is no operation of ours is done in smaller ones."""
        kwargs = kwargs or {}
        packet = _functional(func)
        if packet not in LOWERED and func in self._table:
            with self:
                return self._table[func](*args, **kwargs)
        result = func(*args, **kwargs)
        if isinstance(result, Tensor) and packet is func.overloadpacket and packet not in VIEWS:
            result = spread(result)
        if packet in SCALAR:
            self.obstacle = self.obstacle or "what it does depends on the numbers it is given"
        first = result[0] if isinstance(result, tuple) and result else result
        if isinstance(first, Tensor):
            self._write(Call(packet, args, kwargs, first))
        return result

    def _write(self, call: Call) -> None:
        try:
            self._keep(call.result, self._halves(call))
        except Untraceable as error:
            self._reason = str(error)
        except KeyError:  # made of what was left out, or of numbers that nobody named
            return

    def _keep(self, tensor: Tensor, halves: Halves) -> None:
        self._arrays[_key(tensor)] = halves
        self._alive.append(tensor)

    def _halves(self, call: Call) -> Halves:
        """The steps that do what a call does."""
        packet = call.packet
        if packet in SAME:
            return self._of(call.args[0])
        if packet in CONSTANT:
            return (self.constant(CONSTANT[packet](call)),)
        if packet in REDUCED:
            return self._reduced(call)
        if packet in JOINED:
            return self._stacked(call) if packet is not aten.select else self._selected(call)
        return self._elementwise(call)

    def _elementwise(self, call: Call) -> Halves:
        """The same operation on each half; what has one half meets both."""
        given = [self._of(argument) for argument in call.operands()]
        size = max(map(len, given), default=0)
        return tuple(self._one(call, [halves[n % len(halves)] for halves in given]) for n in range(size))

    def _one(self, call: Call, operands: Sequence[int]) -> int:
        packet = call.packet
        if packet in UNARY:
            return self.step(UNARY[packet], operands[0])
        if packet in COMPOSED:
            return COMPOSED[packet](self, operands, call)
        if packet not in BINARY and packet not in SWAPPED:
            raise Untraceable(f"it does {packet}, which a page cannot")
        first, second = operands[:2]
        if call.kwargs.get("alpha", 1) != 1:
            second = self.step("mul", second, self.constant(call.kwargs["alpha"]))
        return self.step(BINARY[packet], first, second) if packet in BINARY else self.step(SWAPPED[packet], second, first)

    def _reduced(self, call: Call) -> Halves:
        """A sum, maximum or logarithm of a sum of powers, over outputs (C, B) or over the halves of a pair (C, 2, B)."""
        halves = self._of(call.args[0])
        _refuse_other_axes(call)
        paired = call.args[0].dim() == PAIRED

        def joined(kind: str, over: Halves) -> int:
            whole, pair = REDUCTIONS[kind]
            return self.step(whole, over[0]) if not paired else over[0] if len(over) == 1 else self.step(pair, *over)

        if call.packet is not aten.logsumexp:
            return (joined(REDUCED[call.packet], halves),)
        # log Σ e^z = m + log Σ e^(z − m), m being the largest, so that nothing overflows
        top = joined("amax", halves)
        powers = tuple(self.step("exp", self.step("sub", half, top)) for half in halves)
        return (self.step("add", top, self.step("log", joined("sum", powers))),)

    def _stacked(self, call: Call) -> Halves:
        """Two arrays one above the other, (C, 2, B)."""
        halves = tuple(half for part in call.args[0] for half in self._of(part))
        axis = int(call.args[1]) if len(call.args) > 1 else 0
        if call.result.dim() != PAIRED or axis % PAIRED != 1 or len(halves) != 2:
            raise Untraceable("it joins arrays along another axis than outputs")
        return halves

    def _selected(self, call: Call) -> Halves:
        """One half of a pair."""
        _refuse_other_axes(call)
        if call.args[0].dim() != PAIRED:
            raise Untraceable("it takes one output out of several")
        return (self._of(call.args[0])[int(call.args[2])],)

    def _of(self, argument: Any) -> Halves:
        """The steps of an argument: an array's, or a number's."""
        if isinstance(argument, bool | int | float):
            return (self.constant(argument),)
        return self._arrays[_key(argument)]


def trace(function: Callable[[Tensor, Tensor], Mapping[str, Tensor]], outputs: int) -> tuple[list[Step], dict[str, int]]:
    """The steps of a function of z and y, both (C, B), and which of them holds each of its results. Raises Untraceable."""
    z, y = (spread(torch.full((outputs, EXAMPLES), 0.25 * n, dtype=torch.float64)) for n in (1, 2))
    tracer = Tracer()
    tracer.watch(z, 0)
    tracer.watch(y, 1)
    with tracer:
        results = function(z, y)
    return tracer.steps, {name: tracer.number_of(result) for name, result in results.items()}


def spread(tensor: Tensor) -> Tensor:
    """The same numbers (..., B) with gaps between them in memory.

    Where numbers lie so, links are worked out by their formula, which can be followed, and in no compiled loop.
    """
    if tensor.dim() < 2 or not tensor.is_contiguous():
        return tensor
    wide = tensor.new_empty((*tensor.shape, 2))
    return wide[..., 0].copy_(tensor)


def _functional(func: Any) -> Any:
    """The operation of a signature, aten.mul of aten.mul_.Tensor: what is changed in place is kept as a new array."""
    name = func.overloadpacket.__name__
    return getattr(aten, name.removesuffix("_"), func.overloadpacket) if name.endswith("_") else func.overloadpacket


def _key(tensor: Tensor) -> tuple[Any, ...]:
    """Where a tensor lies and how: a view of all of it is the same array."""
    return tensor.data_ptr(), tuple(size for size in tensor.shape if size != 1), tensor.dtype


def _refuse_other_axes(call: Call) -> None:
    """Raise Untraceable where an operation goes along the examples, or along all axes."""
    axes = call.args[0].dim()
    named = call.args[1] if len(call.args) > 1 else None
    given = named if isinstance(named, list | tuple) else [named]
    if axes == 1 or not given or any(not isinstance(axis, int) or axis % axes != axes - 2 for axis in given):
        raise Untraceable("it joins examples")
