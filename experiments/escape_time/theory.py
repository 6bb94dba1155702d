# ruff: noqa: INP001 - a program, no package
"""What the theory says of every loss in the experiment: `python experiments/escape_time/theory.py` prints rows for claims.yaml.

2ηT(z₀) = ∫ dz / f(z) from 0 to z₀, f = dℓ/dz for target 0, by adaptive quadrature over the loss's own gradient.
"""

import math
import sys
from collections.abc import Iterator
from typing import NamedTuple, cast

import torch
from scipy.integrate import quad

from lossbench.config.compose import compose
from lossbench.inits.given import Given
from lossbench.interfaces import Loss
from lossbench.optimizers.sgd import SGD
from lossbench.planning.plan import Plan, make_plan
from lossbench.planning.spec import RunSpec, Schedule

STARTS = (4, 10)  # of these the rows are; one near, one far
FAR = 7  # starts from here on, at one rate, say how the time grows
IN_CLOSED_FORM = ("cross_entropy", "half_squared_error")  # claims.yaml has their formulas


class Escape(NamedTuple):
    """A loss, its start and rate, how long its escape should take in units of 2η steps, and by how much theory may be out."""

    loss: Loss
    start: float
    rate: float
    time: float
    tolerance: float


def slope(loss: Loss, z: float) -> float:
    """dℓ/dz at a raw output, for target 0."""
    column = torch.tensor([[z]], dtype=torch.float64)
    return float(loss.gradient(column, torch.zeros_like(column)))


def escape_time(loss: Loss, start: float) -> float:
    """2ηT from a start to a = ½."""
    return float(quad(lambda z: 1 / slope(loss, z), 0, start, epsabs=0, epsrel=1e-10, limit=500)[0])


def escape(run: RunSpec, schedule: Schedule) -> Escape:
    """A run of the experiment.

    The tolerance is that of steps: one until a crossing is seen, the gap between recorded steps there, and ½ |ln(f(z₀)/f(0))| by
    which steps of a finite size lead or lag.
    """
    start, rate = _start(run), _rate(run)
    time = escape_time(run.loss, start)
    recorded = schedule.steps(run.steps)
    after = next((place for place, step in enumerate(recorded) if step >= time / (2 * rate)), len(recorded) - 1)
    lag = abs(math.log(slope(run.loss, start) / slope(run.loss, 0))) / 2
    return Escape(run.loss, start, rate, time, 2 * rate * (1 + recorded[after] - recorded[after - 1] + lag))


def _start(run: RunSpec) -> float:
    return cast(Given, run.init).weight


def _rate(run: RunSpec) -> float:
    return float(cast(SGD, run.optimizer).lr)


def exponent(loss: Loss) -> float:
    """The loss's own claim of its saturation exponent on the wrong side of target 0; a time does not grow where it is below 0."""
    claimed = loss.properties().saturation
    return max(0.0, float(claimed[1] if isinstance(claimed, tuple) else claimed or 0))


def time_rows(plan: Plan) -> Iterator[str]:
    """The rows of the claim about times, as YAML."""
    for run in plan.runs:
        if _start(run) in STARTS and run.loss.word not in IN_CLOSED_FORM:
            loss, start, rate, time, tolerance = escape(run, plan.recording.schedule)
            of = f"{{loss: {loss.word}, init.weight: {start:g}}}"
            yield (
                f'      - {{row: "{loss.word}, z₀ = {start:g}", measured: {{of: {of}, value: 2 * {rate:g} * it}}, '
                f"published: {time:.6g}, tolerance: {rounded_up(tolerance):g}}}"
            )


def exponent_rows(plan: Plan) -> Iterator[str]:
    """The rows of the claim about exponents, as YAML: over the far starts that share the farthest one's rate."""
    for loss in dict.fromkeys(run.loss for run in plan.runs):
        far = [run for run in plan.runs if run.loss == loss and _start(run) >= FAR]
        starts = [int(_start(run)) for run in far if _rate(run) == _rate(far[-1])]
        of = f"{{loss: {loss.word}, init.weight: {starts}}}"
        yield f"      - {{row: {loss.word}, measured: {{of: {of}}}, published: {exponent(loss):g}}}"


def rounded_up(number: float) -> float:
    """To two significant digits, upwards."""
    unit = 10.0 ** (math.floor(math.log10(number)) - 1)
    return math.ceil(number / unit) * unit


if __name__ == "__main__":
    experiment = make_plan(compose(["experiment=escape_time"]))
    sys.stdout.write("\n".join([*time_rows(experiment), "", *exponent_rows(experiment), ""]))
