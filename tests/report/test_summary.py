"""What the summary counts and times, and what it leaves out."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from lossbench.analysis import formatting
from lossbench.report import tables
from lossbench.report.figures import report_figures


def test_of_many_settings_the_summary_counts(told, made):
    runs = [made.learn(loss=loss, batch=batch) for loss in (made.CE, made.MSE) for batch in (4, 8, 16, 32)]
    text = told(runs)[0]
    assert "The level is reached first by cross entropy in 4 of 4 settings." in text


def test_a_loss_alone_may_be_timed_by_its_own_measure(told, made):
    _, reservations, found = told([made.learn(loss=made.MSE, seed=seed).only("test_brier") for seed in range(3)])
    assert found.boards[0].ranked
    assert found.boards[0].level is not None
    assert "ranked" not in reservations


def test_of_many_settings_those_that_rank_nobody_are_not_counted(told, made):
    both = [made.learn(loss=loss, batch=batch) for loss in (made.CE, made.MSE) for batch in (4, 8, 16, 32)]
    text = told([run.only("test_brier") if run.spec["batch"] == 4 else run for run in both])[0]
    assert "The level is reached first by cross entropy in 3 of 3 settings." in text


@pytest.mark.slow
def test_a_setting_with_too_few_seeds_for_an_interval_or_a_test_is_named_where_others_have_enough(told, made):
    seeds = {32: range(8), 8: range(4)}
    runs = [made.learn(loss=loss, batch=batch, seed=n) for loss in (made.CE, made.MSE) for batch in seeds for n in seeds[batch]]
    text, reservations, found = told(runs)
    assert "beyond chance over 8\xa0seeds" in text
    assert "over 4\xa0seeds" not in text
    shown = {row.setting: (row.final_p, row.steps_p) for row in tables.differences(found)}
    assert shown["batch 8"] == ("–", "–")
    assert "–" not in shown["batch 32"]
    assert "In batch 8 there are 4\xa0seeds, too few for a 95\xa0% interval and for any test" in reservations
    assert "In batch 32" not in reservations


def test_of_a_start_and_an_end_alone_nothing_is_timed_and_lines_are_called_straight(told, made):
    """All losses would reach any level at the last step, or never: final results say so already."""

    def ends(run):
        curves = {name: [values[0], values[-1]] for name, values in run.curves.items()}
        return replace(run, steps=[run.steps[0], run.steps[-1]], curves=curves)

    runs = [made.learn(loss=loss, seed=seed) for loss in (made.CE, made.MSE) for seed in range(2)]
    straight = "Only 2 steps were recorded: lines between them are drawn straight"
    readings = []
    for shown in ([ends(run) for run in runs], runs):
        text, _, found = told(shown)
        readings.append(next(figure.reading for figure in report_figures(found) if figure.heading == "Convergence"))
        assert (found.boards[0].level is None) == (shown is not runs)
        assert ("test accuracy after" in text) == (shown is runs)
        shutil.rmtree(found.study.folder)
    assert straight in readings[0].replace(formatting.SPACE, " ")
    assert "straight" not in readings[1]


def test_counts_say_what_each_loss_has_where_not_all_have_the_same(told, made):
    rates = {"cross_entropy": (0.01, 0.1), "half_squared_error": (0.1, 1.0)}
    runs = [
        made.learn(loss=loss, optimizer__lr=lr, seed=seed)
        for loss in (made.CE, made.MSE)
        for lr in rates[loss["word"]]
        for seed in range(3 if loss is made.CE else 2)
    ]
    text = told(runs)[0].replace(formatting.SPACE, " ")
    assert "10 runs of cross entropy and half squared error: 2 learning rates for each loss and 2 to 3 seeds." in text


def test_beside_a_reference_in_the_middle_it_is_said_who_is_better_and_who_worse(told, made):
    """Of five losses cross entropy, whose rate is in the middle, ends in the middle."""
    rates = {"focal": 0.007, "hinge": 0.006, "cross_entropy": 0.005, "beta": 0.003, "arctan": 0.001}
    losses = {word: {"word": word, "link": "sigmoid"} for word in rates}
    runs = [
        made.learn(loss=losses[word], init=made.SATURATED, optimizer__lr=rate, seed=seed).only("test_accuracy")
        for word, rate in rates.items()
        for seed in range(12)
    ]
    text, _, found = told(runs)
    ends = {standing.sample.contender.word: standing.final.centre for standing in found.boards[0].standings}
    assert ends["focal"] > ends["cross_entropy"] > ends["arctan"]
    own = [match for match in found.matches if match.score == "final"]
    sure = sum(match.corrected < 0.05 for match in own)
    assert re.search(r"Next to cross entropy, .*%\), \w+ is better \(.*\) and \w+ is worse \(beyond chance over 12\sseeds", text)
    assert f"Of 4 losses {sure} differ from it beyond chance." in text


@pytest.mark.parametrize("factor", [1, 4, 8, 30])
def test_a_smaller_gradient_is_the_reason_only_where_the_rate_does_not_make_up_for_it(told, made, factor):
    """Half squared error at more and more times cross entropy's rate, from a saturated start."""
    rates = ((made.CE, 0.02), (made.MSE, 0.02 * factor))
    runs = [made.learn(loss=loss, init=made.SATURATED, optimizer__lr=rate, seed=n) for loss, rate in rates for n in range(3)]
    text, _, found = told(runs)
    entropy, squared = found.boards[0].standings
    first = [np.median([found.curves.values(run, "output_gradient")[0] for run in s.sample.runs]) for s in (entropy, squared)]
    assert first[0] > 2 * first[1]
    slower = squared.step.centre > 1.5 * entropy.step.centre
    assert ("why:" in text) == (slower and first[0] >= 2 * factor * first[1])
    assert ("gradients:" in text) == ("why:" not in text)
