"""An estimate of time, from a trainer whose time is known."""

from typing import Any

import pytest

from lossbench.engine import dense
from lossbench.execution import cost_estimate
from lossbench.execution.cost_estimate import estimate
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec
from lossbench.registry import find

START, STEP, RECORD = 0.5, 0.01, 0.003  # seconds a cohort


def cohort(steps: int, runs: int = 2, hidden: int = 5) -> Cohort:
    def built(noun: str, word: str, **options: Any) -> Any:
        return find(noun, word).build(options)

    things = {"loss": built("loss", "cross_entropy", link="softmax"), "model": built("model", "mlp", hidden=[hidden])}
    things |= {"init": built("init", "glorot"), "dataset": built("dataset", "iris"), "optimizer": built("optimizer", "sgd")}
    specs = tuple(RunSpec(**things, data="", seed=seed, steps=steps, batch=10) for seed in range(runs))
    return Cohort(runs=specs, recording=Recording(schedule=RecordingSchedule(kind="linear", points=20)))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Cohort]:
    """What the estimate trained, on a clock that only training moves."""
    seen: list[Cohort] = []
    now = [0.0]

    def train(given: Cohort, *_: Any) -> None:
        steps = given.runs[0].steps
        looks = 0 if given.recording.probes == cost_estimate.CHEAP else len(given.recording.schedule.steps(steps))
        now[0] += START + STEP * steps + RECORD * looks
        seen.append(given)

    monkeypatch.setattr(dense, "train", train)
    monkeypatch.setattr(cost_estimate.time, "perf_counter", lambda: now[0])
    return seen


def test_where_time_is_linear_in_steps_and_records_the_estimate_is_exact(trained: list[Cohort]) -> None:
    assert estimate({cohort(5000): 3}, "cpu") == pytest.approx(3 * (START + STEP * 5000 + RECORD * 20))
    assert max(tried.runs[0].steps for tried in trained) <= 3 * cost_estimate.STEPS[1]


def test_kinds_of_cohort_that_are_not_tried_count_by_their_arithmetic(trained: list[Cohort]) -> None:
    kinds = {cohort(1000, hidden=width): 1 for width in range(5, 5 + 2 * cost_estimate.MEASURED)}
    whole = estimate(kinds, "cpu")
    tried = {seen.runs[0].model for seen in trained}
    assert len(tried) == cost_estimate.MEASURED
    each = START + STEP * 1000 + RECORD * 20
    assert cost_estimate.MEASURED * each < whole < 2 * cost_estimate.MEASURED * each
