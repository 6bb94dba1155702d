"""Selection: a rate stands for a loss by a measure that the loss does not own."""

import numpy as np
import pytest

from lossbench.analysis.results import results
from lossbench.analysis.selection import RateTrial, best_rate, finals, tuning_seeds
from lossbench.tables import read_study


@pytest.fixture
def digested(made, tmp_path):
    """The results of made-up runs."""
    return lambda runs: results(read_study(made.write(tmp_path / "study", runs)))


def test_the_rate_with_the_best_median_final_result_is_chosen(demo):
    found = results(read_study(demo))
    for sample in found.chosen.samples:
        measure = found.measures[sample.setting]
        tuning = found.tuning[sample.setting]
        rivals = [s for s in found.everything.within(sample.setting) if s.contender == sample.contender]
        medians = {rival.rate: np.median(finals(rival.only(tuning), found.curves, measure)) for rival in rivals}
        assert medians[sample.rate] == max(medians.values())


def test_a_seed_that_chose_does_not_judge(demo):
    found = results(read_study(demo))
    assert set(found.tuning.values()) == {(0, 1)}
    assert {sample.seeds for sample in found.chosen.samples} == {(2, 3, 4, 5)}
    assert {sample.seeds for sample in found.everything.samples} == {(0, 1, 2, 3, 4, 5)}
    assert {s.sample.seeds for board in found.boards for s in board.standings} == {(2, 3, 4, 5)}
    assert {runs for s in found.sensitivities for runs in s.runs} == {6.0}


def test_what_happens_on_the_other_seeds_chooses_nothing(digested, made):
    # at 0.3 the seeds that choose diverge, and at 0.1 all the others do
    runs = [made.learn(optimizer__lr=rate, seed=seed) for rate in (0.1, 0.3) for seed in range(5)]
    runs = [r.diverged(5) if (r.spec["seed"] < 2) == (r.spec["optimizer"]["lr"] == 0.3) else r for r in runs]
    chosen = digested(runs).chosen.samples
    assert [(sample.rate, sample.diverged) for sample in chosen] == [(0.1, (True, True, True))]


@pytest.mark.slow
def test_only_seeds_that_every_rate_and_loss_has_choose(digested, made):
    runs = [made.learn(optimizer__lr=rate, seed=seed) for rate in (0.1, 0.3) for seed in range(2, 10)]
    runs += [made.learn(loss=made.MSE, optimizer__lr=rate, seed=seed) for rate in (0.1, 0.3) for seed in range(8)]
    found = digested(runs)
    assert set(found.tuning.values()) == {(2, 3)}
    assert [sample.seeds for sample in found.chosen.samples] == [tuple(range(4, 10)), (0, 1, 4, 5, 6, 7)]


@pytest.mark.parametrize(("seeds", "rates"), [(4, (0.1, 0.3)), (8, (0.1,))])
def test_where_seeds_are_few_or_nothing_is_to_be_chosen_every_seed_judges(digested, made, seeds, rates):
    found = digested([made.learn(optimizer__lr=rate, seed=seed) for rate in rates for seed in range(seeds)])
    assert set(found.tuning.values()) == {()}
    assert [sample.seeds for sample in found.chosen.samples] == [tuple(range(seeds))]


def test_a_rate_that_diverges_is_never_chosen_before_one_that_does_not(demo):
    found = results(read_study(demo))
    entropy = [sample for sample in found.chosen.samples if sample.contender.word == "cross_entropy"]
    assert len(entropy) == 2
    assert not any(any(sample.diverged) for sample in entropy)


def test_among_equal_results_the_faster_rate_is_chosen(digested, made):
    runs = [made.learn(optimizer__lr=rate, seed=seed) for rate in (0.3, 0.6) for seed in range(3)]
    found = digested(runs)
    ends = [np.median(finals(sample, found.curves, found.measures[sample.setting])) for sample in found.everything.samples]
    assert ends == [1.0, 1.0]
    assert [sample.rate for sample in found.chosen.samples] == [0.6]


