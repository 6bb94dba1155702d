"""Charts: many names beside a panel, axes that hold what they should, dots without a number."""

from itertools import pairwise

import numpy as np
import pytest

from lossbench.analysis.comparison import Contender
from lossbench.analysis.statistics import median
from lossbench.plots import chart, dots
from lossbench.plots.chart import Axis, Chart, Line, Panel, Reference
from lossbench.plots.dots import Dots, Mark
from lossbench.plots.end_labels import CROWD, beside, ends, needed_height
from lossbench.plots.style import ramp, strokes

X = np.array([1.0, 2.0, 4.0])


def people(n):
    return [Contender(word=f"loss_{i}", label=f"loss {i}", variant=0) for i in range(n)]


def line(who, y):
    y = np.asarray(y, dtype=float)
    return Line(who=who, x=X, middle=y, low=y, high=y)


@pytest.fixture
def shown(monkeypatch):
    """Draws a lone panel of lines; the figure that comes of it."""

    def show(lines, looks=None, x=None, y=None, references=()):
        seen = []
        monkeypatch.setattr(chart, "rendered", lambda figure: seen.append(figure) or (b"", b""))
        rows = ((y or Axis(label="y"), (Panel(lines=tuple(lines), references=references),)),)
        looks = looks or strokes([one.who for one in lines])
        chart.draw_chart(Chart(name="n", title="t", note="", heads=("",), x=x or Axis(label="x"), rows=rows, looks=looks))
        return seen[0]

    return show


def names(figure):
    """What is written beside the panel, from the top down."""
    written = [text for text in figure.axes[0].texts if text.get_text()]
    return [text.get_text() for text in sorted(written, key=lambda text: -text.get_window_extent().y0)]


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, CROWD, CROWD + 1, 40])
def test_every_line_is_named_once_in_the_order_of_the_ends(n, shown):
    heights = np.random.default_rng(0).permutation(n) + 1.0
    figure = shown([line(who, X * height) for who, height in zip(people(n), heights, strict=True)])
    order = np.argsort(-heights)
    assert names(figure) == [f"loss {i}" for i in order]


@pytest.mark.parametrize(("n", "named"), [(1, 0), (2, 2), (CROWD + 1, 0)])
def test_a_picture_knows_the_names_and_colours_of_a_few_lines_that_are_named_beside_it(n, named, monkeypatch):
    monkeypatch.setattr(chart, "rendered", lambda _: (b"", b""))
    who = people(n)
    rows = ((Axis(label="y"), (Panel(lines=tuple(line(one, X * (i + 1)) for i, one in enumerate(who))),)),)
    looks = strokes(who)
    drawn = chart.draw_chart(Chart(name="n", title="t", note="", heads=("",), x=Axis(label="x"), rows=rows, looks=looks))
    assert drawn.key == tuple((one.label, looks[one].colour) for one in who[:named])


@pytest.mark.slow
def test_names_of_a_crowd_do_not_lie_on_one_another(shown):
    figure = shown([line(who, X**0 * 1.03**i) for i, who in enumerate(people(40))])
    boxes = sorted(text.get_window_extent().extents[[1, 3]].tolist() for text in figure.axes[0].texts)
    assert len(boxes) == 40
    assert all(below[1] <= above[0] + 0.5 for below, above in pairwise(boxes))


def test_lines_of_one_look_that_are_the_same_share_a_name():
    one, other, third = people(3)
    lines = [(one, X, X), (other, X, 1.001 * X), (third, X, 2 * X)]
    same = dict.fromkeys((one, other, third), ramp(1)[0])
    assert needed_height(lines, same) == pytest.approx(2 * needed_height(lines[:1], same))
    assert needed_height(lines, strokes((one, other, third))) == pytest.approx(3 * needed_height(lines[:1], same))
    assert beside(lines, same) > beside(lines[2:], same)


def test_on_an_even_axis_lines_are_the_same_only_where_they_cover_one_another():
    one, other = people(2)
    lines = [(one, X, np.array([98.0, 96.0, 89.0])), (other, X, np.array([98.0, 96.0, 88.0]))]
    same = dict.fromkeys((one, other), ramp(1)[0])
    assert needed_height(lines, same) == pytest.approx(2 * needed_height(lines[:1], same))


def test_a_line_ends_where_its_last_number_is():
    one, other = people(2)
    assert ends([(one, X, np.array([1.0, 3.0, np.nan])), (other, X, X * np.nan)]) == {one: (2.0, 3.0)}


def test_an_axis_holds_what_is_measured_and_published_but_not_every_theory(shown):
    (who,) = people(1)
    published = Reference(name="book", x=X, y=np.array([1.0, 2.0, 9.0]), derived=False)
    theory = Reference(name="theory", x=X, y=np.array([1.0, 2.0, 900.0]), derived=True)
    low, high = shown([line(who, [2, 3, 4])], references=(published, theory), y=Axis(label="y", scale="even")).axes[0].get_ylim()
    assert low <= 1
    assert 9 <= high < 20


@pytest.mark.parametrize(
    ("axis", "scale", "limits"),
    [
        (Axis(label="y", scale="log"), "log", None),
        (Axis(label="y", scale="even"), "linear", None),
        (Axis(label="y"), "log", None),
        (Axis(label="y", limits=(0, 50)), "linear", (0, 50)),
        (Axis(label="y", scale="log", limits=(1, 50)), "log", (1, 50)),
    ],
)
def test_an_axis_is_as_it_was_asked_for(axis, scale, limits, shown):
    axes = shown([line(people(1)[0], [1, 10, 100])], y=axis).axes[0]
    assert axes.get_yscale() == scale
    assert limits is None or axes.get_ylim() == limits


def test_a_dot_without_a_number_stands_at_the_edge_where_it_would_lie(monkeypatch):
    seen = []
    monkeypatch.setattr(dots, "rendered", lambda figure: seen.append(figure) or (b"", b""))
    worse, never, fine = people(3)
    values = {worse: [-np.inf] * 7, never: [np.inf] * 7, fine: [1.0, 2.0, 3.0]}
    row = tuple(Mark(who=who, estimate=median(np.array(some)), seeds=len(some)) for who, some in values.items())
    dots.draw_dots(
        Dots(name="n", title="t", note="", rows=("case",), panels=(("", Axis(label="x"), (row,)),), looks=strokes(values))
    )
    crosses = [drawn.get_xdata()[0] for drawn in seen[0].axes[0].lines if drawn.get_marker() == "x"]
    assert crosses == [0.0, 1.0]


def test_a_band_without_an_upper_end_runs_out_of_the_panel_and_one_without_ends_is_none(shown):
    (who,) = people(1)
    low, high = np.array([1.0, 1.0, np.inf]), np.array([2.0, np.inf, np.inf])
    figure = shown([Line(who=who, x=X, middle=np.array([1.5, 1.5, np.nan]), low=low, high=high)], y=Axis(label="y", scale="even"))
    corners = figure.axes[0].collections[0].get_paths()[0].vertices
    assert corners[:, 0].max() == X[1]
    assert corners[:, 1].max() > figure.axes[0].get_ylim()[1]
