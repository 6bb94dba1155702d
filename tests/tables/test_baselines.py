"""What accuracy is worth without learning: scikit-learn's dummy says so, the records keep it, and levels begin there."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.dummy import DummyClassifier

import lossbench as lb
from lossbench.analysis.results import results
from lossbench.data.loading import load
from lossbench.datasets.classic import BreastCancer, Diabetes, Iris
from lossbench.datasets.with_validation import WithValidation
from lossbench.interfaces.dataset import majority_shares
from lossbench.report import tables
from lossbench.tables import BASELINES_KEY, part_files, read_study


@pytest.mark.parametrize("dataset", [Iris(), BreastCancer(seed=3), WithValidation(of=BreastCancer(), size=0.3)])
def test_shares_of_the_most_frequent_class_are_a_dummys_accuracies(dataset):
    split = load(dataset).split
    labels = [
        y if y.shape[1] == 1 else y.argmax(axis=1) for y in (split.train_y, split.test_y, split.validation_y) if y is not None
    ]
    features = [x for x in (split.train_x, split.test_x, split.validation_x) if x is not None]
    dummy = DummyClassifier(strategy="most_frequent").fit(features[0], np.ravel(labels[0]))
    theirs = [dummy.score(x, np.ravel(y)) for x, y in zip(features, labels, strict=True)]
    assert majority_shares(split) == pytest.approx(theirs)


def test_a_regression_has_none():
    assert majority_shares(load(Diabetes()).split) == ()


@pytest.fixture
def unequal(made, tmp_path):
    """The results of a study whose runs begin at 10 % and end at 92 %, where a class has so great a share."""

    def make(share):
        runs = [made.learn(loss=loss, seed=seed).only("test_accuracy") for loss in (made.CE, made.MSE) for seed in range(2)]
        for run in runs:
            run.curves["test_accuracy"][:] = np.linspace(0.1, 0.92, len(run.steps)).tolist()
        folder = made.write(tmp_path / "study", runs)
        (path,) = part_files(folder)
        table = pq.read_table(path)
        if share:
            text = '{"' + runs[0].spec["data"] + '": {"test_accuracy": ' + str(share) + "}}"
            table = table.replace_schema_metadata({BASELINES_KEY: text.encode()})
        pq.write_table(table, path)
        return results(read_study(folder))

    return make


def test_a_level_lies_between_the_most_frequent_class_and_the_best_result(unequal):
    found = unequal(0.9)
    assert found.boards[0].level == round(0.9 + 0.9 * (0.92 - 0.9), 3)
    (part,) = tables.scoreboard(found)
    assert part.baseline.replace("\xa0", " ") == "90.0 %"


def test_a_start_above_the_most_frequent_class_stays_the_start(unequal):
    assert unequal(0.05).boards[0].level == round(0.1 + 0.9 * (0.92 - 0.1), 3)


def test_where_no_loss_exceeds_the_most_frequent_class_nothing_is_timed_and_that_is_said(unequal):
    found = unequal(0.95)
    assert found.boards[0].level is None
    assert tables.scoreboard(found)[0].baseline.endswith("which no loss exceeds")


def test_records_without_a_baseline_are_read_as_before(unequal):
    found = unequal(None)
    assert (found.boards[0].baseline, found.boards[0].level) == (None, round(0.1 + 0.9 * (0.92 - 0.1), 3))
    assert tables.scoreboard(found)[0].baseline == ""


@pytest.mark.slow
def test_training_keeps_the_share_of_the_most_frequent_class(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = lb.run(loss="ce", dataset="breast_cancer", model="logistic", steps=3, probes=("accuracy",), study="kept")
    split = load(BreastCancer()).split
    (known,) = read_study(study.folder).baselines.values()
    assert known == pytest.approx(dict(zip(("train_accuracy", "test_accuracy"), majority_shares(split), strict=True)))
    page = study.report().with_suffix(".md").read_text()
    assert f"most frequent class {100 * known['test_accuracy']:.1f}" in page
    assert pd.read_csv(study.folder / "tables" / "scoreboard.csv")["baseline"].iloc[0] == pytest.approx(known["test_accuracy"])
