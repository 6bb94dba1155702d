"""A tile: runs that go forward and back together, always as many, so that no run's bits depend on how many there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice, repeat

import torch
from torch import Tensor

from lossbench.engine.batches import example_indices
from lossbench.engine.determinism import round_up
from lossbench.engine.loss_batch import LossBatch, gradient
from lossbench.engine.recording import EvaluationNetwork, Examples
from lossbench.engine.stacking import RunBlock, loss_blocks, sharing
from lossbench.interfaces import UNKNOWN_TARGETS, Loss, TrainingTargets
from lossbench.module_engine.learner import TileLearner, as_matrices
from lossbench.module_engine.skeleton import Passed, Skeleton, State
from lossbench.planning.example_counts import EVALUATED
from lossbench.planning.spec import RunSpec


@dataclass(frozen=True, kw_only=True)
class TileShape:
    """What the tiles of a cohort have in common: examples of shape inputs, C raw outputs, T targets, B examples a mini-batch.

    `known` is what losses may know of the training data's targets.
    """

    inputs: tuple[int, ...]
    outputs: int
    targets: int
    width: int
    known: TrainingTargets = UNKNOWN_TARGETS


class OutputBuffers:
    """Room for raw outputs z (K, C, B), dL/dz, and the loss batches that read them."""

    def __init__(self, runs: Sequence[RunSpec], shape: TileShape, width: int, like: Tensor) -> None:
        self.z = like.new_zeros(len(runs), shape.outputs, width)
        self.slopes = self.z.new_zeros(self.z.shape)
        self.loss_batches = tuple(self._loss_batch(block.loss, block.runs, shape) for block in loss_blocks(runs, shape.known))

    def _loss_batch(self, loss: Loss, span: slice, shape: TileShape) -> LossBatch:
        width = self.z.shape[-1]
        length = round_up((span.stop - span.start) * width)
        z, y = self.z.new_zeros(shape.outputs, length), self.z.new_zeros(shape.targets, length)
        slope = self.slopes[span].transpose(0, 1)
        block = RunBlock(0, span.stop - span.start, 0, 1)  # where examples are evaluated, they are everybody's
        return LossBatch(loss, span, z, y, width, (block,), self.z[span].transpose(0, 1), slope, y)

    def put(self, z: Tensor) -> None:
        """Take raw outputs (K, B, C)."""
        self.z.copy_(z.detach().transpose(1, 2))

    def put_targets(self, y: Tensor) -> None:
        """Take the targets (T, K, B) of every run."""
        for loss_batch in self.loss_batches:
            loss_batch.split_by_run(loss_batch.y).copy_(y[:, loss_batch.runs])


class Tile:
    """K runs with all that they train: their state, their optimizers, and the mini-batch that stands ready."""

    def __init__(self, runs: Sequence[RunSpec], skeleton: Skeleton, state: State, shape: TileShape) -> None:
        self.runs, self.skeleton, self.state, self.shape = runs, skeleton, state, shape
        self.matrices = {name: as_matrices(parameter.detach()) for name, parameter in state.parameters.items()}
        decays = [parameter.dim() > 2 for parameter in state.parameters.values()]  # weights, but no vectors, such as biases
        self.learner = TileLearner(runs, list(self.matrices.values()), decays)
        self.buffers = OutputBuffers(runs, shape, shape.width, next(iter(self.matrices.values())))
        self.x = self.buffers.z.new_empty(0)
        self.passed = Passed(self.x)
        self.gradients: dict[str, Tensor] = {}

    @cached_property
    def owners(self) -> list[int]:
        """Which of the batches of the tile's seeds each run sees."""
        return list(sharing(self.runs).owners)

    def batches(self, data: tuple[Tensor, Tensor], start: int) -> Iterator[None]:
        """Endless mini-batches of features x (N, D) and targets y (N, T), from a step on, put where the tile reads them."""
        x, y = data[0].view(len(data[0]), *self.shape.inputs), data[1].T.contiguous()
        run, owners = self.runs[0], self.owners
        if run.batch is None:
            self.x = x.expand(len(self.runs), *x.shape)
            self.buffers.put_targets(y[:, None].expand(-1, len(self.runs), -1))
            yield from repeat(None)
        for indices in islice(example_indices(run, sharing(self.runs).seeds, len(x), 1), start, None):
            own = torch.as_tensor(indices, device=x.device).view(-1, self.shape.width)[owners]
            self.x = x[own]
            self.buffers.put_targets(y[:, own])
            yield

    def forward_and_back(self, step: int, *, watching: bool = False) -> Tensor:
        """Forward, and back to the gradients (K, n, m) of every parameter; the sums (K,) of the raw outputs."""
        self.learner.begin(step)
        with torch.enable_grad():
            self.passed = self.skeleton.train(self.state, self.x, step, watching=watching)
        self.buffers.put(self.passed.z)
        gradient(self.buffers.loss_batches)
        parameters = self.state.parameters
        slopes = self._slopes(self.passed.z, list(parameters.values()))
        self.gradients = {
            name: torch.zeros_like(self.matrices[name]) if slope is None else as_matrices(slope.contiguous())
            for name, slope in zip(parameters, slopes, strict=True)
        }
        return self.buffers.z.sum((1, 2))

    def _slopes(self, z: Tensor, parameters: list[Tensor]) -> Sequence[Tensor | None]:
        if not z.requires_grad:  # outputs that no parameter has a part in
            return [None] * len(parameters)
        return torch.autograd.grad(z, parameters, self.buffers.slopes.transpose(1, 2), allow_unused=True)

    def move(self) -> None:
        """The update along the gradients that the step came back to."""
        self.learner.step(list(self.gradients.values()))

    def examples(self, prefix: str, x: Tensor, y: Tensor) -> Examples:
        """All of x (N, D) and y (N, T), for these runs as they go on learning."""
        like = self.buffers.z
        widths = {min(EVALUATED, len(x) - start) for start in range(0, len(x), EVALUATED)}
        targets = y.T.contiguous()
        networks = {}
        for width in widths:
            buffers = OutputBuffers(self.runs, self.shape, width, like)
            networks[width] = EvaluationNetwork(partial(self._put, buffers), buffers.z, buffers.loss_batches)
        return Examples(prefix, x, targets, networks)

    def _put(self, buffers: OutputBuffers, x: Tensor) -> None:
        examples = x.view(len(x), *self.shape.inputs)
        with torch.no_grad():
            buffers.put(self.skeleton.evaluate(self.state, examples.expand(len(self.runs), *examples.shape), 0))

    @property
    def named(self) -> dict[str, Tensor]:
        """Every parameter and buffer (K, …) by its name in the module, as it is now."""
        return {name: tensor.detach() for name, tensor in (self.state.parameters | self.state.buffers).items()}

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Everything that training changes in place, (K, …) each, by names that begin with one: what a checkpoint holds."""
        parameters = {f"{name}.parameter.{key}": tensor.detach() for key, tensor in self.state.parameters.items()}
        buffers = {f"{name}.buffer.{key}": tensor for key, tensor in self.state.buffers.items()}
        memory = {
            f"{name}.memory.{key}.{number}": part
            for key, parts in zip(self.matrices, self.learner.memory, strict=True)
            for number, part in enumerate(parts)
        }
        return parameters | buffers | memory
