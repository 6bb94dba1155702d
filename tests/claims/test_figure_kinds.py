"""What a figure shows is what was recorded: lines, dots, maps and lanes against numbers taken from the tables by hand."""

import numpy as np
import pandas as pd
import pytest

from lossbench.analysis.labels import RATE
from lossbench.analysis.statistics import median
from lossbench.claims.figure_kinds.units import silent_units
from lossbench.plots.style import BLUE, GREY, VERMILLION, strokes
from lossbench.plots.unit_lanes import SilentUnit

ONE = {RATE: 0.3, "init.output_bias": 2}
CE, MSE = "cross entropy", "half squared error"


def runs_of(study, **wanted):
    """The runs with these values, by seed, the naive way."""
    runs = study.runs
    for name, value in wanted.items():
        runs = runs[runs[name] == value]
    return dict(zip(runs["seed"], runs["run"], strict=True))


def recorded(study, run, column):
    return study.records[study.records["run"] == run][column].to_numpy()


def matrix(study, column, **wanted):
    return np.array([recorded(study, run, column) for run in runs_of(study, **wanted).values()])


def lines(chart, row=0, panel=0):
    """A panel's lines by name."""
    return {line.who.label: line for line in chart.rows[row][1][panel].lines}


@pytest.mark.slow
def test_a_curve_is_the_median_of_its_own_runs_within_their_range(figure, caught, drawn_from):
    seen = caught("curves", "draw_chart")
    figure("curves", column="test_accuracy", of=ONE, steps_per_epoch=10)
    found = lines(seen[0])
    assert set(found) == {CE, MSE}
    for name, line in found.items():
        values = matrix(drawn_from, "test_accuracy", loss=name.replace(" ", "_"), **ONE)
        np.testing.assert_array_equal(line.middle, np.median(values, axis=0))
        np.testing.assert_array_equal([line.low, line.high], [values.min(axis=0), values.max(axis=0)])
        assert line.x[-1] == 40
        assert line.seeds == 3


@pytest.mark.slow
def test_several_columns_become_one_line_as_across_says(figure, caught, drawn_from):
    seen = caught("curves", "draw_chart")
    figure("curves", column="test_recall/*", across="count below 0.5", of=ONE)
    sleeps = matrix(drawn_from, "test_recall/1", loss="cross_entropy", **ONE)[0] < 0.5
    np.testing.assert_array_equal(lines(seen[0])[CE].middle, np.where(sleeps, 2, 1))  # class 2 is never found


@pytest.mark.slow
def test_a_panel_shows_the_lines_that_it_names_and_rows_their_own_axis(figure, caught):
    seen = caught("curves", "draw_chart")
    panels = {"both": {"of": ONE}, "one": {"of": {RATE: 0.03, "init.output_bias": 0}, "lines": ["entropy"]}}
    rows = {"accuracy": {"column": "test_accuracy"}, "cost": {"column": "test_loss", "label": "the cost", "scale": "log"}}
    named = {"entropy": {"of": {"loss": "cross_entropy"}}, "squares": {"of": {"loss": "half_squared_error"}}}
    figure("curves", panels=panels, rows=rows, lines=named)
    assert seen[0].heads == ("both", "one")
    assert [set(lines(seen[0], 1, panel)) for panel in (0, 1)] == [{"entropy", "squares"}, {"entropy"}]
    assert [(axis.label, axis.scale) for axis, _ in seen[0].rows] == [("test accuracy (%)", "share"), ("the cost", "log")]


@pytest.mark.slow
def test_a_loss_looks_as_it_does_in_every_figure_and_layers_are_a_ramp(figure, caught, made):
    seen = caught("curves", "draw_chart")
    figure("curves", column="test_accuracy", of=ONE)
    figure(
        "curves",
        column="test_accuracy",
        of=ONE,
        lines={"entropy": {"of": {"loss": "cross_entropy"}}, "all": {"of": {"loss": "half_squared_error"}}},
    )
    figure("curves", of=ONE | {"loss": "cross_entropy"}, lines={f"layer {i}": {"column": f"saturated/{i}"} for i in (1, 2)})
    by_loss, named, layers = (list(chart.looks.values()) for chart in seen)
    assert by_loss == named == list(strokes(seen[0].looks).values())
    assert len({look.colour for look in layers}) == 2
    assert not {look.colour for look in layers} & {look.colour for look in by_loss}


@pytest.mark.slow
def test_a_published_curve_and_a_theory_are_drawn_where_they_lie(figure, caught, tmp_path):
    pd.DataFrame({"epoch": [0, 1, 2], "right": [10, 20, 30]}).to_csv(tmp_path / "book.csv", index=False)
    seen = caught("curves", "draw_chart")
    published = {"file": "book.csv", "x": "10 * (epoch + 1)", "y": "right / 100", "label": "the book"}
    theory = {"t": [0, 1], "x": "400 * t", "y": "exp(-t)"}
    figure("curves", column="test_accuracy", of=ONE, published=published, theory=theory)
    book, formula = seen[0].rows[0][1][0].references  # once, though two lines carry them
    assert (book.name, book.x.tolist(), book.y.tolist()) == ("the book", [10, 20, 30], [0.1, 0.2, 0.3])
    np.testing.assert_allclose(formula.y, np.exp(-formula.x / 400))
    assert (formula.x.min(), formula.x.max()) == (0, 400)


