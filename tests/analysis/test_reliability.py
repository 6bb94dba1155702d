"""Reliability diagrams: the bins of all runs together, and what is drawn and said of them."""

import numpy as np
import pandas as pd
import pytest

from lossbench.analysis.comparison import Comparison, Contender, Sample, Setting
from lossbench.analysis.curves import read_curves
from lossbench.analysis.reliability import reliabilities
from lossbench.plots.reliability import draw_reliability
from lossbench.report.captions import reliability

SETTING = Setting(label="", task="classification", family="", data="digits")
LOSS = Contender(word="focal", label="focal", variant=0)


@pytest.fixture
def binned():
    """Examples of two runs in three bins, recorded as an engine does; a third run diverged, a fourth gives no probabilities."""
    stream = np.random.default_rng(0)
    examples = pd.DataFrame({"run": np.repeat(["a", "b"], 100), "sure": stream.uniform(0.34, 1, 200)})
    examples["right"] = stream.random(200) < examples["sure"] - 0.1
    examples.loc[examples["run"] == "b", "sure"] = examples["sure"].clip(lower=0.7)  # of b the first two bins are empty
    examples["bin"] = (examples["sure"] * 3).astype(int).clip(upper=2)
    rows = []
    for run in "abcd":
        own = examples[examples["run"] == run]
        for step in (0, 10):
            row = {"run": run, "step": step}
            for k in range(3):
                inside = own[own["bin"] == k]
                row[f"test_reliability_share/{k}"] = len(inside) / len(own) if step and len(own) else np.nan
                row[f"test_reliability_accuracy/{k}"] = inside["right"].mean() if step else np.nan
                row[f"test_reliability_probability/{k}"] = inside["sure"].mean() if step else np.nan
            rows.append(row)
    sample = Sample(
        setting=SETTING,
        contender=LOSS,
        rate=0.1,
        seeds=(0, 1, 2, 3),
        splits=(0, 0, 0, 0),
        runs=("a", "b", "c", "d"),
        diverged=(False, False, True, False),
    )
    comparison = Comparison(settings=(SETTING,), contenders=(LOSS,), samples=(sample,), facts=())
    return comparison, read_curves(pd.DataFrame(rows)), examples


def test_all_runs_together_are_the_bins_of_all_their_examples(binned):
    comparison, curves, examples = binned
    (line,) = reliabilities(SETTING, comparison, curves)
    groups = examples.groupby("bin")
    np.testing.assert_allclose(line.share, groups.size() / 200)
    np.testing.assert_allclose(line.accuracy, groups["right"].mean())
    np.testing.assert_allclose(line.probability, groups["sure"].mean())
    assert line.runs == 2
    assert line.excess == pytest.approx(examples["sure"].mean() - examples["right"].mean())
    assert line.error == pytest.approx((groups.size() / 200 * (groups["right"].mean() - groups["sure"].mean()).abs()).sum())


def test_the_figure_is_drawn_and_says_how_much_too_sure_the_model_is(binned):
    comparison, curves, examples = binned
    (picture,) = draw_reliability(comparison, curves)
    assert b"focal" in picture.svg
    (caption,) = reliability(comparison, curves)
    excess = 100 * (examples["sure"].mean() - examples["right"].mean())
    assert caption.text.startswith(f"On average the model is {excess:.1f} points too sure under focal")


def test_nothing_is_drawn_where_bins_were_not_recorded(binned):
    comparison, curves, _ = binned
    without = type(curves)({name: values for name, values in curves.columns.items() if "accuracy" not in name}, curves.slices)
    assert draw_reliability(comparison, without) == []
    assert reliability(comparison, without) == []
