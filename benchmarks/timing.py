"""Taking times: one contestant after the other, again and again, so that whatever else the machine does hits all alike."""

import gc
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.contest import Contestant, Round, Taken


class Spread(NamedTuple):
    """What several rounds gave."""

    least: float
    median: float
    most: float


def interleave(contestants: Sequence[Contestant], repetitions: int, report: Callable[[int], None]) -> list[Round]:
    """A, B, C, A, B, C, …: for each round what one unit took each contestant.

    Before the first round those that run in this process warm up; a program that is started anew each time cannot.
    """
    report(0)
    for contestant in contestants:
        if contestant.warms_up:
            contestant.work()
    rounds: list[Round] = []
    for number in range(1, repetitions + 1):
        report(number)
        rounds.append({contestant.name: _clocked(contestant) for contestant in contestants})
    return rounds


def spread(numbers: Sequence[float]) -> Spread:
    """Least, median and most of some numbers."""
    return Spread(min(numbers), median(numbers), max(numbers))


def _clocked(contestant: Contestant) -> Taken:
    gc.collect()
    started = time.perf_counter()
    result = contestant.work()
    seconds = time.perf_counter() - started
    if isinstance(result, Taken):
        return Taken(seconds=result.seconds / contestant.units, peak=result.peak)
    return Taken(seconds=seconds / contestant.units)
