"""The numbers that theory gives to the experiment escape_time: right, and those that stand in its claims file."""

import importlib.util
import math
from pathlib import Path
from typing import Any

import pytest

from lossbench.config.compose import compose
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.planning.plan import make_plan

FOLDER = Path(__file__).parents[1] / "experiments" / "escape_time"
STARTS = (1.0, 4.0, 10.0)


def theory() -> Any:
    spec = importlib.util.spec_from_file_location("escape_theory", FOLDER / "theory.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


THEORY = theory()


@pytest.mark.parametrize("start", STARTS)
def test_the_integral_over_cross_entropy_s_gradient_is_its_formula(start: float) -> None:
    time = THEORY.escape_time(CrossEntropy(link="sigmoid"), start)
    assert time == pytest.approx(start - math.exp(-start) + 1, rel=1e-9)


@pytest.mark.parametrize("start", STARTS)
def test_the_integral_over_the_squared_error_s_gradient_is_its_formula(start: float) -> None:
    time = THEORY.escape_time(HalfSquaredError(link="sigmoid"), start)
    powers = math.exp(start) - 3 * math.exp(-start) - 0.5 * math.exp(-2 * start)
    assert time == pytest.approx(3 * start + powers + 2.5, rel=1e-9)


@pytest.mark.parametrize(("number", "up"), [(0.0441, 0.045), (5.11, 5.2), (231.0, 240.0), (0.5, 0.5)])
def test_a_tolerance_is_rounded_up_never_down(number: float, up: float) -> None:
    assert THEORY.rounded_up(number) == pytest.approx(up)


@pytest.mark.slow
def test_the_claims_are_those_that_the_program_prints() -> None:
    plan = make_plan(compose(["experiment=escape_time"]))
    written = set((FOLDER / "claims.yaml").read_text(encoding="utf-8").splitlines())
    exponents = {row.removesuffix("}") for row in THEORY.exponent_rows(plan)}  # to which a verdict may have been added
    assert set(THEORY.time_rows(plan)) <= written
    assert not [row for row in exponents if not any(line.startswith(row) for line in written)]
