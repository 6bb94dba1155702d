"""From a curve to a number. A curve is the recorded steps, ascending, and a value at each."""

import numpy as np
from scipy.integrate import trapezoid

from lossbench.analysis.statistics import Values
from lossbench.tables.quantity import Better

NEVER = np.inf


def worst(better: Better) -> float:
    """What a run counts as that has no final value because it diverged: worse than every run that has one."""
    return -np.inf if better == "higher" else np.inf


def final(values: Values, diverged: bool) -> float:
    """The last of a run's recorded values (T,); NaN for a diverged run, which has none, and for an empty curve."""
    return float("nan") if diverged or len(values) == 0 else float(values[-1])


def best(values: Values, better: Better) -> float:
    """The best of a run's recorded values (T,), of a diverged run while it lasted; NaN where nothing was recorded."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return float("nan")
    return float(known.max() if better == "higher" else known.min())


def steps_to(steps: Values, values: Values, level: float, better: Better) -> float:
    """The first of steps (T,) at which the value, of values (T,), is at the level or beyond; infinity where it never is.

    The crossing itself lies between that step and the recorded one before it.
    """
    reached = values >= level if better == "higher" else values <= level
    return float(steps[reached.argmax()]) if reached.any() else NEVER


def average(steps: Values, values: Values) -> float:
    """The average of values (T,) over steps (T,), by the trapezoidal rule; NaN where nothing was recorded."""
    known = ~np.isnan(values)
    x, y = steps[known], values[known]
    if len(x) < 2:
        return float(y[0]) if len(x) else float("nan")
    return float(trapezoid(y, x) / (x[-1] - x[0]))


def averages(steps: Values, values: Values) -> Values:
    """The `average` of each row, (k,), of values (k, T) over steps (k, T)."""
    whole = ~np.isnan(values).any(axis=1) & (values.shape[1] > 1)
    made = np.array([np.nan if good else average(x, y) for good, x, y in zip(whole, steps, values, strict=True)])
    if whole.any():
        x, y = steps[whole], values[whole]
        made[whole] = trapezoid(y, x, axis=1) / (x[:, -1] - x[:, 0])
    return made
