"""The scoreboard against the curves that it was made from."""

import numpy as np
import pytest

from lossbench.analysis import shares, statistics
from lossbench.analysis.results import results
from lossbench.tables import read_study


@pytest.fixture
def found(demo):
    """The demo's results."""
    return results(read_study(demo))


@pytest.mark.slow
def test_scores_are_those_of_the_curves(found):
    for board in found.boards:
        for standing in board.standings:
            for i, run in enumerate(standing.sample.runs):
                curve = found.curves.values(run, board.measure.column)
                assert standing.finals[i] == curve[-1]
                assert standing.bests[i] == curve.max()
                there = found.curves.steps(run)[curve >= board.level]
                assert standing.steps[i] == (there[0] if len(there) else np.inf)


@pytest.mark.slow
def test_the_level_lies_between_start_and_best_result(found):
    for board in found.boards:
        start = np.median([found.curves.values(run, board.measure.column)[0] for s in board.standings for run in s.sample.runs])
        goal = max(standing.final.centre for standing in board.standings)
        assert board.level == pytest.approx(start + 0.9 * (goal - start), abs=0.001)


@pytest.mark.slow
def test_matches_are_paired_by_seed(found):
    match = next(match for match in found.matches if match.score == "steps")
    one, other = (next(s for s in match.board.standings if s.sample.contender == c) for c in (match.one, match.other))
    assert one.sample.seeds == other.sample.seeds
    assert match.difference == statistics.paired(one.steps, other.steps)
    assert match.improvement == shares.improvement(one.steps, other.steps, "lower")


def test_seeds_that_only_one_loss_has_are_no_pairs(made, tmp_path):
    runs = [made.learn(seed=seed) for seed in (0, 1, 2)] + [made.learn(loss=made.MSE, seed=seed) for seed in (1, 2, 3)]
    matches = results(read_study(made.write(tmp_path / "study", runs))).matches
    assert {match.difference.median.n for match in matches} == {2}


def test_p_values_are_corrected_over_the_whole_report(found):
    assert [match.corrected for match in found.matches] == statistics.holm([match.difference.p for match in found.matches])


def test_a_diverged_run_counts_as_never_and_as_worst(made, tmp_path):
    runs = [
        made.learn(seed=0).diverged(20),
        made.learn(seed=1),
        made.learn(loss=made.MSE, seed=0),
        made.learn(loss=made.MSE, seed=1),
    ]
    board = results(read_study(made.write(tmp_path / "study", runs))).boards[0]
    entropy = board.standings[0]
    assert entropy.finals.tolist() == [-np.inf, 1.0]
    assert entropy.steps[0] == np.inf
    assert entropy.diverged == 1
    assert entropy.mean.centre == 1.0


def test_where_nothing_is_learnt_there_is_no_level(made, tmp_path):
    board = results(read_study(made.write(tmp_path / "study", [made.learn(optimizer__lr=0.0)]))).boards[0]
    assert board.level is None
    assert np.isnan(board.standings[0].steps).all()
