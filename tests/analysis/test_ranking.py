"""Ranks against a published example, scikit-posthocs' numbers, and their own definition."""

import numpy as np
import pytest
from scipy import stats

from lossbench.analysis.comparison import Contender
from lossbench.analysis.ranking import critical_difference, rank
from lossbench.analysis.results import results
from lossbench.report.captions import order_of
from lossbench.tables import read_study

# Demšar 2006, Table 6: accuracy of C4.5, with m, with cf, and with both; 0.9749 is printed as 0.975, and ranked third
DEMSAR = """0.763 0.768 0.771 0.798
0.599 0.591 0.590 0.569
0.954 0.971 0.968 0.967
0.628 0.661 0.654 0.657
0.882 0.888 0.886 0.898
0.936 0.931 0.916 0.931
0.661 0.668 0.609 0.685
0.583 0.583 0.563 0.625
0.775 0.838 0.866 0.875
1.000 1.000 1.000 1.000
0.940 0.962 0.965 0.962
0.619 0.666 0.614 0.669
0.972 0.981 0.975 0.9749
0.957 0.978 0.946 0.970"""
LOSSES = [{"word": word, "link": "sigmoid"} for word in ("cross_entropy", "focal", "half_squared_error", "hinge")]


def named(*labels):
    return [Contender(word=label, label=label, variant=0) for label in labels]


def test_the_published_example_comes_out_as_published():
    accuracies = np.array([[float(cell) for cell in line.split()] for line in DEMSAR.splitlines()])
    found = rank(named("C4.5", "m", "cf", "m+cf"), [str(i) for i in range(14)], -accuracies)
    assert [c.label for c in found.contenders] == ["m+cf", "m", "cf", "C4.5"]
    assert found.averages == pytest.approx([1.964, 2.000, 2.893, 3.143], abs=0.001)
    assert found.distance == pytest.approx(1.25, abs=0.01)
    assert found.p == pytest.approx(stats.chi2.sf(9.28 / (1 - 78 / 840), 3), abs=1e-4)  # 9.28 before the correction for ties
    assert found.groups == [(0, 3)]  # 3.143 − 1.964 < 1.25: Nemenyi's test tells none apart, as the paper says


def test_pairs_are_told_apart_as_scikit_posthocs_tells_them():
    # posthoc_nemenyi_friedman of scikit-posthocs 0.17.1: p = 0.00033 for the first and the last, above 0.11 for all others
    costs = np.array(
        [
            [0.13, 0.87, 2.64, 3.1],
            [-0.54, 1.36, 3.3, 3.95],
            [-0.7, -0.27, 1.38, 3.04],
            [-2.33, 0.78, 0.75, 2.27],
            [-0.54, 0.68, 2.41, 4.04],
            [-0.13, 2.37, 1.33, 3.35],
        ]
    )
    assert rank(named("a", "b", "c", "d"), list("123456"), costs).groups == [(0, 2), (1, 3)]


def test_where_friedmans_test_finds_nothing_no_pair_is_told_apart():
    # the first and the last lie further apart than the critical difference, 2.10, and p is just above 0.05
    ranks = np.array([[3, 4, 2, 1], [4, 3, 2, 1], [4, 2, 3, 1], [4, 1, 3, 2], [3, 4, 1, 2]])
    found = rank(named("a", "b", "c", "d"), list("12345"), ranks)
    assert np.ptp(found.averages) > found.distance
    assert 0.05 < found.p < 0.051
    assert found.groups == [(0, 3)]


@pytest.mark.parametrize(("losses", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_differences_are_those_of_the_published_table(losses, q):
    # Demšar 2006, Table 5 (a)
    assert critical_difference(6, losses) == pytest.approx(q * np.sqrt(losses * (losses + 1) / 36), abs=0.002)


def test_losses_that_are_always_alike_share_their_ranks():
    found = rank(named("a", "b", "c"), list("1234"), np.ones((4, 3)))
    assert found.averages.tolist() == [2, 2, 2]
    assert (found.p, found.groups) == (1.0, [(0, 2)])


def test_only_the_order_within_a_data_set_counts():
    costs = np.random.default_rng(0).normal(size=(7, 5))
    scale = np.arange(1.0, 8.0)[:, None]
    one, other = (rank(named(*"abcde"), list("1234567"), c) for c in (costs, np.exp(costs) * scale + scale))
    assert (one.contenders, one.p, one.ranks.tolist()) == (other.contenders, other.p, other.ranks.tolist())


@pytest.fixture
def ranked(made, tmp_path):
    """The ranking of a study of so many losses on so many data sets, at so many batch sizes."""

    def make(losses, data, batches=(32,)):
        runs = [
            made.learn(loss=loss, dataset__word=word, batch=batch, optimizer__lr=rate).only("test_accuracy")
            for loss, rate in zip(LOSSES[:losses], (0.3, 0.02, 0.1, 0.005), strict=False)
            for word in data
            for batch in batches
        ]
        return results(read_study(made.write(tmp_path / "study", runs))).ranking

    return make


@pytest.mark.parametrize(("losses", "data"), [(2, "abc"), (4, "ab")])
def test_few_losses_or_settings_have_no_ranks(ranked, losses, data):
    assert ranked(losses, data) is None


@pytest.mark.slow
def test_the_settings_of_a_data_set_are_one_witness(ranked):
    found = ranked(3, "abc", (8, 16))
    assert found.blocks == ("a", "b", "c")
    assert found.ranks.shape == (3, 3)
    assert (found.among, found.p is None) == ("data sets", False)


@pytest.mark.slow
def test_settings_of_few_data_sets_are_ranked_and_not_tested(ranked):
    found = ranked(3, "ab", (8, 16))
    assert found.blocks == ("a, batch 8", "a, batch 16", "b, batch 8", "b, batch 16")
    assert (found.among, found.p, found.significant) == ("settings", None, False)


@pytest.mark.slow
def test_settings_of_one_data_set_are_never_tested_however_many(ranked):
    found = ranked(4, "a", (4, 8, 16, 32, 64, 128))
    assert len(found.blocks) == 6
    assert found.p is None
    assert "nothing is tested" in order_of(found)


@pytest.mark.slow
def test_ranks_follow_the_medians_of_the_scoreboard(made, tmp_path):
    runs = [
        made.learn(loss=loss, dataset__word=word, optimizer__lr=0.02, seed=seed)
        for loss in LOSSES[:3]
        for word in "abc"
        for seed in range(3)
    ]
    runs[0], runs[1] = runs[0].diverged(3), runs[1].diverged(3)
    found = results(read_study(made.write(tmp_path / "study", runs)))
    for row, board in zip(found.ranking.ranks, found.boards, strict=True):
        finals = {s.sample.contender: s.final.centre for s in board.standings}
        for contender, place in zip(found.ranking.contenders, row, strict=True):
            better = sum(value > finals[contender] for value in finals.values())
            equal = sum(value == finals[contender] for value in finals.values())
            assert place == better + (equal + 1) / 2
    assert found.ranking.ranks[0][found.ranking.contenders.index(found.everything.contenders[0])] == 3
