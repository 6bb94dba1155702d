"""A study made up for figures: two losses, two starts, two rates, three seeds, with the recall of three classes."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from lossbench.analysis.curves import read_curves
from lossbench.claims.figures import draw_figures
from lossbench.claims.measurement import Records
from lossbench.claims.schema import Experiment
from lossbench.tables import read_study

RATES, SEEDS, BIASES = (0.03, 0.3), (0, 1, 2), (0.0, 2.0)


def with_recall(run):
    """The run with the recall of three classes: found at once, from the middle on, never."""
    half = np.arange(len(run.steps)) >= len(run.steps) // 2
    recall = {
        "test_recall/0": [1.0] * len(half),
        "test_recall/1": half.astype(float).tolist(),
        "test_recall/2": [0.0] * len(half),
    }
    return replace(run, curves=run.curves | recall)


@pytest.fixture(scope="package")
def drawn_from(made, tmp_path_factory):
    """The study, as tables."""
    runs = [
        with_recall(made.learn(loss=loss, init=made.GENTLE | {"output_bias": bias}, optimizer__lr=rate, seed=seed))
        for loss in (made.CE, made.MSE)
        for bias in BIASES
        for rate in RATES
        for seed in SEEDS
    ]
    return read_study(made.write(tmp_path_factory.mktemp("drawn") / "study", runs))


@pytest.fixture(scope="package")
def drawn_records(drawn_from):
    """The study, as claims and figures want it."""
    return Records(runs=drawn_from.runs, curves=read_curves(drawn_from.records))


@pytest.fixture
def figure(drawn_records, tmp_path):
    """Draws one figure of a kind, with whatever is said of it."""

    def draw(kind, **said):
        entry = {"kind": kind, "name": "shown", "title": "What is shown", "caption": "How to read it."} | said
        experiment = Experiment(name="made", title="Made", claims=(), figures=(entry,), folder=tmp_path)
        return draw_figures(experiment, drawn_records)[0]

    return draw


@pytest.fixture
def caught(monkeypatch):
    """Lists what a kind of figure hands to its plot."""

    def catch(kind, plot):
        seen, module = [], importlib.import_module(f"lossbench.claims.figure_kinds.{kind}")
        real = getattr(module, plot)
        monkeypatch.setattr(module, plot, lambda said: seen.append(said) or real(said))
        return seen

    return catch
