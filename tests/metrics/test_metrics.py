"""Metrics that must be named, against scikit-learn on plain arrays and against what they say by definition."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import expit, softmax
from sklearn import metrics as theirs
from sklearn.calibration import calibration_curve

from lossbench.interfaces import TargetScale
from lossbench.interfaces.metric import Outputs
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.likelihood import Gaussian, GaussianLearntVariance, Laplace, Poisson
from lossbench.losses.margin import Hinge
from lossbench.losses.squared import HalfSquaredError
from lossbench.registry import find, shelf

N = 200
RNG = np.random.default_rng(0)
NAMED = [word for word, cls in shelf("metric").items() if not cls.by_default]


def outputs(classes, loss=None):
    """Raw outputs that know something of the classes, with truth and shares as scikit-learn takes them."""
    label = RNG.choice(classes, N, p=np.arange(1, classes + 1) / (classes * (classes + 1) / 2))
    z = RNG.normal(size=(1 if classes == 2 else classes, N))
    if classes == 2:
        z[0] += label
        y, p = label[None].astype(float), np.stack([1 - expit(z[0]), expit(z[0])], 1)
    else:
        z[label, np.arange(N)] += 1
        y, p = np.eye(classes)[label].T, softmax(z, 0).T
    loss = (loss or CrossEntropy()).on("classification", len(z))
    return Outputs(torch.tensor(z), torch.tensor(y), loss, "classification"), label, p


def measured(word, seen):
    return float(find("metric", word)().measure(seen).mean())


@pytest.mark.parametrize("classes", [2, 5, 7])
def test_metrics_of_decisions_and_rankings_are_scikit_learns(classes):
    seen, label, p = outputs(classes)
    decision, rank = p.argmax(1), p[:, 1] if classes == 2 else p
    expected = {
        "balanced_accuracy": theirs.balanced_accuracy_score(label, decision),
        "macro_f1": theirs.f1_score(label, decision, average="macro"),
        "matthews_correlation": theirs.matthews_corrcoef(label, decision),
        "roc_auc": theirs.roc_auc_score(label, rank, multi_class="ovr"),
        "average_precision": theirs.average_precision_score(label, rank),
    }
    if classes > 3:
        expected["top_three_accuracy"] = theirs.top_k_accuracy_score(label, rank, k=3)
    if classes > 5:
        expected["top_five_accuracy"] = theirs.top_k_accuracy_score(label, rank, k=5)
    assert {word: measured(word, seen) for word in expected} == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 5])
def test_metrics_of_each_class_are_scikit_learns(classes):
    seen, label, p = outputs(classes)
    decision = p.argmax(1)
    for word, function in (("f1", theirs.f1_score), ("precision", theirs.precision_score)):
        by_class = find("metric", word)().measure(seen)
        np.testing.assert_allclose(by_class, function(label, decision, average=None), rtol=1e-12)


@pytest.mark.parametrize("classes", [2, 5])
def test_the_bins_of_a_reliability_diagram_are_scikit_learns_and_sum_to_the_calibration_error(classes):
    seen, label, p = outputs(classes)
    right, sure = p.argmax(1) == label, p.max(1)
    share = bins("reliability_share", seen)
    filled = share > 0
    accuracy, probability = (bins(f"reliability_{part}", seen)[filled] for part in ("accuracy", "probability"))
    theirs_accuracy, theirs_probability = calibration_curve(right, sure, n_bins=15)
    np.testing.assert_allclose(accuracy, theirs_accuracy, rtol=1e-12)
    np.testing.assert_allclose(probability, theirs_probability, rtol=1e-12)
    assert share.sum() == pytest.approx(1)
    error = (share[filled] * np.abs(accuracy - probability)).sum()
    assert error == pytest.approx(measured("calibration_error", seen), rel=1e-12)


def bins(word, seen):
    """A number for each of 15 bins: the mean over the examples that say something, as an engine takes it."""
    return find("metric", word)().measure(seen).nanmean(-1).numpy()


@pytest.mark.parametrize("part", ["share", "accuracy", "probability"])
def test_what_gives_no_probabilities_has_no_bins(part):
    seen = Outputs(torch.zeros(1, 4), torch.ones(1, 4), HalfSquaredError(link="identity"), "classification")
    assert np.isnan(bins(f"reliability_{part}", seen)).all()


def labelled(loss):
    """Raw outputs that know something of four labels, some of them rare, as scikit-learn takes them: z and y (N, 4)."""
    y = (RNG.random((N, 4)) < [0.5, 0.3, 0.1, 0.05]).astype(float)
    z = RNG.normal(size=(N, 4)) + 1.5 * y - 0.5
    return Outputs(torch.tensor(z.T), torch.tensor(y.T), loss.on("multilabel", 4), "multilabel"), z, y


@pytest.mark.parametrize("loss", [CrossEntropy(), Hinge()], ids=lambda loss: loss.word)
def test_metrics_of_several_labels_at_once_are_scikit_learns(loss):
    seen, z, y = labelled(loss)
    decided = (z > 0).astype(int)
    expected = {
        "label_accuracy": 1 - theirs.hamming_loss(y, decided),
        "subset_accuracy": theirs.accuracy_score(y, decided),
        "macro_f1": theirs.f1_score(y, decided, average="macro"),
        "micro_f1": theirs.f1_score(y, decided, average="micro"),
        "average_precision": theirs.average_precision_score(y, z, average="macro"),
        "roc_auc": theirs.roc_auc_score(y, z, average="macro"),
        "label_ranking_precision": theirs.label_ranking_average_precision_score(y, z),
    }
    if loss == CrossEntropy():
        expected["log_loss"] = sum(theirs.log_loss(y[:, k], expit(z[:, k])) for k in range(4))
    assert {word: measured(word, seen) for word in expected} == pytest.approx(expected, rel=1e-12)
    for word, function in (("f1", theirs.f1_score), ("precision", theirs.precision_score), ("recall", theirs.recall_score)):
        by_label = find("metric", word)().measure(seen)
        by_label = by_label.nanmean(-1) if by_label.dim() > 1 else by_label
        np.testing.assert_allclose(by_label, function(y, decided, average=None), rtol=1e-12)


def test_metrics_of_a_regression_are_in_the_unit_that_the_targets_came_in():
    truth, said = RNG.normal(50, 10, (1, N)), RNG.normal(50, 10, (1, N))
    scale = TargetScale(50.0, 10.0, 1.0)
    z, y = ((torch.tensor(part) - 50) / 10 for part in (said, truth))
    seen = Outputs(z, y, HalfSquaredError().on("regression", 1), "regression", scale)
    expected = {
        "root_mean_squared_error": theirs.root_mean_squared_error(truth[0], said[0]),
        "mean_absolute_error": theirs.mean_absolute_error(truth[0], said[0]),
        "r2": theirs.r2_score(truth[0], said[0]),
        "pinball_10": theirs.mean_pinball_loss(truth[0], said[0], alpha=0.1),
        "pinball_90": theirs.mean_pinball_loss(truth[0], said[0], alpha=0.9),
    }
    assert {word: measured(word, seen) for word in expected} == pytest.approx(expected, rel=1e-12)


def distributions():
    """Losses that say a distribution, with raw outputs and the same distribution as scipy has it, in the targets' own unit."""
    z, spread = RNG.normal(size=N), RNG.uniform(0.3, 2, N)
    yield GaussianLearntVariance(), np.stack([z, 2 * np.log(spread)]), stats.norm(50 + 10 * z, 10 * spread)
    yield Gaussian(variance=2.0), z[None], stats.norm(50 + 10 * z, 10 * np.sqrt(2))
    yield Laplace(scale=0.7), z[None], stats.laplace(50 + 10 * z, 7)


