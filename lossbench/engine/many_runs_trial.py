"""Trials of the claim `many_runs`: what an optimizer or a probe does for one run is the same bits, whatever others do.

The shelf of lossbench itself is held to it by the tests; a class from outside is tried before anything is trained.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from lossbench.engine.learner import number_options
from lossbench.errors import BadInput
from lossbench.guard import outside, plugin_error
from lossbench.interfaces import Dense, Hyper, Layer, Optimizer, Update
from lossbench.interfaces.probe import Probe
from lossbench.interfaces.recorders import Recorder
from lossbench.registry import Registered

RUNS, OWN = 3, 1  # how many stand side by side, and which of them is looked at
SCALES = (0.0, 1.0, 1e6)  # of the others' numbers
SIDE = 8  # of an optimizer's parameter: SIDE² is a multiple of any vector's lanes, so that no run meets a loop's tail
STEPS = 3
EXAMPLES = 8


def refuse_false_many_runs(
    optimizers: Iterable[Optimizer], chosen: Iterable[Recorder], layers: Sequence[Layer], link: str, like: Tensor
) -> None:
    """Raise BadInput for an optimizer or a probe from outside that claims `many_runs` and mixes runs.

    `layers` and `link` are those of the network; `like`, of any shape, has the data type of training.
    """
    for optimizer in dict.fromkeys(optimizers):
        if outside(type(optimizer)) and optimizer.many_runs and optimizer_mixes_runs(optimizer, like.dtype):
            raise _false_claim(optimizer, "update")
    for probe in (one for one in chosen if isinstance(one, Probe)):
        if probe.many_runs and outside(type(probe)) and probe_mixes_runs(probe, layers, link, like.dtype):
            raise _false_claim(probe, "measure")


def optimizer_mixes_runs(optimizer: Optimizer, dtype: torch.dtype) -> bool:
    """Whether a few updates of one run's parameter end elsewhere when other runs have other numbers, or there are more runs."""
    ends = []
    for runs, scale in [*((RUNS, scale) for scale in SCALES), (RUNS + 2, 1.0)]:
        drawn = TrialNumbers(runs, scale, dtype)
        hyper = Hyper(
            **{name: torch.full((runs, 1, 1), value, dtype=dtype) for name, (value,) in number_options([optimizer]).items()}
        )
        parameter = drawn.numbers(SIDE, SIDE)
        memory = optimizer.start(parameter)
        for step in range(1, STEPS + 1):
            optimizer.update(hyper, parameter, drawn.numbers(SIDE, SIDE), memory, Update(step, decays=True))
        ends.append(parameter[OWN])
    return not all(_same(ends[0], end) for end in ends)


def probe_mixes_runs(probe: Probe, layers: Sequence[Layer], link: str, dtype: torch.dtype) -> bool:
    """Whether what a probe says of one run's step changes with other runs' numbers. Raises BadInput where it writes into them."""
    measured = []
    for scale in SCALES:
        step, untouched = (trial_step(TrialNumbers(RUNS, scale, dtype), layers, link) for _ in range(2))
        measured.append({name: part[OWN] for name, part in probe.measure(step).items()})
        if not all(map(torch.equal, step.tensors(), untouched.tensors())):
            raise plugin_error(probe, "measure", "changed the step in place; expected is that it only reads it")
    first = measured[0]
    return any(
        quantities.keys() != first.keys() or not all(_same(first[name], quantities[name]) for name in first)
        for quantities in measured
    )


class TrialNumbers:
    """Random numbers of runs side by side: those of the run OWN are always the same, all others are scaled."""

    def __init__(self, runs: int, scale: float, dtype: torch.dtype) -> None:
        self.runs, self.scale, self.dtype = runs, scale, dtype
        self.own, self.others = (torch.Generator().manual_seed(seed) for seed in (0, 1))

    def numbers(self, *shape: int) -> Tensor:
        """Normal numbers (R, *shape)."""
        numbers = self.scale * torch.empty(self.runs, *shape, dtype=self.dtype).normal_(generator=self.others)
        numbers[OWN].normal_(generator=self.own)
        return numbers

    def sizes(self, *shape: int) -> Tensor:
        """Numbers (R, *shape) of float64, 0 or more."""
        return self.numbers(*shape).double().abs()

    def parameters(self, layers: Sequence[Layer]) -> tuple[Dense[Tensor], ...]:
        """Weights (R, out, in) and biases (R, out, 1) of every layer."""
        return tuple(Dense(self.numbers(n.outputs, n.inputs), self.numbers(n.outputs, 1)) for n in layers)


@dataclass(frozen=True)
class TrialStep:
    """A step of random numbers, with a leading axis R, as a probe of many runs sees it."""

    parameters: tuple[Dense[Tensor], ...]
    gradients: tuple[Dense[Tensor], ...]
    updates: tuple[Dense[Tensor], ...] | None
    gradient_norms: Dense[Tensor]
    parameter_norms: Dense[Tensor]
    update_norms: Dense[Tensor] | None
    hidden: tuple[Tensor, ...]
    activations: tuple[str, ...]
    hidden_inputs: tuple[Tensor, ...] | None
    link: str
    outputs: Tensor
    gradient: Tensor
    error: Tensor
    slope: Tensor

    def tensors(self) -> list[Tensor]:
        """All tensors (R, …) of the step."""
        return [tensor for field in fields(self) for tensor in _flat(getattr(self, field.name))]


def trial_step(drawn: TrialNumbers, layers: Sequence[Layer], link: str) -> TrialStep:
    """A step of a network of such layers, of the numbers that are drawn next."""
    outputs, norms = layers[-1].outputs, len(layers)
    return TrialStep(
        parameters=drawn.parameters(layers),
        gradients=drawn.parameters(layers),
        updates=drawn.parameters(layers),
        gradient_norms=Dense(drawn.sizes(norms), drawn.sizes(norms)),
        parameter_norms=Dense(drawn.sizes(norms), drawn.sizes(norms)),
        update_norms=Dense(drawn.sizes(norms), drawn.sizes(norms)),
        hidden=tuple(drawn.numbers(n.outputs, EXAMPLES).sigmoid() for n in layers[:-1]),
        activations=tuple(n.activation for n in layers if n.activation),
        hidden_inputs=None,
        link=link,
        outputs=drawn.numbers(outputs, EXAMPLES).softmax(-2),  # shares, which are fit for any link
        gradient=drawn.numbers(outputs, EXAMPLES),
        error=drawn.sizes(EXAMPLES),
        slope=drawn.numbers(EXAMPLES).sigmoid(),
    )


def _flat(value: object) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [tensor for part in value for tensor in _flat(part)] if isinstance(value, tuple) else []


def _same(first: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same bits, NaN being the same as NaN."""
    return first.shape == other.shape and torch.allclose(first, other, rtol=0, atol=0, equal_nan=True)


def _false_claim(plugin: Registered, method: str) -> BadInput:
    return plugin_error(
        plugin,
        method,
        "does something else for a run when other runs have other numbers, though the class says many_runs = True; "
        "leave that out, and it is given one run at a time",
    )
