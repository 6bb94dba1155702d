"""The one sentence: it says what the scoreboard says, and no more than the tests do."""

import re

import pytest

from lossbench.analysis import formatting
from lossbench.analysis.results import results
from lossbench.claims.text import Line
from lossbench.report.verdict import verdict, verdict_on_claims
from lossbench.tables import read_study


@pytest.fixture
def judged(made, tmp_path):
    def judge(runs):
        outcome = results(read_study(made.write(tmp_path / "study", runs)))
        return verdict(outcome), outcome

    return judge


@pytest.mark.slow
def test_it_says_how_much_faster_and_whether_that_is_more_than_chance(judged, made):
    text, outcome = judged([made.learn(loss=loss, seed=seed) for loss in (made.CE, made.MSE) for seed in range(8)])
    fast, slow = (standing.step.centre for standing in outcome.boards[0].standings)
    assert f"{formatting.times(slow / fast)} as fast as half squared error, {fast:.0f} steps against {slow:.0f}" in text
    assert "beyond chance over 8\xa0seeds" in text
    assert text.count(".") - len(re.findall(r"\d\.\d", text)) == 1  # one sentence


def test_a_loss_that_never_gets_there_is_no_ratio(judged, made):
    text, _ = judged([made.learn(loss=loss, init=made.SATURATED, seed=seed) for loss in (made.CE, made.MSE) for seed in range(3)])
    assert "half squared error never, and" in text
    assert "times" not in text


def test_of_several_settings_it_tells_where_losses_differ_most_and_says_so(judged, made):
    inits = (made.GENTLE, made.SATURATED)
    text, _ = judged([made.learn(loss=loss, init=init) for loss in (made.CE, made.MSE) for init in inits])
    assert text.startswith("Saturated start (of 2 settings the one where losses differ most): cross entropy reaches")


@pytest.mark.parametrize(("probe", "reason"), [("train_loss", "no measure was recorded"), ("test_brier", "ranks nobody")])
def test_where_nothing_ranks_it_says_why_there_is_none(probe, reason, judged, made):
    text, _ = judged([made.learn(loss=loss).only(probe) for loss in (made.CE, made.MSE)])
    assert text.startswith("No verdict: ")
    assert reason in text


def test_one_loss_has_a_result_and_no_rival(judged, made):
    text, outcome = judged([made.learn(seed=seed) for seed in range(3)])
    assert "its final test accuracy is" in text
    assert len(outcome.boards[0].standings) == 1


def test_when_all_diverge_nobody_is_the_better(judged, made):
    text, _ = judged([made.learn(loss=loss).diverged(5) for loss in (made.CE, made.MSE)])
    assert text == "At least half of the runs diverge, under every loss."


def test_claims_are_counted_by_their_verdicts():
    outcomes = ["holds", "differs", "holds", "no power", "not judged", "within scatter", "within scatter"]
    blank = dict.fromkeys(("claim", "row", "source", "published", "measured", "interval", "tolerance", "changed"), "")
    text = verdict_on_claims([Line(**blank, verdict=outcome) for outcome in outcomes]).replace("\xa0", " ")
    assert text == "Of 7 claims 2 hold, 2 lie within scatter, 1 differs, 1 has no power and 1 is not judged."
    assert verdict_on_claims([]) == ""
