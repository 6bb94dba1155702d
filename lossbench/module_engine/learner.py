"""Optimizers at work on the parameters of a tile, whatever their shapes: as matrices, for which they are written."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lossbench.engine.learner import clip_factor, each, is_plain, number_options, schedule_factor, together
from lossbench.engine.step_norms import length_of
from lossbench.interfaces import Hyper, Memory, Update
from lossbench.planning.spec import RunSpec


def as_matrices(tensor: Tensor) -> Tensor:
    """A parameter of many runs (K, *shape) as matrices (K, n, m), a view: numbers are 1 × 1, vectors columns."""
    runs, first = len(tensor), tensor.shape[1] if tensor.dim() > 1 else 1
    return tensor.view(runs, first, -1)


def norms(matrices: Sequence[Tensor]) -> Tensor:
    """‖·‖₂ of parameters (K, n, m), or of what has their shapes: (K, P) float64."""
    return torch.stack([length_of(part) for part in matrices], 1)


class TileLearner:
    """The optimizers of the K runs of a tile, of one class, with their memory of parameters (K, n, m)."""

    def __init__(self, runs: Sequence[RunSpec], parameters: Sequence[Tensor], decays: Sequence[bool]) -> None:
        self.runs, self.parameters, self.decays = runs, parameters, decays
        rules = [run.optimizer for run in runs]
        like = parameters[0]
        self.hyper = {name: each(values, like) for name, values in number_options(rules).items()}
        self.clip_norm = None if runs[0].clip_norm is None else each([run.clip_norm or 0.0 for run in runs], like.double())
        self.rules = together(rules)
        self.memory: list[Memory] = [self.rules.start(parameter) for parameter in parameters]
        self.plain, self.updates = is_plain(runs), 0
        self.scheduled = any(run.schedule for run in runs)

    def begin(self, step: int) -> None:
        """Take the learning rates of the update that follows a step."""
        if self.scheduled:
            rates = [run.optimizer.lr * schedule_factor(run, step) for run in self.runs]
            self.hyper["lr"] = each(rates, self.hyper["lr"])
        self.updates = step

    @property
    def rate(self) -> Tensor | None:
        """The learning rates (K, 1, 1) of this step, where that times the gradient is all of the update."""
        return self.hyper["lr"] if self.plain else None

    @property
    def decaying(self) -> list[Tensor]:
        """The parameters (K, n, m) that decay is for: weights."""
        return [parameter for parameter, decays in zip(self.parameters, self.decays, strict=True) if decays]

    def step(self, gradients: Sequence[Tensor]) -> None:
        """Make the update along gradients (K, n, m), in place."""
        if self.clip_norm is not None:
            factor = clip_factor(norms(gradients), self.clip_norm).to(gradients[0].dtype)
            gradients = [gradient * factor for gradient in gradients]
        hyper = Hyper(**self.hyper)
        for parameter, gradient, memory, decays in zip(self.parameters, gradients, self.memory, self.decays, strict=True):
            self.rules.update(hyper, parameter, gradient, memory, Update(self.updates + 1, decays=decays))
