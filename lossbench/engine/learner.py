"""Optimizers at work on the parameters of a network."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Protocol

import torch
from torch import Tensor

from lossbench.engine.fused_sgd import fused_sgd
from lossbench.engine.network import Network, backward, form
from lossbench.engine.step_norms import lengths_of
from lossbench.interfaces import Dense, Hyper, Memory, Optimizer, Update
from lossbench.planning.spec import RunSpec

CLIP_EPSILON = 1e-6  # torch.nn.utils.clip_grad_norm_ adds it to the norm that it divides by


class Learner:
    """The optimizers of R runs, of one class, with their memory of every parameter of a network.

    Where the rule is plain gradient descent and gradients are not clipped, `rate` (R, 1, 1) says all of it, and `fused_sgd`
    makes the steps where the network can have it: it forms gradients itself. Memory is (R, …) a tensor.
    """

    def __init__(self, runs: Sequence[RunSpec], net: Network) -> None:
        self.runs, self.net = runs, net
        rules = [run.optimizer for run in runs]
        like = net.parameters[0].weight
        self.hyper = {name: each(values, like) for name, values in number_options(rules).items()}
        self.clip_norm = None if runs[0].clip_norm is None else each([run.clip_norm or 0.0 for run in runs], like.double())
        self.rate: Tensor | None = self.hyper["lr"] if is_plain(runs) else None
        self.fused_sgd = fused_sgd(net) if self.rate is not None else None
        self.rules = together(rules)
        self.memory: list[tuple[Memory, Memory]] = [
            (self.rules.start(p.weight), self.rules.start(p.bias)) for p in net.parameters
        ]
        self.updates = 0  # made so far
        self.scheduled = any(run.schedule for run in runs)

    def begin(self, step: int) -> None:
        """Take the learning rates of the update that follows step `step`, in place: who holds them holds the new ones."""
        self.updates = step
        if self.scheduled:
            rates = [run.optimizer.lr * schedule_factor(run, step) for run in self.runs]
            self.hyper["lr"].copy_(each(rates, self.hyper["lr"]))

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
        gradients = self.net.gradients if self.clip_norm is None else clipped(self.net.gradients, self.clip_norm)
        hyper = Hyper(**self.hyper)
        for number, (parameter, gradient) in enumerate(zip(self.net.parameters, gradients, strict=True)):
            weights, biases = self.memory[number]
            if number or not look_ahead:
                self.rules.update(hyper, parameter.weight, gradient.weight, weights, Update(self.updates + 1, decays=True))
            self.rules.update(hyper, parameter.bias, gradient.bias, biases, Update(self.updates + 1, decays=False))


def together(rules: Sequence[Optimizer]) -> "Rules":
    """The optimizers of R runs, of one class, as one."""
    return Together(rules[0]) if rules[0].many_runs else OneByOne(rules)


def is_plain(runs: Sequence[RunSpec]) -> bool:
    """Whether every run's step is its rate times its gradient, and nothing else."""
    return all(run.optimizer.plain and run.clip_norm is None for run in runs)


def number_options(rules: Sequence[Optimizer]) -> dict[str, list[float]]:
    """The options that are numbers, by name, of each of some optimizers of one class, which agree in all others.

    Raises ValueError where one is 0 for some only, or another option differs: those are other programs.
    """
    numbers: dict[str, list[float]] = {}
    for field in fields(rules[0]):  # type: ignore[arg-type]
        values = [getattr(rule, field.name) for rule in rules]
        number = isinstance(values[0], int | float) and not isinstance(values[0], bool)
        if len({value == 0 if number else value for value in values}) > 1 or len({type(rule) for rule in rules}) > 1:
            raise ValueError(f"optimizers that differ in {field.name} train in cohorts of their own")
        if number:
            numbers[field.name] = values
    return numbers


def clipped(gradients: Sequence[Dense[Tensor]], most: Tensor) -> list[Dense[Tensor]]:
    """Gradients (R, out, in) and (R, out, 1), scaled down in runs where the norm of all together is above `most` (R, 1, 1).

    Factor min(1, most / (‖g‖ + 1e-6)), as torch.nn.utils.clip_grad_norm_ has it. The norm is summed up parameter by parameter
    in float64, each addition for all runs by itself, so that no run's bits depend on another's.
    """
    factor = clip_factor(lengths_of(gradients), most).to(gradients[0].weight.dtype)
    return [Dense(layer.weight * factor, layer.bias * factor) for layer in gradients]


def clip_factor(norms: Tensor, most: Tensor) -> Tensor:
    """What gradients of norms (R, P) float64 are scaled by, (R, 1, 1), so that the norm of all is at most `most` (R, 1, 1)."""
    square = sum((norm.square() for norm in norms.unbind(1)), torch.zeros(()).double())
    return (most / (square.sqrt()[:, None, None] + CLIP_EPSILON)).clamp_max(1.0)


class Rules(Protocol):
    """The optimizers of all runs, as one."""

    @property
    def start(self) -> Callable[[Tensor], Memory]: ...
    @property
    def update(self) -> Callable[[Hyper, Tensor, Tensor, Memory, Update], None]: ...


class Together:
    """A rule that is written with free leading axes, for all runs at once."""

    def __init__(self, rule: Optimizer) -> None:
        self.start, self.update = rule.start, rule.update


class OneByOne:
    """Rules that are written for one run: each is handed its own run's parameters, and numbers, and nothing else."""

    def __init__(self, rules: Sequence[Optimizer]) -> None:
        self.rules = rules

    def start(self, parameter: Tensor) -> Memory:
        memories = [rule.start(parameter[r].clone()) for r, rule in enumerate(self.rules)]
        return tuple(torch.stack(parts) for parts in zip(*memories, strict=True))

    def update(self, hyper: Hyper, parameter: Tensor, gradient: Tensor, memory: Memory, which: Update) -> None:
        for r, rule in enumerate(self.rules):
            own = Hyper(**{name: number[r].view(()) for name, number in hyper.numbers.items()})
            rule.update(own, parameter[r], gradient[r].clone(), tuple(part[r] for part in memory), which)


def each(numbers: Sequence[float], like: Tensor) -> Tensor:
    """A number a run as (R, 1, 1)."""
    return like.new_tensor(numbers)[:, None, None]


def schedule_factor(run: RunSpec, step: int) -> float:
    """What a run's learning rate is multiplied by at the update that follows a step."""
    return run.schedule.factor(step, run.steps) if run.schedule else 1.0
