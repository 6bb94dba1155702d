"""The sweep that words name, composed and planned; where that takes long, it is told what is being done."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lossbench.audit.subjects.trainable import trainable
from lossbench.config.compose import compose, named
from lossbench.config.outside_losses import outside_losses
from lossbench.config.resolution import Point
from lossbench.config.schema import offer
from lossbench.errors import counted
from lossbench.execution.patience import told_when_slow
from lossbench.planning.plan import Plan, make_plan


def planned_sweep(overrides: Sequence[str], flags: Sequence[str]) -> tuple[list[Point], Plan]:
    """Every run that the words name as a composed config, and the plan that these make. Raises BadInput."""
    with _without_cycles():
        with told_when_slow("Composing every run that the words name …"):
            points = composed(overrides, flags)
        with told_when_slow(f"Planning {counted(len(points), 'run')} …"):
            return points, make_plan(points)


def composed(overrides: Sequence[str], flags: Sequence[str]) -> list[Point]:
    """Every run that the words name as a composed config, losses MODULE:NAME of theirs or of an experiment's among them.

    Raises BadInput.
    """
    folder = named(flags).get("config-dir")
    for path in outside_losses(overrides, Path(folder) if folder else None):
        offer("loss", path, trainable(path))
    return compose(overrides, flags)


@contextmanager
def _without_cycles() -> Iterator[None]:
    """Look for no cycles among what is made meanwhile: plans live until the program ends, and looks took a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
