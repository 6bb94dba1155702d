"""`compare` on several labels at once and on classes in an order, and judged by what a metric says of one class."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

import lossbench as lb
from lossbench.comparison.compare import Given, prepared
from lossbench.comparison.metric_column import metric_column
from lossbench.data.in_memory import from_frame
from lossbench.data.loading import load
from lossbench.errors import BadInput
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.multiclass import Sparsemax
from lossbench.registry import shelf
from lossbench.tables.metric_words import SHORT

STREAM = np.random.default_rng(0)
X = STREAM.normal(size=(160, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
BEHIND = X[:, 0] + 0.3 * STREAM.normal(size=160)
LABELS = FRAME.assign(first=(BEHIND > 0).astype(int), second=(X[:, 1] > 1).astype(int))
GRADES = FRAME.assign(grade=np.digitize(BEHIND, [-1, 0, 1]))
CHURN = FRAME.assign(churned=np.where(X[:, 1] > 1, "gone", "here"))
QUICK = {"epochs": 3, "model": "logistic", "seeds": 3, "rates": (0.3, 3.0), "engine": "serial"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("frame", "target", "options", "losses", "metric"),
    [
        (LABELS, ["first", "second"], {}, ["ce", "hinge", "focal"], "average_precision"),
        (
            GRADES,
            "grade",
            {"task": "ordinal"},
            ["ce", "coral", "continuation_ratio", "cumulative_link"],
            "quadratic_weighted_kappa",
        ),
        (CHURN, "churned", {}, ["ce", "focal"], "f1/gone"),
    ],
    ids=["labels", "order", "class"],
)
def test_a_comparison_is_judged_and_told(frame, target, options, losses, metric, tmp_path):
    asked = {"metric": metric} if "/" in metric else {}
    study = lb.compare(losses, data=frame, target=target, data_options=options, results=tmp_path, **asked, **QUICK)
    assert study.request.metric == metric.replace("gone", "1")
    assert len(study.scoreboard) == len(losses)
    assert study.scoreboard[study.request.metric].notna().all()
    if metric == "f1/gone":
        assert "class gone" in study.request.quantity.title
    said = study.report().with_suffix(".md").read_text()
    assert ("Labels: first (0), second (1)" in said) == (metric == "average_precision")


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["coral", "cumulative_link"])
def test_the_best_model_decides_for_the_median_of_an_order(loss, tmp_path):
    losses, ordered = [loss, "continuation_ratio"], {"task": "ordinal"}
    quick = QUICK | {"epochs": 20, "rates": (1.0,)}
    best = lb.compare(losses, data=GRADES, target="grade", data_options=ordered, results=tmp_path, **quick).best
    p = best.predict_proba(FRAME)
    np.testing.assert_allclose(p.sum(1), 1)
    decided = best.predict(FRAME).astype(int)
    np.testing.assert_array_equal(decided, (p.cumsum(1) < 0.5).sum(1))
    assert np.abs(decided - GRADES["grade"]).mean() < 0.5


@pytest.mark.slow
def test_the_best_model_says_of_each_label_whether_it_is_there(tmp_path):
    target = ["first", "second"]
    quick = QUICK | {"epochs": 20, "rates": (1.0,)}
    best = lb.compare(["ce", "focal"], data=LABELS, target=target, results=tmp_path, **quick).best
    decided = best.predict(FRAME)
    np.testing.assert_array_equal(decided, best.predict_proba(FRAME) > 0.5)
    assert (decided == LABELS[target]).mean().min() > 0.8


def test_a_metric_of_each_class_is_about_the_one_that_is_named_or_the_positive_one():
    churn = from_frame(CHURN, "churned")
    assert [metric_column(text, churn) for text in ("f1", "f1/gone", "recall/here", "precision/0", "roc_auc")] == [
        "f1/1",
        "f1/1",
        "recall/0",
        "precision/0",
        "roc_auc",
    ]
    assert metric_column("recall/second", from_frame(LABELS, ("first", "second"))) == "recall/1"


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("f1", "name the one to judge by: f1/0, f1/1, f1/2, f1/3"),
        ("f1/7", "No class is called '7'"),
        ("accuracy/1", "one number, and none for each class"),
        ("r2", "no meaning for ordinal; it is for regression"),
        ("f2/1", "No metric that ranks is called 'f2'"),
    ],
)
def test_a_metric_that_judges_nothing_is_refused(metric, said):
    with pytest.raises(BadInput, match=said):
        metric_column(metric, from_frame(GRADES, "grade", task="ordinal"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("losses", "frame", "target", "said"),
    [
        (["ce", Sparsemax()], LABELS, ["first", "second"], "several labels at once, each there or not"),
        (["hinge", CrossEntropy(link="softmax")], LABELS, ["first", "second"], "several labels at once"),
        (["ce", "coral"], GRADES, "grade", "has no meaning for classification; it is for ordinal. .* dataset.task=ordinal"),
    ],
)
def test_a_loss_that_has_no_meaning_for_the_task_is_refused(losses, frame, target, said):
    with pytest.raises(BadInput, match=said):
        prepared(Given(losses=losses, data=frame, target=target), settings={})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("losses", "data", "metric", "mute"),
    [
        (["gaussian_crps", "mse"], "diabetes", "coverage_error", "half_squared_error"),
        (["ce", "multiclass_hinge"], "iris", "calibration_error", "multiclass_hinge"),
    ],
)
def test_a_loss_that_says_nothing_that_the_metric_could_judge_is_refused_before_anything_is_trained(losses, data, metric, mute):
    with pytest.raises(BadInput, match=f"{metric} is no number for {mute} here: .*Possible: another metric"):
        prepared(Given(losses=losses, data=data, metric=metric), settings={"epochs": 1})


TAUGHT = np.column_stack([300 * X[:, 0] + 20 * X[:, 1] + 1000, X[:, 2] - X[:, 1]])
MOTOR = FRAME.assign(torque=TAUGHT[:, 0], heat=TAUGHT[:, 1])


def test_each_of_several_numbers_is_standardised_by_the_training_part_as_scikit_learn_does():
    split = load(from_frame(MOTOR, ["torque", "heat"], scaling="none")).split
    train, test = (np.searchsorted(np.sort(X[:, 0]), x[:, 0]) for x in (split.train_x, split.test_x))
    ordered = TAUGHT[np.argsort(X[:, 0])]
    scaler = StandardScaler().fit(ordered[train])
    np.testing.assert_allclose(split.train_y, scaler.transform(ordered[train]), atol=1e-12)
    np.testing.assert_allclose(split.test_y, scaler.transform(ordered[test]), atol=1e-12)


@pytest.mark.slow
def test_several_numbers_are_compared_and_predicted_in_their_own_units(tmp_path):
    quick = QUICK | {"epochs": 40, "rates": (0.3,)}
    study = lb.compare(["mse", "huber"], data=MOTOR, target=["torque", "heat"], metric="mae", results=tmp_path, **quick)
    assert study.request.metric == "mean_absolute_error"
    assert "mean over 2 targets, each in standard deviations" in study.report().with_suffix(".md").read_text("utf-8")
    predicted = study.best.predict(FRAME)
    assert r2_score(TAUGHT, predicted, multioutput="raw_values").min() > 0.99
    for one in study.outcome.contestants:
        assert all(0 < choice.test < 0.2 for choice in one.chosen)  # deviations, where torque alone has 300


@pytest.mark.parametrize(
    ("given", "frame", "target", "column"),
    [
        ("MAE", MOTOR, "heat", "mean_absolute_error"),
        ("rmse", MOTOR, ["torque", "heat"], "root_mean_squared_error"),
        ("R²", MOTOR, "heat", "r2"),
        ("mcc", CHURN, "churned", "matthews_correlation"),
        ("AP", CHURN, "churned", "average_precision"),
        ("f1/gone", CHURN, "churned", "f1/1"),
    ],
)
def test_metrics_are_understood_by_their_short_names(given, frame, target, column):
    assert metric_column(given, from_frame(frame, target)) == column


def test_every_short_name_is_a_metrics():
    assert set(SHORT.values()) <= set(shelf("metric"))
    assert not set(SHORT) & set(shelf("metric"))


@pytest.mark.parametrize(
    ("frame", "options", "sentence"),
    [
        (GRADES.assign(size=GRADES["grade"] + 1), {}, "dataset.task=regression"),
        (GRADES.assign(size=CHURN["churned"]), {"task": "regression"}, "wants numbers"),
        (MOTOR.assign(grade=X[:, 0], size=X[:, 1]), {"target_scaling": "none"}, "each by itself"),
    ],
)
def test_what_is_neither_labels_nor_numbers_is_refused_in_a_sentence(frame, options, sentence):
    with pytest.raises(BadInput, match=sentence):
        load(from_frame(frame, ["grade", "size"], **options))


def test_few_whole_numbers_are_quantities_where_somebody_says_so():
    split = load(from_frame(GRADES.assign(size=GRADES["grade"] + 1), ["grade", "size"], task="regression")).split
    assert (split.task, split.train_y.shape[1], split.classes) == ("regression", 2, None)
