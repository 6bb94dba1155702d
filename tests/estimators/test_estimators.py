"""Estimators as scikit-learn checks them: its own conventions, a pipeline, a search over losses, and what training means."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_regression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import lossbench
from lossbench import BadInput, Failure, LossClassifier, LossRegressor, losses

TINY = {"hidden": (8,), "epochs": 25, "batch": 20, "lr": 0.05}
X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)


CHECKS = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{getattr(check, 'func', check).__name__}")
    for one in (LossClassifier(**TINY), LossRegressor(**TINY))
    for estimator, check in estimator_checks_generator(one)
    if "array_api" not in str(check)  # which wants another environment, and skips in this one
]


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_scikit_learns_own_checks(estimator, check):
    assert check(estimator) is None


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["focal,gamma=1", losses.Focal(gamma=1.0), "multiclass_hinge", losses.CrossEntropy, "mse"])
def test_any_kind_of_loss_learns_iris(loss):
    fitted = LossClassifier(loss=loss, **TINY).fit(X, Y)
    assert fitted.score(X, Y) > 0.9
    assert pickle.loads(pickle.dumps(fitted)).predict(X).tolist() == fitted.predict(X).tolist()  # noqa: S301 - written here


@pytest.mark.slow
def test_a_linear_network_with_cross_entropy_is_logistic_regression():
    ours = LossClassifier(hidden=(), epochs=2000, batch=150, lr=0.1).fit(X[:100], Y[:100] == 1)
    theirs = LogisticRegression(C=np.inf).fit(X[:100], Y[:100] == 1)
    assert np.abs(ours.predict_proba(X[:100]) - theirs.predict_proba(X[:100])).max() < 0.05
    three = LossClassifier(hidden=(), optimizer="sgd", epochs=1, batch=150, lr=1e-9).fit(X, Y)
    z = three.layers_[0].weight @ X.T + three.layers_[0].bias
    assert np.allclose(three.decision_function(X), z.T)
    assert np.allclose(three.predict_proba(X).T, np.exp(z) / np.exp(z).sum(axis=0))


@pytest.mark.slow
def test_a_loss_without_probabilities_has_no_method_for_them():
    assert hasattr(LossClassifier(loss="focal"), "predict_proba")
    fitted = LossClassifier(loss="hinge", **TINY).fit(X, Y == 0)
    assert not hasattr(fitted, "predict_proba")
    assert ((fitted.decision_function(X) > 0) == (Y == 0)).mean() > 0.95


@pytest.mark.slow
def test_a_grid_over_losses_in_a_pipeline_chooses_one():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LossClassifier(**TINY)),
        {"lossclassifier__loss": ["ce", "focal,gamma=2", losses.HalfSquaredError()]},
        cv=2,
    ).fit(*load_iris(return_X_y=True))
    assert search.best_score_ > 0.85
    assert search.best_estimator_[-1].loss_.link == "softmax"


@pytest.mark.slow
def test_a_loss_sees_targets_in_its_domain_and_predictions_are_in_their_own_unit():
    x, y = make_regression(150, 3, random_state=0, noise=1.0)
    assert LossRegressor(loss="huber", **TINY).fit(x, 1000 + 50 * y).score(x, 1000 + 50 * y) > 0.9
    counts = np.random.default_rng(0).poisson(np.exp(x[:, 0]))
    fitted = LossRegressor(loss="poisson", **TINY).fit(x, counts)
    assert fitted.scale_.factor == 1.0
    assert np.corrcoef(fitted.predict(x), np.exp(x[:, 0]))[0, 1] > 0.9
    with pytest.raises(BadInput, match="'poisson' takes as targets"):
        LossRegressor(loss="poisson").fit(x, y)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "focl"}, "No loss is called 'focl'. Did you mean 'focal'?"),
        ({"loss": np.sum}, "could not be called as a loss"),
        ({"activation": "gelu"}, "possible are relu, sigmoid, tanh"),
        ({"optimizer": "sgdd"}, "Did you mean 'sgd'?"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 1.5}, "epochs is 1.5; it is a whole number"),
        ({"epochs": "3"}, "epochs is '3'; it is a whole number"),
        ({"batch": None}, "batch is None; it is a whole number"),
        ({"batch": 2.5}, "batch is 2.5; it is a whole number"),
        ({"lr": "fast"}, "lr is 'fast'; it is a number above 0"),
        ({"lr": None}, "lr is None; it is a number above 0"),
        ({"hidden": 5}, "hidden is 5; it is a tuple of widths"),
        ({"hidden": (0,)}, "model.hidden is"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(BadInput) as refused:
        LossClassifier(**settings).fit(X, Y)
    assert message in str(refused.value)


@pytest.mark.slow
def test_a_training_that_diverges_is_a_failure():
    with pytest.raises(Failure, match="a smaller lr may mend it"):
        LossRegressor(optimizer="sgd", lr=1e20, epochs=100).fit(X, Y)


@pytest.mark.slow
def test_the_same_state_gives_the_same_bits_and_another_does_not():
    one, same, other = (LossClassifier(random_state=seed, epochs=2).fit(X, Y).predict_proba(X) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert lossbench.LossClassifier is LossClassifier


@pytest.mark.slow
def test_the_documentations_example_chooses_a_loss(capsys):
    page = (Path(__file__).parents[2] / "docs/tools.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    exec(example, {})  # noqa: S102 - the page's own
    printed = capsys.readouterr().out
    assert "lossclassifier__loss" in printed
    assert float(printed.split()[-1]) > 0.9
