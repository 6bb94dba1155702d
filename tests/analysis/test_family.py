"""Families of comparisons, and blocks: which losses are compared, over what, and what the correction knows of it."""

import itertools

import numpy as np
import pytest

from lossbench.analysis.results import results
from lossbench.errors import BadInput
from lossbench.report import caveats, summary, tables
from lossbench.tables import read_study

WORDS = ("cross_entropy", "alpha", "beta", "focal", "hinge", "poly1")
RATE = {word: 0.03 * (1 + n) for n, word in enumerate(WORDS)}


@pytest.fixture
def study(made, tmp_path):
    """A study of so many losses, which differ by their rates, with so many seeds, on so many splits."""

    def make(words, seeds=2, splits=(0,), **changed):
        runs = [
            made.learn(
                loss={"word": word, "link": "sigmoid"}, optimizer__lr=RATE[word], seed=seed, dataset__seed=split, **changed
            ).only("test_accuracy")
            for word in words
            for seed in range(seeds)
            for split in splits
        ]
        return read_study(made.write(tmp_path / f"study{len(list(tmp_path.iterdir()))}", runs))

    return make


def pairs(found):
    return {(match.one.word, match.other.word) for match in found.matches}


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_each_further_loss_adds_one_pair(n, study):
    assert pairs(results(study(WORDS[:n]))) == {("cross_entropy", word) for word in WORDS[1:n]}


@pytest.mark.slow
def test_the_family_can_be_all_pairs_or_another_reference(study):
    stored = study(WORDS[:5])
    every = {frozenset(pair) for pair in itertools.combinations(WORDS[:5], 2)}
    assert {frozenset(pair) for pair in pairs(results(stored, "all"))} == every
    assert pairs(results(stored, "focal")) == {("focal", word) for word in WORDS[:5] if word != "focal"}
    assert pairs(results(stored, "cross entropy")) == pairs(results(stored))
    with pytest.raises(BadInput, match=r"No loss of the study is called 'focl'\. Did you mean 'focal'"):
        results(stored, "focl")


def test_without_cross_entropy_the_first_loss_is_the_reference(study):
    assert pairs(results(study(("hinge", "focal", "beta")))) == {("beta", "focal"), ("beta", "hinge")}


@pytest.mark.slow
def test_p_is_corrected_over_the_family_and_the_page_says_over_what(study):
    stored = study(WORDS[:5], seeds=3)
    small, large = results(stored), results(stored, "all")
    assert (len(small.matches), len(large.matches)) == (8, 20)
    assert tables.family(small).replace("\xa0", " ") == (
        "Compared is each loss with cross entropy: 8 comparisons, of 4 pairs by the final result and the steps to the level."
    )
    assert "every two losses: 20 comparisons, of 10 pairs" in tables.family(large).replace("\xa0", " ")


@pytest.mark.slow
def test_seeds_of_the_data_that_cross_with_seeds_are_blocks(study):
    found = results(study(WORDS[:2], seeds=6, splits=range(5)))
    assert len(found.chosen.settings) == 1
    match = next(match for match in found.matches if match.score == "steps")
    one, other = (next(s for s in match.board.standings if s.sample.contender == loss) for loss in (match.one, match.other))
    gaps = np.array(one.steps) - np.array(other.steps)  # made in the same order: by seed, then by split
    assert match.difference.median.n == len(gaps) == 30
    assert one.sample.blocks == other.sample.blocks == tuple(itertools.product(range(6), range(5)))
    assert len(set(np.sign(gaps))) == 1
    assert match.difference.p == 2 / 2**30
    told = " ".join(caption.text for caption in summary.summary(found)).replace("\xa0", " ")
    assert "5 splits and 6 seeds" in told
    assert "beyond chance over 30 blocks" in told
    assert any("new seeds on these 5 splits" in sentence for sentence in caveats.reservations(found))


def test_a_split_that_goes_with_the_seed_is_no_block_of_its_own(made, tmp_path):
    runs = [
        made.learn(loss=loss, seed=seed, dataset__seed=seed).only("test_accuracy")
        for loss in (made.CE, made.MSE)
        for seed in range(3)
    ]
    found = results(read_study(made.write(tmp_path / "study", runs)))
    assert (found.everything.splits, found.everything.spoken_blocks) == (1, "3\xa0seeds")
    assert len(found.everything.settings) == 1


@pytest.mark.slow
def test_folds_are_splits(made, tmp_path):
    runs = [
        made.learn(loss=loss, seed=seed, dataset={"word": "digits", "seed": 0, "folds": 3, "fold": fold}).only("test_accuracy")
        for loss in (made.CE, made.MSE)
        for seed in range(2)
        for fold in range(3)
    ]
    found = results(read_study(made.write(tmp_path / "study", runs)))
    assert len(found.everything.settings) == 1
    assert found.everything.spoken_blocks == "6\xa0blocks (2\xa0seeds on 3\xa0splits)"
