"""Steps that a graphics card makes by itself: captured once as a CUDA graph, then replayed without Python between operations."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from lossbench.engine.look_ahead import LookAhead
from lossbench.errors import BadInput


class Graph(Protocol):
    """Operations on tensors that stay where they are."""

    def capture(self, work: Callable[[], Tensor]) -> Tensor:
        """Record the operations of some work, which are not carried out; the tensor (R,) that will hold their result."""

    def replay(self) -> None:
        """Carry the operations out."""


class CudaGraph:
    """A CUDA graph on the current device, with memory for what comes and goes from a pool, shared with those that take turns."""

    def __init__(self, pool: Any) -> None:
        self.graph, self.pool = torch.cuda.CUDAGraph(), pool

    def capture(self, work: Callable[[], Tensor]) -> Tensor:
        with torch.cuda.graph(self.graph, pool=self.pool):
            return work()

    def replay(self) -> None:
        self.graph.replay()


class CapturedStep:
    """A step, made as it stands for the first time at each position of a block, then captured, and replayed from there on.

    Where a step cannot be captured, say for a loss that looks at a number, it goes on being made as it stands.
    """

    def __init__(self, step: Callable[[], Tensor], look_ahead: LookAhead | None, new: Callable[[], Graph] | None = None) -> None:
        self.step, self.look_ahead = step, look_ahead
        self.new = new or partial(CudaGraph, torch.cuda.graph_pool_handle())
        self.warmed_up: set[int] = set()
        self.graphs: dict[int, tuple[Graph, Tensor, int]] = {}  # each with its result, and with the position after it
        self.capturable = True

    def __call__(self) -> Tensor:
        """Make a step; what it gives."""
        position = self._position
        if position in self.warmed_up and position not in self.graphs and self.capturable:
            self._capture(position)
        if position not in self.graphs:
            self.warmed_up.add(position)  # a first time in earnest: libraries set themselves up, which cannot be captured
            return self.step()
        graph, result, after = self.graphs[position]
        graph.replay()
        self._position = after
        return result.clone()  # the next replay writes there again

    def _capture(self, position: int) -> None:
        graph = self.new()
        try:
            result = graph.capture(self.step)
        except (RuntimeError, BadInput):  # of a plugin's loss: what it raised is told where the step is made without a graph
            self.capturable = False
        else:
            self.graphs[position] = graph, result, self._position
        self._position = position  # nothing has been done yet

    @property
    def _position(self) -> int:
        return self.look_ahead.position if self.look_ahead else 0

    @_position.setter
    def _position(self, position: int) -> None:
        if self.look_ahead:
            self.look_ahead.position = position