def test_the_trained_loss_never_decides(digested, made):
    runs = [
        made.learn(loss=loss, optimizer__lr=rate).only("train_loss", "test_loss")
        for loss in (made.CE, made.MSE)
        for rate in (0.1, 0.3)
    ]
    found = digested(runs)
    assert found.boards == ()
    assert [setting.label for setting in found.chosen.settings] == ["learning rate 0.1", "learning rate 0.3"]


@pytest.mark.parametrize(
    ("probes", "column", "neutral"),
    [
        (("test_accuracy", "test_log_loss", "test_brier"), "test_accuracy", True),
        (("train_accuracy", "test_log_loss", "test_brier"), "train_accuracy", True),
        (("test_log_loss", "test_brier"), "test_brier", False),
    ],
)
def test_neutral_measures_go_before_those_of_a_contestant(digested, made, probes, column, neutral):
    found = digested([made.learn(loss=loss).only(*probes) for loss in (made.CE, made.MSE)])
    measure = found.boards[0].measure
    assert (measure.column, measure.neutral) == (column, neutral)


def test_a_measure_that_one_loss_lacks_is_no_common_one(digested, made):
    runs = [made.learn().only("train_accuracy", "test_accuracy"), made.learn(loss=made.MSE).only("train_accuracy")]
    assert digested(runs).boards[0].measure.column == "train_accuracy"


def test_of_several_tasks_each_has_its_measure(digested, made):
    runs = [made.learn(), made.learn(loss=made.MSE | {"link": "identity"}, dataset__word="diabetes").regression()]
    assert [board.measure.column for board in digested(runs).boards] == ["test_squared_error", "test_accuracy"]


@pytest.mark.parametrize("n", range(5, 41))
def test_the_lowest_quarter_of_the_seeds_chooses_and_the_others_judge(n):
    seeds = np.random.default_rng(n).permutation(100)[:n].tolist()
    tuning, judging = tuning_seeds(seeds)
    assert [*tuning, *judging] == sorted(seeds)
    assert len(tuning) == max(2, n // 4)


@pytest.mark.parametrize("seeds", [(), (7,), (2, 1), (3, 1, 2, 4), (1, 1, 2, 2, 3)])
def test_few_seeds_choose_and_judge_together(seeds):
    assert tuning_seeds(seeds) == (tuple(sorted(set(seeds))),) * 2


def test_as_many_seeds_choose_as_are_asked_for_unless_none_are_left():
    assert tuning_seeds(range(6), 3) == ((0, 1, 2), (3, 4, 5))
    assert tuning_seeds(range(3), 1) == ((0,), (1, 2))
    assert tuning_seeds(range(6), 6) == tuning_seeds(range(6), 0) == (tuple(range(6)),) * 2


@pytest.mark.parametrize(
    ("trials", "chosen"),
    [
        ({0.1: ([0.7, 0.8, 0.9], 0.1), 1.0: ([0.6, 0.7, 1.0], 0.9)}, 0.1),  # the median decides, not the mean or the best run
        ({0.1: ([0.8, 0.8], 0.1), 1.0: ([0.8, 0.8], 0.2)}, 1.0),  # of equal ends the better average over the training
        ({1.0: ([0.8, 0.8], 0.2), 0.1: ([0.8, 0.8], 0.2), 0.3: ([0.8, 0.8], 0.2)}, 0.1),  # and of equal averages the smaller rate
    ],
)
def test_of_rates_that_tie_the_faster_and_then_the_smaller_is_chosen(trials, chosen):
    made = [
        RateTrial(rate=rate, scores=np.array(ends), averages=np.full(len(ends), average))
        for rate, (ends, average) in trials.items()
    ]
    assert best_rate(made, "higher", "higher").rate == chosen
