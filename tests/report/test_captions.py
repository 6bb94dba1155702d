"""Sentences say what the numbers say."""

import re
from dataclasses import replace

import pytest

from lossbench.analysis import formatting
from lossbench.analysis.results import results
from lossbench.report import captions, tables
from lossbench.report.figures import report_figures
from lossbench.tables import read_study

POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def test_the_error_is_blamed_where_both_start_from_the_same_outputs(told, made):
    text, _, found = told([made.learn(loss=loss, init=made.SATURATED) for loss in (made.CE, made.MSE)])
    entropy, squared = found.chosen.samples
    first = {
        (loss, column): found.curves.values(sample.runs[0], f"output_{column}")[0]
        for loss, sample in (("ce", entropy), ("mse", squared))
        for column in ("gradient", "slope")
    }
    assert first["ce", "slope"] == first["mse", "slope"]
    ratio = first["ce", "gradient"] / first["mse", "gradient"]
    assert ratio > 10
    assert f"{ratio:.0f} times smaller under half squared error than under cross entropy" in text
    assert "Both start from the same outputs, so it is the error" in text
    assert "why:" in text


@pytest.mark.slow
def test_factors_that_are_shown_multiply_as_they_are_shown(told, made):
    text = told([made.learn(loss=loss, init=made.SATURATED, seed=n) for loss in (made.CE, made.MSE) for n in range(5)])[0]
    plain = text.replace(",", "").replace(f"{formatting.SPACE}×{formatting.SPACE}10", "e").translate(POWERS)
    products = re.findall(r"([\d.e-]+) × ([\d.e-]+) = ([\d.e-]+)", plain)
    assert len(products) == 2
    for error, slope, gradient in products:
        assert float(error) * float(slope) == pytest.approx(float(gradient), rel=0.015)  # each has three digits


def test_no_bullet_of_a_section_stands_in_another(demo):
    sections = (demo / "report.md").read_text().split("\n## ")
    bullets = [{line.partition(":**")[2] or line for line in one.splitlines() if line.startswith("- ")} for one in sections]
    assert sum(map(len, bullets)) > 10
    assert len(set.union(*bullets)) == sum(map(len, bullets))


@pytest.mark.slow
def test_chance_is_told_from_difference(told, made):
    runs = [made.learn(loss=loss, init=made.SATURATED, seed=seed) for loss in (made.CE, made.MSE) for seed in range(8)]
    assert "(beyond chance over 8 seeds, p = 0.0" in told(runs)[0].replace("\xa0", " ")


@pytest.mark.slow
def test_a_test_that_can_say_nothing_says_nothing(told, made):
    runs = [made.learn(loss=loss, init=made.SATURATED, seed=seed) for loss in (made.CE, made.MSE) for seed in range(6)]
    text, reservations, found = told(runs)
    assert min(match.corrected for match in found.matches) > 0.05
    assert "chance" not in text
    assert "With 6\xa0seeds and 2\xa0comparisons no corrected p-value can fall below 0.05" in reservations


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "There is one seed"),
        ({"seeds": 3}, "With 3\xa0seeds there is no 95\xa0% interval"),
        ({"rates": (0.1, 0.3)}, "chosen on the same seeds on which the loss is then judged, which flatters every loss"),
        ({"probes": ("test_brier",)}, "is what half squared error minimises"),
        ({"probes": ("test_loss",)}, "losses are never ranked by those"),
        ({"broken": True}, "A run that diverged counts as worse than every run that finished"),
    ],
)
def test_what_weakens_a_claim_is_said(told, made, change, sentence):
    runs = [
        made.learn(loss=loss, seed=seed, optimizer__lr=rate)
        for loss in (made.CE, made.MSE)
        for seed in range(change.get("seeds", 1))
        for rate in change.get("rates", (0.1,))
    ]
    if "probes" in change:
        runs = [run.only(*change["probes"]) for run in runs]
    if "broken" in change:
        runs[0] = runs[0].diverged(5)
    assert sentence in told(runs)[1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"init": {"word": "given", "weight": 2.0}, "batch": None},
            "Nothing in these runs is drawn: any seed would give the same",
        ),
        ({"init": {"word": "given", "weight": 2.0}}, "another seed may tell another story"),
        ({"batch": None}, "another seed may tell another story"),
        ({"init": {"word": "given", "weight": 2.0}, "order": "sequential"}, "Nothing in these runs is drawn"),
    ],
)
def test_a_seed_that_decides_nothing_tells_no_other_story(told, made, changes, sentence):
    assert sentence in told([made.learn(loss=loss, **changes) for loss in (made.CE, made.MSE)])[1]


