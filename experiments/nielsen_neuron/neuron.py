# ruff: noqa: INP001 - a program, no package
"""The book's neuron by its update rule alone: `python experiments/nielsen_neuron/neuron.py` prints what claims.yaml cites.

Nothing of lossbench is used, so that the two programs check each other.
"""

import math
import sys
from collections.abc import Callable, Iterator

STEPS = {  # what w and b each move by in an update, in units of −η
    "quadratic": lambda a: a * a * (1 - a),
    "slope left out": lambda a: 1 / (1 - a),
    "cross entropy": lambda a: a,
}
RUNS = (("quadratic", 0.15), ("slope left out", 0.005), ("cross entropy", 0.005), ("cross entropy", 0.15))
STARTS = ((0.6, 0.9), (2.0, 2.0))


def outputs(step: Callable[[float], float], rate: float, start: tuple[float, float]) -> Iterator[float]:
    """The output a before the first update, after it, after the second, and so on."""
    w, b = start
    while True:
        a = 1 / (1 + math.exp(-(w + b)))
        yield a
        w, b = w - rate * step(a), b - rate * step(a)


if __name__ == "__main__":
    sys.stdout.write("step, η, start: a at the start, a after 301 updates, first update with a < ½\n")
    for name, rate in RUNS:
        for start in STARTS:
            course = [a for _, a in zip(range(602), outputs(STEPS[name], rate, start), strict=False)]
            below = next(n for n, a in enumerate(course) if a < 0.5)
            sys.stdout.write(f"{name}, {rate:g}, {start}: {course[0]:.6f}, {course[301]:.6f}, {below}\n")
