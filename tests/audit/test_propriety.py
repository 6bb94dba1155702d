import numpy as np
import pytest
import torch

from lossbench.audit.measurements.propriety import propriety
from lossbench.audit.subjects.subject import Subject, registered


def callable_request(words):
    (results,) = registered(words)
    return propriety(results)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "cross_entropy,link=sigmoid",
        "cross_entropy,link=softmax",
        "half_squared_error,link=sigmoid",
        "half_squared_error,link=softmax",
        "spherical_score,link=softmax",
        "proper_beta,alpha=0.3,beta=-0.4",
    ],
)
def test_a_strictly_proper_loss_estimates_the_probability(words):
    results = callable_request(words)
    assert results.proper
    assert results.strictly
    assert results.estimates == "the probability"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "estimates"),
    [
        ("exponential", "0.5 × the log odds"),
        ("logistic_margin", "the log odds"),
        ("squared_hinge", "2π − 1"),
        ("hinge", "only which class is more probable"),
        ("perceptron", "nothing: 0 is best, whatever the truth"),
        ("poisson", "the logarithm of the mean"),
        ("generalised_cross_entropy,link=sigmoid,q=0.5", "2 × the log odds"),
        ("focal,link=sigmoid", "a distorted probability that can be mapped back"),
    ],
)
def test_what_a_loss_estimates_is_named(words, estimates):
    assert callable_request(words).estimates == estimates


@pytest.mark.parametrize(
    ("words", "functional"),
    [
        ("half_squared_error,link=identity", "the mean"),
        ("gaussian", "the mean"),
        ("absolute_error,link=identity", "the median"),
        ("pinball,tau=0.5", "the median"),
        ("poisson", "the logarithm of the mean"),
    ],
)
def test_a_loss_for_numbers_has_its_functional(words, functional):
    assert callable_request(words).on_numbers == functional


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "for_two", "for_three"),
    [
        ("cross_entropy,link=softmax", True, True),
        ("hinge", True, False),
        ("multiclass_hinge", True, False),
        ("absolute_error,link=identity", True, False),
        ("absolute_error,link=softmax", True, True),
        ("perceptron", False, False),
        ("rescaled_squared_error", True, True),
    ],
)
def test_calibration_is_told_for_two_classes_and_for_three(words, for_two, for_three):
    results = callable_request(words)
    assert (results.calibrated, results.for_three) == (for_two, for_three)


class Leaning:
    """Cross entropy that puts twice the weight on target 1: least at 2π / (1 + π), which is not the truth."""

    link = "sigmoid"

    def value(self, z, y):
        return (2 * y * torch.nn.functional.softplus(-z) + (1 - y) * torch.nn.functional.softplus(z)).sum(-2)

    def gradient(self, z, y):
        return (1 - y) * torch.sigmoid(z) - 2 * y * torch.sigmoid(-z)


def test_a_loss_that_leans_to_one_class_is_neither_proper_nor_symmetric_nor_calibrated():
    results = propriety(Subject(title="leaning", loss=Leaning(), outputs=1))
    assert not results.proper
    assert not results.symmetric
    assert not results.calibrated
    probabilities = np.array(results.probabilities)
    assert np.array(results.best) == pytest.approx(np.log(2 * probabilities / (1 - probabilities)), abs=1e-4)


@pytest.mark.slow
def test_soft_targets_are_averages_where_the_loss_is_linear_in_the_target():
    assert callable_request("cross_entropy,link=softmax").soft_targets == "the average over hard targets"
    assert callable_request("half_squared_error,link=sigmoid").soft_targets == "the average over hard targets"
    assert callable_request("tanimoto,link=softmax").soft_targets == "something else than the average over hard targets"
