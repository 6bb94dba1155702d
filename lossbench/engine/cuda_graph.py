"""Steps that a graphics card makes by itself: captured once as a CUDA graph, then replayed without Python between operations."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from lossbench.engine.look_ahead import Ahead


class Graph(Protocol):
    """Operations on tensors that stay where they are."""

    def capture(self, work: Callable[[], Tensor]) -> Tensor:
        """Note the operations of some work, which are not carried out; where their result will stand."""

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


class Captured:
    """A step, made as it stands for the first time at each place of a block, then captured, and replayed from there on.

    Where a step cannot be captured, say for a loss that looks at a number, it goes on being made as it stands.
    """

    def __init__(self, step: Callable[[], Tensor], ahead: Ahead | None, new: Callable[[], Graph] | None = None) -> None:
        self.step, self.ahead = step, ahead
        self.new = new or partial(CudaGraph, torch.cuda.graph_pool_handle())
        self.begun: set[int] = set()
        self.graphs: dict[int, tuple[Graph, Tensor, int]] = {}  # each with its result, and with the place after it
        self.possible = True

    def __call__(self) -> Tensor:
        """Make a step; what it gives."""
        place = self._place
        if place in self.begun and place not in self.graphs and self.possible:
            self._capture(place)
        if place not in self.graphs:
            self.begun.add(place)  # a first time in earnest: libraries set themselves up, which cannot be captured
            return self.step()
        graph, result, after = self.graphs[place]
        graph.replay()
        self._place = after
        return result.clone()  # the next replay writes there again

    def _capture(self, place: int) -> None:
        graph = self.new()
        try:
            result = graph.capture(self.step)
        except RuntimeError:
            self.possible = False
        else:
            self.graphs[place] = graph, result, self._place
        self._place = place  # nothing has been done yet

    @property
    def _place(self) -> int:
        return self.ahead.place if self.ahead else 0

    @_place.setter
    def _place(self, place: int) -> None:
        if self.ahead:
            self.ahead.place = place
