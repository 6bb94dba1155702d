"""A metric of a plugin is one class: recorded beside the others, it is in every table and figure, and reports need it no more."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossbench.analysis import statistics
from lossbench.tables import read_study

PLUGIN = '''
"""The area under the ROC curve."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench import Metric, Outputs, Quantity


@dataclass(frozen=True, kw_only=True)
class RocArea(Metric):
    """The probability that a positive example is ranked above a negative one, ties counting half."""

    tasks: ClassVar = ("classification",)
    quantity: ClassVar[Quantity] = Quantity(title="area under ROC", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        positive = outputs.y[0] > 0.5
        apart = outputs.z[0][positive][:, None] - outputs.z[0][~positive]
        return ((apart > 0).double() + 0.5 * (apart == 0)).mean()
'''
SWEEP = (
    *("dataset=breast_cancer", "loss=ce,mse", "seed=range(7)", "optimizer.lr=0.01,0.1", "model=logistic", "batch=32", "steps=60"),
    *("recording.points=8", "engine=serial", "study=plugged", "plugins=[roc_plugin]", "probes=[loss,accuracy,roc_area]"),
)
WITHOUT_TORCH = (
    "import sys; from lossbench.commands.cli import answer; code = answer(sys.argv[1:]);"
    "sys.exit(code or sorted({'torch', 'roc_plugin'} & sys.modules.keys()) or 0)"
)


def command(folder: Path, program: str, *words: str, plugin: str = "") -> None:
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": plugin},
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was trained with the plugin, and reported without it and without torch."""
    folder = tmp_path_factory.mktemp("plugged")
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "roc_plugin.py").write_text(PLUGIN)
    command(folder, "from lossbench.commands.cli import main; main()", "run", *SWEEP, plugin=str(plugins))
    found = folder / "results" / "plugged"
    command(folder, WITHOUT_TORCH, "report", str(found))
    return found


@pytest.mark.slow
def test_a_plugins_metric_is_in_scoreboard_differences_and_scores(study: Path) -> None:
    board, differences, scores = (
        pd.read_csv(study / "tables" / f"{name}.csv") for name in ("scoreboard", "differences", "scores")
    )
    assert set(board["measure"]) == {"test_accuracy", "test_roc_area"} == set(differences["measure"]) == set(scores["measure"])
    assert set(differences["score"]) == {"test_accuracy", "test_roc_area", "steps_to_level"}
    np.testing.assert_allclose(differences["p_holm"], statistics.holm(list(differences["p"])))
    text = (study / "report.md").read_text(encoding="utf-8")
    assert "area under ROC" in text.split("## Scoreboard")[1].split("## Differences")[0]
    assert "area under ROC" in text.split("## Differences")[1].split("## Convergence")[0]
    assert "higher test accuracy or test area under ROC are better" in text.split("## Convergence")[1].split("## ")[0]


@pytest.mark.slow
def test_its_scores_are_the_recorded_ones_at_the_rates_that_the_first_measure_chose(study: Path) -> None:
    scores, records = pd.read_csv(study / "tables" / "scores.csv"), read_study(study).records
    last = records.groupby("run")["test_roc_area"].last()
    own = scores[scores["measure"] == "test_roc_area"]
    np.testing.assert_allclose(own["final"], last[own["run"]], rtol=1e-9)
    assert sorted(own["run"]) == sorted(scores[scores["measure"] == "test_accuracy"]["run"])


@pytest.mark.slow
def test_it_has_a_row_in_the_figure_of_convergence(study: Path) -> None:
    assert "area under ROC" in (study / "figures" / "convergence.svg").read_text(encoding="utf-8")
