"""Progress and what its course is called, on made-up records; scikit-learn is the oracle of what chance is."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import recall_score

from lossbench.analysis.curves import read_curves
from lossbench.diagnosis.records import RunRecord
from lossbench.diagnosis.symptoms import average, progress, symptom

STEPS = np.linspace(0, 300, 31)


def record(recalls, *, diverged=False, task="classification", steps=STEPS):
    """A run whose curves are {column: T values}; `recalls` is a list of classes' curves, or a regression's squared error."""
    names = ["train_squared_error"] if task == "regression" else [f"train_recall/{c}" for c in range(len(recalls))]
    columns = dict(zip(names, recalls, strict=True))
    curves = read_curves(pd.DataFrame({"run": "a", "step": steps[: len(recalls[0])], **columns}))
    return RunRecord(run="a", description={"steps": 300}, task=task, diverged=diverged, curves=curves)


@pytest.mark.parametrize("strategy", ["uniform", "stratified", "most_frequent"])
def test_who_answers_without_looking_makes_no_progress_however_rare_a_class_is(strategy):
    y = np.repeat([0, 1, 2], [80_000, 15_000, 5_000])
    answers = DummyClassifier(strategy=strategy, random_state=0).fit(y[:, None], y).predict(y[:, None])
    recalls = recall_score(y, answers, average=None)
    assert progress(record([[share] for share in recalls]))[0] == pytest.approx(0, abs=0.01)


def test_who_knows_everything_has_made_all_the_progress_there_is():
    assert progress(record([[1.0], [1.0]]))[0] == 1
    assert progress(record([[0.0]], task="regression"))[0] == 1


COURSES = {
    "healthy": np.minimum(1, STEPS / 50),
    "slow": np.clip((STEPS - 200) / 50, 0, 1),
    "stalled": np.full(31, 0.3),
}


@pytest.mark.parametrize("name", COURSES)
def test_a_course_is_called_by_where_it_ends_and_when_it_gets_there(name):
    recalls = (1 + COURSES[name]) / 2
    assert symptom([record([recalls, recalls])]) == name


def test_a_run_that_ends_early_by_divergence_is_one_however_well_it_did_before():
    good = np.ones(4)
    broken = record([good, good], diverged=True)
    assert symptom([broken, broken]) == "diverged"
    assert average(broken) == pytest.approx(30 / 300)


def test_runs_without_a_measure_of_progress_have_made_none():
    empty = SimpleNamespace(steps=STEPS, task="classification", parts=lambda _: [], diverged=False, length=300)
    assert average(empty) == 0
