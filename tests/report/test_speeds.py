"""Who reaches the level when is told as the scoreboard has it."""

import re

import pytest

from lossbench.report import speeds


def test_speeds_are_those_of_the_scoreboard(told, made):
    text, _, found = told([made.learn(loss=loss, seed=seed) for loss in (made.CE, made.MSE) for seed in range(3)])
    fast, slow = (standing.step.centre for standing in found.boards[0].standings)
    assert f"after {fast:.0f} steps (median), half squared error after {slow:.0f}: {slow / fast:.1f} times as many" in text


def test_a_level_never_reached_is_told_as_never(told, made):
    text, _, found = told([made.learn(loss=loss, init=made.SATURATED) for loss in (made.CE, made.MSE)])
    assert found.boards[0].standings[1].step.centre == float("inf")
    assert re.search(r"Cross entropy reaches 90\.\d\s% test accuracy after \d+ steps; half squared error does not", text)


@pytest.mark.slow
def test_seeds_on_which_neither_loss_is_first_are_told_beside_the_probability_that_counts_them_half(told, made):
    runs = [made.learn(loss=loss, seed=seed) for loss in (made.CE, made.MSE) for seed in range(8)]
    found = told([run.diverged(5) if run.spec["seed"] < 3 else run for run in runs])[2]
    match = next(match for match in found.matches if match.score == "steps")
    assert 8 - match.difference.lower - match.difference.higher == 3
    text = speeds.arrivals(found.boards, found.matches)[0].text
    assert (
        f"on {match.difference.lower} of 8\xa0seeds and neither before nor after it on 3, which count half, on a new one" in text
    )


@pytest.mark.slow
def test_arrivals_are_counted_by_run_and_by_pair(told, made):
    runs = [made.learn(loss=loss, seed=seed) for loss in (made.CE, made.MSE) for seed in range(8)]
    found = told([*runs[:8], runs[8].diverged(5), *runs[9:]])[2]
    text = speeds.arrivals(found.boards, found.matches)[0].text
    assert text.startswith("1 of 8\xa0runs under half squared error never get there. Cross entropy is there before")
    match = next(match for match in found.matches if match.score == "steps")
    assert f"on {match.difference.lower} of 8\xa0seeds" in text
    assert f"{100 * match.improvement.low:.0f}\xa0% to {100 * match.improvement.high:.0f}\xa0%" in text


def test_who_arrives_first_is_told_whichever_comes_first_on_the_page(told, made):
    runs = [made.learn(loss=loss, seed=seed) for loss in (made.CE, made.MSE) for seed in range(8)]
    found = told([*(run.diverged(5) for run in runs[:7]), *runs[7:]])[2]
    match = next(match for match in found.matches if match.score == "steps")
    text = speeds.arrivals(found.boards, found.matches)[0].text
    assert f"Half squared error is there before cross entropy on {match.difference.higher} of 8\xa0seeds" in text
    low, high = (f"{100 * (1 - end):.0f}\xa0%" for end in (match.improvement.high, match.improvement.low))
    assert f"a probability of {low} to {high}" in text


@pytest.mark.parametrize(
    ("others", "told_first"), [(("focal",), "Cross entropy and focal reach"), (("focal", "hinge"), "3 of 4 losses reach")]
)
def test_losses_that_are_first_together_are_told_together(told, made, others, told_first):
    """Made-up losses other than half squared error have cross entropy's curves."""
    losses = [made.CE, *({"word": word, "link": "sigmoid"} for word in others), made.MSE]
    text, _, found = told([made.learn(loss=loss, seed=seed) for loss in losses for seed in range(3)])
    steps = {standing.step.centre for standing in found.boards[0].standings}
    assert len(steps) == 2
    assert re.search(
        rf"{told_first} \S+\s% test accuracy after {min(steps):.0f} steps \(median\), half squared error after", text
    )
