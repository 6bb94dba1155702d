"""Titles and captions take their numbers from the records."""

import re

import pytest

from lossbench.claims.experiments import experiments, find_experiment
from lossbench.claims.figures import read_figures
from lossbench.errors import BadInput

SCORES = {"column": "test_accuracy", "x": "optimizer.lr", "panels": "init.output_bias"}
ONE = {"loss": "cross_entropy", "optimizer.lr": 0.3, "init.output_bias": 0}
TYPED = re.compile(
    r"\b(\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen|twenty|forty) (seeds|runs|rates|starts|draws)\b",
    re.IGNORECASE,
)


@pytest.mark.slow
def test_counts_are_those_of_the_figures_runs(figure):
    shown = figure("scores", **SCORES, title="Of {seeds} seeds", caption="{runs} runs, {rates} rates each, of {seeds} seeds.")
    assert (shown.heading, shown.reading) == ("Of 3 seeds", "24 runs, 2 rates each, of 3 seeds.")
    assert shown.pictures[0].title == "Of 3 seeds"
    fewer = figure("scores", **SCORES, of={"loss": "cross_entropy", "seed": [0, 2]}, caption="{runs} runs of {seeds} seeds.")
    assert fewer.reading == "8 runs of 2 seeds."
    lines = {"one": {"of": {"loss": "ce"}}, "other": {"of": {"loss": "mse"}}}
    said = {"column": "test_accuracy", "x": "optimizer.lr", "of": {"loss": ["ce", "mse"], "init.output_bias": 0}, "lines": lines}
    presets = figure("scores", **said, caption="{runs} runs, {rates} rates.")
    assert presets.reading == "12 runs, 2 rates."


@pytest.mark.slow
def test_a_number_is_measured_as_a_claim_is(figure, drawn_from):
    reached = {"of": ONE, "column": "test_accuracy", "score": "best", "value": "100 * (it >= 0.9)", "over": "mean"}
    ids = drawn_from.runs.query("loss == 'cross_entropy' and `optimizer.lr` == 0.3 and `init.output_bias` == 0")["run"]
    best = drawn_from.records[drawn_from.records["run"].isin(ids)].groupby("run")["test_accuracy"].max()
    assert len(best) == 3
    shown = figure("scores", **SCORES, numbers={"reached": reached}, caption="{reached} % do.")
    assert shown.reading == f"{100 * (best >= 0.9).mean():g} % do."


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"caption": "{seed} seeds"}, r"No number in a text of figure shown is called 'seed'\. Did you mean 'seeds'"),
        ({"caption": "{x}", "numbers": {"x": {"column": "nothing", "of": ONE}}}, "figure shown, number x.*'nothing'"),
        ({"numbers": 3}, "numbers is 3; it is a mapping"),
    ],
)
def test_a_number_that_is_not_there_is_refused_by_name(figure, said, message):
    with pytest.raises(BadInput, match=message):
        figure("scores", **SCORES, **said)


@pytest.mark.parametrize("name", sorted(set(experiments()) - {"label_noise"}))
def test_no_caption_has_a_typed_count_of_seeds_runs_or_rates(name):
    for figure in read_figures(find_experiment(name)):
        for text in (figure.title, figure.caption):
            assert not TYPED.search(text), (figure.name, text)
