"""Every experiment in conf/ is a study of its own name and can be run: its first two steps are taken here."""

import os

import numpy as np
import pytest

from lossbench.config.compose import compose
from lossbench.config.schema import presets
from lossbench.data.loading import load
from lossbench.engines import engine_of
from lossbench.planning.plan import make_plan
from lossbench.planning.spec import Cohort

EXPERIMENTS = presets("experiment")


def composed(experiment):
    """The points of an experiment's first seed, two steps long."""
    points = compose([f"experiment={experiment}", "steps=2", "seed=0"])
    if "LOSSBENCH_DATA" not in os.environ and any(point["dataset"]["word"] == "mnist" for point in points):
        pytest.skip("no MNIST: LOSSBENCH_DATA is not set")
    return points


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_runs_two_steps(experiment):
    plan = make_plan(composed(experiment))
    assert plan.study == experiment
    assert len({run.loss for run in plan.runs}) > 1  # all compare losses
    kinds = {(type(run.loss), run.loss.link, run.model, type(run.init), type(run.dataset)): run for run in plan.runs}
    for run in kinds.values():
        (trace,) = engine_of(run.model).train(Cohort(runs=(run,), recording=plan.recording), load(run.dataset).split)
        assert trace.steps[-1] == 2 or trace.outcome == "diverged"
        assert any(np.isfinite(curve).all() for curve in trace.values.values()), run