@pytest.mark.slow
def test_missing_probes_leave_a_sentence_in_the_figures_place(told, made):
    shown = report_figures(told([made.learn().only("test_accuracy")])[2])
    empty = {figure.heading for figure in shown if not figure.pictures}
    assert empty == {"Where the gradient goes missing", "Gradient by layer", "Saturation"}
    assert all("left out" in figure.reading for figure in shown if not figure.pictures)


@pytest.mark.slow
@pytest.mark.parametrize("word", ["cross_entropy", "hinge"])
def test_the_factors_are_explained_by_losses_that_were_trained(told, made, word):
    shown = report_figures(told([made.learn(loss=loss) for loss in (made.MSE, made.MSE | {"word": word})])[2])
    (reading,) = [figure.reading for figure in shown if figure.heading == "Where the gradient goes missing"]
    assert ("Cross entropy's error grows" in reading, "Of some losses the error grows" in reading) == (
        word == "cross_entropy",
        word == "hinge",
    )


@pytest.mark.slow
def test_the_width_of_the_good_range_is_counted(demo):
    found = results(read_study(demo))
    sensitivity = next(s for s in found.sensitivities if s.contender.word == "cross_entropy")
    assert sensitivity.diverged.tolist() == [0, 0, 6]
    text = captions.rates([sensitivity])[0].text
    assert re.match(r"Cross entropy does best at 0\.3 \(100\.0\s% ?\) and comes within 1\spoint of that at 2 of 3\srates", text)
    assert "runs diverge at 1" in text
    squared = next(s for s in found.sensitivities if s.contender.word == "half_squared_error")
    (other,) = captions.rates([replace(squared, chosen=0.03)])  # the seeds that chose may prefer another rate than all do
    assert other.text.startswith("Over all seeds half squared error does best at ")
    assert re.search(r"; on seeds 0 and 1, which chose its rate, it does best at 0.03 \([\d.]+\s% over all seeds\)\.", other.text)
    few = captions.rates(found.sensitivities, [sensitivity.contender])
    assert few
    assert not any("squared error" in caption.text for caption in few)  # of many losses those that the figure sets apart


@pytest.mark.slow
def test_the_seeds_that_chose_are_named(told, made):
    runs = [
        made.learn(loss=loss, seed=seed, optimizer__lr=rate)
        for loss in (made.CE, made.MSE)
        for seed in range(8)
        for rate in (0.1, 0.3)
    ]
    reservations = told(runs)[1]
    assert "best median final test accuracy on seeds 0 and 1, and judged on the other seeds" in reservations
    assert "flatters" not in reservations


@pytest.mark.slow
def test_a_measure_of_a_contestant_shows_values_and_ranks_nobody(told, made):
    runs = [
        made.learn(loss=loss, dataset__word="diabetes", seed=seed, optimizer__lr=rate).regression()
        for loss in ({"word": "absolute_error", "link": "identity"}, made.MSE | {"link": "identity"})
        for seed in range(12)
        for rate in (0.1, 0.3)
    ]
    text, reservations, found = told(runs)
    assert [len(board.standings) for board in found.boards] == [2]
    assert (found.boards[0].level, found.matches, found.ranking) == (None, (), None)
    assert "under half squared error and " in text
    assert "Half squared error minimises it, so it ranks nobody." in text
    assert not re.search(r"beyond chance|reaches|best|first", text)
    assert "losses are not ranked by it, and no difference is tested" in reservations
    assert tables.differences(found) == []
    assert tables.scoreboard(found)[0].measure == "test squared error, which half squared error minimises: no ranking"
    assert [sample.rate for sample in found.chosen.samples] == [0.3, 0.3]
    assert "How many runs get there" not in {figure.heading for figure in report_figures(found)}


@pytest.mark.slow
def test_ranks_are_told_with_what_the_tests_find(told, made):
    rates = {"cross_entropy": 0.3, "focal": 0.003, "hinge": 0.0003}
    runs = [
        made.learn(loss={"word": word, "link": "sigmoid"}, dataset__word=data, optimizer__lr=rate).only("test_accuracy")
        for word, rate in rates.items()
        for data in "abcdefgh"
    ]
    text = told(runs)[0]
    assert "Average ranks over 8 data sets: cross entropy (1.0), focal (2.0), hinge (3.0)." in text
    assert "Friedman's test finds more than chance (p\xa0<\xa00.001), and Nemenyi's tells 1 of 3\xa0pairs apart." in text


def test_equal_ranks_are_told_as_chance(told, made):
    runs = [
        made.learn(loss={"word": word, "link": "sigmoid"}, dataset__word=data).only("test_accuracy")
        for word in ("cross_entropy", "focal", "hinge")
        for data in "abc"
    ]
    assert "Friedman's test finds no more than chance (p\xa0=\xa01.00)." in told(runs)[0]
