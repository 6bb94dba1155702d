"""What an engine promises: it trains cohorts of the models that it is made for, and knows how large their runs are."""

from collections.abc import Callable
from typing import Protocol

from lossbench.engine.state import Checkpoint
from lossbench.interfaces import Model, Split
from lossbench.planning.cohorts import Size
from lossbench.planning.spec import Cohort, RunSpec, Trace


class Engine(Protocol):
    """A way to train. Whatever the cohort, and interrupted or not, a run's numbers are the same bits on the CPU."""

    def trains(self, model: Model) -> bool:
        """Whether the engine can train what the model describes."""

    def size(self, run: RunSpec) -> Size:
        """The layers, operations a step and bytes of one run, by which work is divided and its seconds are estimated."""

    def remark(self, run: RunSpec, split: Split) -> str:
        """What somebody should know of how runs such as one are trained on a split, x (N, D) and y (N, T); "" for nothing."""

    def train(
        self,
        cohort: Cohort,
        split: Split,
        device: str = "cpu",
        report: Callable[[int], None] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> list[Trace]:
        """Train the runs of a cohort, and return the trace of each, in their order.

        The split has features (N, D) and targets (N, C). `report` is called with each step that is done. Training goes on from
        what the checkpoint holds, if anything, and saves its state there from time to time. Raises BadInput where the cohort
        cannot be trained, MemoryError or torch's OutOfMemoryError where it does not fit.
        """
