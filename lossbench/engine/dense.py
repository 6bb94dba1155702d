"""The engine for chains of dense layers: all runs of a cohort are one tensor program."""

from collections.abc import Callable

from lossbench.engine.state import Checkpoint
from lossbench.engine.training import train
from lossbench.interfaces import Model, Split, says_layers
from lossbench.planning.cohorts import Size, run_size
from lossbench.planning.spec import Cohort, RunSpec, Trace


class DenseEngine:
    """Trains models that say their layers. What each method promises is said by the protocol `Engine`."""

    def trains(self, model: Model) -> bool:
        """Whether the model's class says its layers."""
        return says_layers(model)

    def size(self, run: RunSpec) -> Size:
        """The size of a run, from its layers and its batch."""
        return run_size(run)

    def remark(self, run: RunSpec, split: Split) -> str:
        """Nothing: of a split, x (N, D) and y (N, T), all chains are trained alike."""
        del run, split
        return ""

    def train(
        self,
        cohort: Cohort,
        split: Split,
        device: str = "cpu",
        report: Callable[[int], None] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> list[Trace]:
        """Train the runs of a cohort together on a split of features (N, D) and targets (N, C); a trace for each, in order."""
        return train(cohort, split, device, report, checkpoint)