@pytest.mark.parametrize(("loss", "z", "theirs_is"), list(distributions()), ids=lambda part: getattr(part, "word", ""))
def test_a_distribution_is_judged_by_its_quantiles(loss, z, theirs_is):
    truth = RNG.normal(50, 12, (1, N))
    seen = Outputs(torch.tensor(z), (torch.tensor(truth) - 50) / 10, loss, "regression", TargetScale(50.0, 10.0, 1.0))
    low, high = theirs_is.ppf(0.05), theirs_is.ppf(0.95)
    covered = ((low <= truth[0]) & (truth[0] <= high)).mean()
    expected = {
        "coverage": covered,
        "coverage_error": abs(covered - 0.9),
        "interval_width": (high - low).mean(),
        "pinball_10": theirs.mean_pinball_loss(truth[0], theirs_is.ppf(0.1), alpha=0.1),
        "pinball_90": theirs.mean_pinball_loss(truth[0], theirs_is.ppf(0.9), alpha=0.9),
    }
    assert {word: measured(word, seen) for word in expected} == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("word", ["coverage", "coverage_error", "interval_width"])
def test_what_says_no_distribution_covers_nothing(word):
    seen = Outputs(torch.zeros(1, 4), torch.ones(1, 4), HalfSquaredError(link="identity"), "regression")
    assert np.isnan(measured(word, seen))


