"""Keys: every name is within the figure, in as many columns as find room."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from lossbench.analysis.comparison import Contender
from lossbench.plots.canvas import WIDTH, Layout, key_columns, open_grid
from lossbench.plots.style import strokes, styled

SHORT = [f"loss {n}" for n in range(8)]
LONG = [f"normalised cross entropy number {n} (softmax)" for n in range(14)]
LONGEST = ["generalised cross entropy with an option of many words (softmax)"] * 2


@pytest.mark.slow
@pytest.mark.parametrize("names", [SHORT, SHORT[:2], LONG, LONGEST, SHORT + LONG])
def test_no_name_of_a_key_leaves_the_figure(names):
    contenders = [Contender(word=f"w{n}", label=name, variant=0) for n, name in enumerate(names)]
    with styled():
        layout = Layout(title="t", note="n", heads=("",), labels=("y",), strokes=strokes(contenders), direct=False, height=2.0)
        figure = open_grid(layout).figure
        (legend,) = figure.legends
        box = legend.get_window_extent(FigureCanvasAgg(figure).get_renderer())
        assert box.x1 / figure.dpi <= WIDTH
        assert box.y0 / figure.dpi > figure.axes[0].get_position().y1 * figure.get_figheight()


@pytest.mark.slow
@pytest.mark.parametrize(("names", "columns"), [(SHORT, {4}), (SHORT[:2], {2}), (SHORT[:1], {1}), (LONG, {1, 2, 3})])
def test_a_key_has_as_many_columns_as_find_room(names, columns):
    assert key_columns([Contender(word=f"w{n}", label=name, variant=0) for n, name in enumerate(names)], 9.2) in columns
