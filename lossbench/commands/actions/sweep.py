"""The sweep that words name, composed and planned; where that takes long, it is told what is being done."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lossbench.audit.subjects.trainable import trainable
from lossbench.config.compose import compose
from lossbench.config.resolution import Point
from lossbench.config.schema import chosen_words, offer
from lossbench.execution.patience import told_when_slow
from lossbench.execution.progress import count
from lossbench.planning.plan import Plan, make_plan


def planned_sweep(overrides: Sequence[str], flags: Sequence[str]) -> tuple[list[Point], Plan]:
    """Every run that the words name as a composed config, and the plan that these make. Raises BadInput."""
    for word in chosen_words(overrides, ("loss",)).get("loss", ()):
        if ":" in word:
            offer("loss", word, trainable(word))
    with _without_cycles():
        with told_when_slow("Composing every run that the words name …"):
            points = compose(overrides, flags)
        with told_when_slow(f"Planning {count(len(points), 'run')} …"):
            return points, make_plan(points)


@contextmanager
def _without_cycles() -> Iterator[None]:
    """Look for no cycles among what is made meanwhile: plans live until the program ends, and looks took a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
