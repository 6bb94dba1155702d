"""The rate at which losses lie furthest apart, and which of many losses stand out."""

from dataclasses import replace

import numpy as np
import pytest

from lossbench.analysis.results import results
from lossbench.report.captions import at_same_rate
from lossbench.report.tables import key
from lossbench.tables import read_study


@pytest.fixture
def study(made, tmp_path):
    """The results of losses that end as told: {word: {rate: accuracies of two seeds, None for a run that diverged}}."""

    def make(ends):
        runs = []
        for word, by_rate in ends.items():
            for rate, values in by_rate.items():
                for seed, value in enumerate(values):
                    run = made.learn(loss={"word": word, "link": "sigmoid"}, optimizer__lr=rate, seed=seed).only("test_accuracy")
                    curves = {"test_accuracy": [0.1] * (len(run.steps) - 1) + [value if value is not None else 0.1]}
                    run = type(run)(spec=run.spec, steps=run.steps, curves=curves)
                    runs.append(run.diverged(3) if value is None else run)
        return results(read_study(made.write(tmp_path / "study", runs)))

    return make


def test_the_shown_rate_is_the_one_with_the_widest_gap_of_medians(study):
    same = study({"cross_entropy": {0.1: [0.9, 0.8], 1.0: [0.95, 0.95]}, "focal": {0.1: [0.1, 0.2], 1.0: [0.9, 0.9]}}).same_rate
    assert same.rate == 0.1
    (ends,) = same.finals.values()
    assert {contender.word: end for contender, end in ends.items()} == pytest.approx({"cross_entropy": 0.85, "focal": 0.15})
    assert {sample.rate for sample in same.comparison.samples} == {0.1}


def test_a_rate_at_which_a_loss_diverges_or_that_not_all_were_given_shows_no_stall(study):
    same = study(
        {
            "cross_entropy": {0.1: [0.9, 0.9], 1.0: [0.9, 0.9], 3.0: [0.9, 0.9]},
            "focal": {0.1: [None, None], 1.0: [0.8, 0.8], 10.0: [0.1, 0.1]},
        }
    ).same_rate
    assert same.rate == 1.0


@pytest.mark.parametrize(
    "ends", [{"cross_entropy": {0.1: [0.9], 1.0: [0.8]}}, {"cross_entropy": {0.1: [0.9]}, "focal": {0.1: [0.5]}}]
)
def test_without_two_losses_or_without_a_sweep_no_rate_is_shown(ends, study):
    assert study(ends).same_rate is None


def test_a_loss_that_diverges_at_the_rate_of_all_has_no_final_result(study):
    same = study({"cross_entropy": {0.1: [0.9], 1.0: [0.8]}, "focal": {0.1: [0.8], 1.0: [0.5]}}).same_rate
    finals = {s: {who: 0.8 if who.word == "cross_entropy" else -np.inf for who in ends} for s, ends in same.finals.items()}
    (caption,) = at_same_rate(replace(same, finals=finals))
    assert caption.text.replace("\N{NO-BREAK SPACE}", " ") == (
        "At 1 the final test accuracy is 80.0 % under cross entropy; at least half of the runs diverge under focal."
    )


@pytest.mark.slow
def test_of_many_losses_the_reference_the_best_and_the_worst_stand_out(study):
    words = ["cross_entropy", "focal", "hinge", "savage", "tangent", "poly", "logistic_margin"]
    ends = {
        word: {0.1: [value, value]} for word, value in zip(words, np.linspace(0.5, 0.8, 7)[[3, 0, 1, 6, 2, 4, 5]], strict=True)
    }
    outcome = study(ends)
    assert {contender.word for contender in outcome.everything.emphasised} == {"cross_entropy", "focal", "savage"}
    assert [look.loss for look in key(outcome)] == ["cross entropy", "focal", "savage", "4\N{NO-BREAK SPACE}other losses"]


def test_of_few_losses_none_stands_out(study):
    assert study({"cross_entropy": {0.1: [0.9]}, "focal": {0.1: [0.5]}}).chosen.emphasised == ()
