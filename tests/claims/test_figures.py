"""Figures as data: same records, same bytes; nothing is cut off; what is wrong is refused by name."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lossbench.claims.figures import KINDS, read_figures
from lossbench.claims.schema import Experiment
from lossbench.errors import BadInput

PLOTS = {"curves": "chart", "scores": "chart", "units": "unit_lanes", "surface": "contours", "compare": "dots"}
EXAMPLES = {
    "curves": {
        "column": "test_accuracy",
        "of": {"optimizer.lr": 0.3},
        "panels": "init.output_bias",
        "rows": {"accuracy": {"column": "test_accuracy"}, "cost": {"column": "test_loss", "label": "cost"}},
    },
    "scores": {"column": "test_log_loss", "x": "optimizer.lr", "panels": "init.output_bias"},
    "units": {
        "column": "test_recall/*",
        "beneath": "test_accuracy",
        "seeds": [0, 2],
        "of": {"optimizer.lr": 0.3, "init.output_bias": 0},
    },
    "surface": {
        "x": "optimizer.lr",
        "y": "init.output_bias",
        "cost": {"column": "train_loss"},
        "shade": {"column": "output_gradient"},
    },
    "compare": {"column": "test_log_loss", "of": {"optimizer.lr": 0.3}, "rows": "init.output_bias", "published": 0.5},
}


every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.slow
@every_kind
def test_the_same_records_give_the_same_bytes(kind, figure):
    (picture,), (again,) = figure(kind, **EXAMPLES[kind]).pictures, figure(kind, **EXAMPLES[kind]).pictures
    assert picture.name == "shown"
    assert picture.svg.startswith(b"<?xml")
    assert picture.png.startswith(b"\x89PNG")
    assert (picture.svg, picture.png) == (again.svg, again.png)


@pytest.mark.slow
@every_kind
def test_a_figure_brings_its_title_and_its_caption(kind, figure):
    exhibit = figure(kind, **EXAMPLES[kind])
    assert (exhibit.heading, exhibit.reading) == ("What is shown", "How to read it.")


@pytest.mark.slow
@every_kind
def test_nothing_leaves_the_paper(kind, figure, monkeypatch):
    seen = []
    monkeypatch.setattr(f"lossbench.plots.{PLOTS[kind]}.rendered", lambda drawn: seen.append(drawn) or (b"", b""))
    figure(
        kind,
        **EXAMPLES[kind]
        | {"title": "What is shown, told in a title as long as a title may be, which is rather long for a title"},
    )
    (drawn,) = seen
    box = drawn.get_tightbbox()
    wide, high = drawn.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= wide
    assert box.y1 <= high


@every_kind
def test_a_key_that_a_kind_does_not_know_is_refused_with_the_nearest(kind, figure):
    with pytest.raises(BadInput, match=r"figure 1 \(shown\).*'o'.*Did you mean"):
        figure(kind, **EXAMPLES[kind] | {"o": {"loss": "cross_entropy"}})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "said", "told"),
    [
        ("curve", {}, "Did you mean 'curves'"),
        ("curves", {"title": ""}, "has no title"),
        ("curves", {"title": "T" * 101}, "has 101 letters"),
        ("curves", {"name": "../escape"}, "small letters"),
        ("curves", {}, "names no column"),
        ("curves", {"column": "test_acuracy", "of": EXAMPLES["units"]["of"]}, "Did you mean 'test_accuracy'"),
        ("curves", {"column": "test_accuracy"}, "differ in init.output_bias, optimizer.lr"),
        ("curves", {"column": "test_accuracy", "of": {"loss": "focal"}}, "no run has loss = focal"),
        ("curves", {"column": "test_accuracy", "lines": "los"}, "Did you mean 'loss'"),
        ("curves", {"column": "test_accuracy", "lines": 3}, "splits nothing"),
        ("curves", {"column": "test_accuracy", "lines": {"one": {"off": {}}}}, "Did you mean 'of'"),
        ("curves", {"column": "test_accuracy", "panels": {"one": {"lines": ["focal"]}}}, "line of the figure"),
        ("curves", EXAMPLES["curves"] | {"limits": [1, 0]}, "lower one first"),
        ("curves", EXAMPLES["curves"] | {"steps_per_epoch": 0}, "more than 0"),
        ("curves", EXAMPLES["curves"] | {"published": {"file": "gone.csv", "x": "a", "y": "b"}}, "cannot be read as CSV"),
        ("curves", EXAMPLES["curves"] | {"published": {"x": "a", "y": "b"}}, "needs file"),
        ("curves", EXAMPLES["curves"] | {"theory": {"y": "exp(z)"}}, "cannot be worked out"),
        ("scores", {"column": "test_accuracy", "x": "dataset"}, "no number"),
        ("scores", EXAMPLES["scores"] | {"groups": {"one": ["cross_entropy"]}}, "filter each"),
        ("units", EXAMPLES["units"] | {"seeds": [7]}, "none of the seeds"),
        ("units", EXAMPLES["units"] | {"seeds": [0, 0, 1, 1, 2]}, "one to 4"),
        ("units", EXAMPLES["units"] | {"column": "train_recall/*"}, "recorded quantity"),
        ("units", EXAMPLES["units"] | {"column": "gradient_norm_weights/*"}, "is no share"),
        ("units", EXAMPLES["units"] | {"beneath": "test_acuracy"}, "Did you mean 'test_accuracy'"),
        ("surface", EXAMPLES["surface"] | {"of": {"init.output_bias": 0}}, "no grid"),
        ("surface", EXAMPLES["surface"] | {"cost": "train_loss"}, "are measures"),
        ("compare", EXAMPLES["compare"] | {"published": "high"}, "a number or a range"),
    ],
)
def test_what_is_wrong_is_told_with_the_name_of_the_figure(kind, said, told, figure):
    with pytest.raises(BadInput, match=r"(?i)figure (1|shown)") as refusal:
        figure(kind, **said)
    assert told in str(refusal.value)


def test_the_page_shows_every_kind_as_it_is_read(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    entries = tuple(entry for block in blocks for entry in yaml.safe_load(block))
    figures = read_figures(Experiment(name="page", title="Page", claims=(), figures=entries, folder=tmp_path, general=False))
    assert {figure.kind for figure in figures} == set(KINDS)


def test_no_figure_is_written_over_another(tmp_path):
    entry = {"kind": "curves", "name": "one", "title": "One", "caption": "One.", "column": "test_accuracy"}
    twice = Experiment(name="made", title="Made", claims=(), figures=(entry, entry), folder=tmp_path)
    with pytest.raises(BadInput, match="two figures named 'one'"):
        read_figures(twice)


def test_no_figure_takes_the_name_of_one_that_every_report_has(tmp_path):
    entry = {"kind": "curves", "name": "rates-2", "title": "One", "caption": "One.", "column": "test_accuracy"}
    alone = Experiment(name="made", title="Made", claims=(), figures=(entry,), folder=tmp_path, general=False)
    assert [figure.name for figure in read_figures(alone)] == ["rates-2"]
    with pytest.raises(BadInput, match="'rates-2', as one that every report has"):
        read_figures(replace(alone, general=True))


def test_a_figure_that_is_no_mapping_is_refused(tmp_path):
    with pytest.raises(BadInput, match="figure 1 wants a mapping"):
        read_figures(Experiment(name="made", title="Made", claims=(), figures=("curves",), folder=tmp_path))  # type: ignore[arg-type]