@pytest.mark.slow
def test_a_score_is_the_median_at_each_x_and_formulas_know_the_rate(figure, caught, drawn_from):
    seen = caught("scores", "draw_chart")
    figure("scores", x=RATE, column="test_log_loss", value="rate * it", of={"init.output_bias": 2}, seeds="dots")
    line = lines(seen[0])[MSE]
    assert line.x.tolist() == [0.03, 0.3]
    for place, rate in enumerate(line.x):
        values = rate * matrix(drawn_from, "test_log_loss", loss="half_squared_error", **ONE | {RATE: rate})[:, -1]
        assert line.middle[place] == pytest.approx(np.median(values))
        np.testing.assert_allclose(sorted(line.dots[:, place]), sorted(values))


@pytest.mark.slow
def test_what_never_happens_is_not_drawn(figure, caught):
    seen = caught("scores", "draw_chart")
    figure("scores", x=RATE, column="test_log_loss", score="steps below 0.1", of={"init.output_bias": 2})
    middles = np.concatenate([line.middle for line in lines(seen[0]).values()])
    assert np.isnan(middles).any()
    assert not np.isinf(middles).any()


@pytest.mark.slow
def test_lines_of_a_group_share_its_colour_and_others_are_grey(figure, caught):
    seen = caught("scores", "draw_chart")
    figure("scores", x=RATE, column="test_loss", of={"init.output_bias": 2}, groups={"linear": {"loss": ["cross_entropy"]}})
    looks = {who.label: look.colour for who, look in seen[0].looks.items()}
    assert looks[CE] == seen[0].groups["linear"].colour
    assert looks[MSE] == GREY == seen[0].groups["others"].colour


@pytest.mark.slow
def test_a_group_has_the_colour_of_the_known_loss_in_it_wherever_it_stands(figure, caught):
    seen = caught("scores", "draw_chart")
    groups = {"second": {"loss": "half_squared_error"}, "first": {"loss": "cross_entropy"}}
    figure("scores", x=RATE, column="test_loss", of={"init.output_bias": 2}, groups=groups)
    assert [seen[0].groups[name].colour for name in ("first", "second")] == [BLUE, VERMILLION]


def test_units_are_told_of_where_they_sleep_long_and_when_they_wake():
    x = np.arange(11.0)
    early, drowsy = x > 1, np.full(11, 0.3)
    values = np.array([early, x > 5, x < 0, x != 3, x < 8, drowsy], dtype=float)
    found = silent_units(x, values, level=0.05, late=0.1)
    wakes = {1: 6.0, 2: None, 3: 4.0, 4: None}
    assert found == [SilentUnit(unit=unit, until=until) for unit, until in wakes.items()]


@pytest.mark.slow
def test_lanes_hold_what_was_recorded_of_each_seeds_run(figure, caught, drawn_from):
    seen = caught("units", "draw_lanes")
    figure("units", column="test_recall/*", beneath="test_accuracy", seeds=[2, 5, 0], of=ONE, late=0)
    (first, unit_rows), (second, _) = seen[0].rows
    assert (first.label, second.label) == (CE, MSE)
    assert unit_rows[1] is None  # no such seed was run
    run = runs_of(drawn_from, loss="cross_entropy", **ONE)[0]
    np.testing.assert_array_equal(unit_rows[2].values, [recorded(drawn_from, run, f"test_recall/{unit}") for unit in range(3)])
    assert [sleeper.unit for sleeper in unit_rows[2].silent_units] == [1, 2]
    np.testing.assert_array_equal(seen[0].beneath[2][first][1], recorded(drawn_from, run, "test_accuracy"))


@pytest.mark.slow
def test_a_map_is_the_median_over_the_seeds_at_its_place(figure, caught, drawn_from):
    seen = caught("surface", "draw_contours")
    shade = {"scores": {"one": {"column": "output_gradient"}, "two": {"column": "output_error"}}, "value": "one / two"}
    figure("surface", x=RATE, y="init.output_bias", cost={"column": "train_loss", "score": "first"}, shade=shade)
    shown = seen[0].maps[0]
    assert (shown.head, shown.x.tolist(), shown.y.tolist()) == (CE, [0.03, 0.3], [0.0, 2.0])
    values = [matrix(drawn_from, name, loss="cross_entropy", **ONE)[:, -1] for name in ("output_gradient", "output_error")]
    assert shown.cost[1, 1] == np.median(matrix(drawn_from, "train_loss", loss="cross_entropy", **ONE)[:, 0])
    assert shown.steepness[1, 1] == pytest.approx(np.median(values[0] / values[1]))


@pytest.mark.slow
def test_a_dot_is_the_estimate_that_claims_are_judged_by(figure, caught, drawn_from):
    seen = caught("compare", "draw_dots")
    rows = {"bad start": {"of": ONE, "published": [0.1, 0.2]}, "good start": {"of": ONE | {"init.output_bias": 0}}}
    figure("compare", column="test_log_loss", rows=rows)
    ((_, _, (bad, good)),) = seen[0].panels
    assert [mark.who.label for mark in bad] == [CE, MSE]
    assert bad[1].estimate == median(matrix(drawn_from, "test_log_loss", loss="half_squared_error", **ONE)[:, -1])
    assert (bad[0].published, good[0].published) == ((0.1, 0.2), None)


@pytest.mark.slow
def test_a_note_counts_seeds_and_not_the_choices_among_them(figure, caught):
    seen = caught("compare", "draw_dots")
    figure("compare", column="test_log_loss", of=ONE, over="best of 2")
    figure("compare", column="test_log_loss", of=ONE)
    assert all("of 3\N{NO-BREAK SPACE}seeds" in dots.note for dots in seen)