def test_a_count_is_predicted_by_its_rate():
    seen = Outputs(torch.zeros(1, 4), torch.ones(1, 4), Poisson(), "regression")
    assert measured("mean_absolute_error", seen) == 0


def test_the_squared_error_is_by_the_variance_of_the_training_targets():
    z, y = torch.zeros(1, 3), torch.full((1, 3), 6.0)
    seen = Outputs(z, y, HalfSquaredError().on("regression", 1), "regression", TargetScale(0.0, 1.0, 3.0))
    assert find("metric", "squared_error")().measure(seen).tolist() == [4, 4, 4]


@pytest.mark.parametrize("classes", [2, 4])
def test_the_calibration_error_is_the_gap_of_each_bin_by_its_share(classes):
    seen, label, p = outputs(classes)
    sure, right = p.max(1), p.argmax(1) == label
    edges = np.linspace(0, 1, 16)
    bins = [(low < sure) & (sure <= high) for low, high in pairwise(edges)]
    expected = sum(some.mean() * abs(right[some].mean() - sure[some].mean()) for some in bins if some.any())
    assert measured("calibration_error", seen) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("classes", [2, 4])
def test_how_sure_the_outputs_are_and_how_often_the_truth_gets_nothing(classes):
    seen, label, p = outputs(classes)
    assert measured("top_probability", seen) == pytest.approx(p.max(1).mean(), rel=1e-12)
    sure = Outputs(seen.z * 30, seen.y, seen.loss, seen.task)
    z = sure.z.numpy().T
    p = softmax(np.hstack([np.zeros_like(z), z]) if classes == 2 else z, 1)
    given = p[np.arange(N), label]
    assert 0.05 < (given < 1e-8).mean() < 0.9
    assert measured("vanished_probability", sure) == pytest.approx((given < 1e-8).mean())


def test_a_soft_label_is_given_what_log_loss_says():
    z, y = torch.tensor([[0.0], [40.0]]), torch.tensor([[0.4], [0.6]])  # 0.4 · 40 nats is less than log 1e8, 0.5 · 40 is more
    seen = Outputs(z, y, CrossEntropy().on("classification", 2), "classification")
    assert measured("vanished_probability", seen) == 0
    assert measured("vanished_probability", Outputs(z, 1 - y, seen.loss, seen.task)) == 1


@pytest.mark.parametrize("word", ["top_probability", "vanished_probability"])
def test_nothing_is_said_of_probabilities_that_are_none(word):
    seen, _, _ = outputs(2, Hinge())
    assert np.isnan(measured(word, seen))
    seen, _, _ = outputs(3)
    seen.z[1, 7] = torch.nan
    assert np.isnan(measured(word, seen))


def test_shares_that_are_drawn_from_are_calibrated():
    p = RNG.uniform(size=(1, 100_000))
    y = (RNG.uniform(size=p.shape) < p).astype(float)
    seen = Outputs(torch.logit(torch.tensor(p)), torch.tensor(y), CrossEntropy().on("classification", 1), "classification")
    assert measured("calibration_error", seen) < 0.01


def test_a_link_without_probabilities_has_a_ranking_and_no_calibration():
    seen, _, _ = outputs(2, Hinge())
    assert np.isnan(measured("calibration_error", seen))
    assert measured("roc_auc", seen) > 0.6


@pytest.mark.parametrize("word", [word for word in NAMED if not find("metric", word).per_example])  # a mean is NaN by itself
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_outputs_that_are_not_finite_have_no_number_and_do_no_harm(word, value):
    cls = find("metric", word)
    loss = (HalfSquaredError if "regression" in cls.tasks else CrossEntropy)().on(cls.tasks[0], 1)
    z = torch.zeros(1, 5)
    z[0, 2] = value
    y = torch.tensor([[0.0, 1, 0, 1, 1]])
    task = cls.tasks[0]
    if task in ("multilabel", "ordinal"):
        z, y = (
            torch.cat([z, z.flip(1), z]),
            torch.cat([y, y, 1 - y]) if task == "multilabel" else torch.eye(3)[:, [0, 1, 2, 0, 1]],
        )
        loss = CrossEntropy().on(task, 3)
    assert np.isnan(measured(word, Outputs(z, y, loss, task)))
