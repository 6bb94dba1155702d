"""Figures: one look for each loss, everywhere; text that cannot be drawn; axes that show what is there."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lossbench.analysis.comparison import Contender, Setting
from lossbench.plots import scales
from lossbench.plots.panels import chunks
from lossbench.plots.rates import scale_rates
from lossbench.plots.style import drawable, strokes, wrapped


def contenders(*words):
    return [Contender(word=word, label=word, variant=0) for word in words]


def test_a_loss_looks_the_same_whatever_it_is_compared_with():
    alone = strokes(contenders("half_squared_error"))
    company = strokes(contenders("cross_entropy", "half_squared_error", "focal"))
    assert company[contenders("half_squared_error")[0]] == next(iter(alone.values()))
    assert strokes(contenders("focal")) == {c: s for c, s in company.items() if c.word == "focal"}


def test_up_to_seven_losses_have_seven_colours_and_more_still_differ():
    seven = strokes(contenders("cross_entropy", "half_squared_error", "a", "b", "c", "d", "e"))
    assert len({look.colour for look in seven.values()}) == 7
    many = strokes(contenders(*(f"loss {i}" for i in range(15))))
    assert len(set(many.values())) == 15


def test_colours_differ_in_brightness_or_hue_for_the_colour_blind():
    looks = strokes(contenders("cross_entropy", "half_squared_error"))
    (_, _, blue), (_, _, other) = (to_rgb(look.colour) for look in looks.values())
    assert abs(blue - other) > 0.5
    assert len({look.dash for look in looks.values()}) == 2


def test_variants_of_a_loss_can_be_told_apart():
    variants = [Contender(word="focal", label=f"focal {i}", variant=i) for i in range(4)]
    assert len({look.colour for look in strokes(variants).values()}) == 4


@given(st.text(max_size=40))
def test_any_text_can_be_drawn(text):
    shown = drawable(text)
    assert len(shown) == len(text)
    assert "\n" not in shown
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert drawable(shown) == shown


def test_long_names_are_cut_and_say_so():
    assert wrapped("one two three four five six", 9, 2).count("\n") == 1
    assert wrapped("one two three four five six", 9, 2).endswith("…")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_names_are_moved_apart_and_keep_their_order(heights):
    placed = scales.spread(heights, 0.1)
    order = np.argsort(heights, kind="stable")
    assert (np.diff(np.array(placed)[order]) >= 0.1 - 1e-9).all()
    assert min(placed) >= 0
    assert max(placed) <= 1 + 1e-9


def test_names_that_do_not_meet_stay_where_they_are():
    assert scales.spread([0.9, 0.1], 0.2) == pytest.approx([0.9, 0.1])


@pytest.mark.parametrize(
    ("values", "wide"), [([1, 100], True), ([1, 2], False), ([0, 100], False), ([-1, 100], False), ([np.nan], False)]
)
def test_only_sizes_that_range_far_are_drawn_by_powers_of_ten(values, wide):
    assert scales.is_wide(np.array(values, dtype=float)) is wide


def test_axes_reach_no_deeper_than_thirty_decades():
    low, high = scales.log_limits(np.array([1e-300, 0.0, np.nan, 10.0]))
    assert 10 < high < 1e4
    assert low > 1e-34


@pytest.mark.parametrize(
    ("rates", "ticks"),
    [((0.3, 1), ["0.3", "1"]), ((0.01, 0.03, 0.1, 7), ["0.01", "0.03", "0.1", "7"]), ((0.03, 0.1, 0.3, 1, 3), ["0.1", "1"])],
)
def test_few_learning_rates_are_ticks_themselves(rates, ticks):
    figure = Figure()
    axes = figure.subplots()
    scale_rates(axes, np.array([*rates, *rates]), np.array([0.1, 0.9]), percent=True)
    figure.draw_without_rendering()
    low, high = axes.get_xlim()
    shown = [label.get_text() for label in axes.get_xticklabels() if low <= label.get_position()[0] <= high]
    assert shown == ticks


def test_many_settings_are_split_evenly_and_by_family():
    settings = [
        Setting(label=f"{data} {start}", task="classification", family=data, data=data)
        for data in "abc"
        for start in ("v", "w", "x", "y")
    ]
    assert [len(part) for part in chunks(settings)] == [2] * 6
    assert all(len({setting.family for setting in part}) == 1 for part in chunks(settings))
    lone = [Setting(label=str(i), task="classification", family=str(i), data=str(i)) for i in range(7)]
    assert [len(part) for part in chunks(lone)] == [3, 2, 2]
