"""What a comparison recommends: a network for rows as they come, and a threshold that validation data chose."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import lossbench as lb
from lossbench.comparison.best import threshold, trained_layers
from lossbench.comparison.choice import complete_seeds
from lossbench.data.loading import load
from lossbench.errors import BadInput

RATES = (0.1, 1.0)


@pytest.fixture(scope="module")
def table():
    stream = np.random.default_rng(0)
    x = stream.normal(size=(160, 3))
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    frame["plan"] = np.where(x[:, 1] > 0.5, "gold", np.where(x[:, 2] > 0, "silver", "none"))
    frame.loc[::17, "b"] = np.nan
    return frame.assign(left=np.where(x[:, 0] + 0.5 * stream.normal(size=160) > 0.8, "yes", "no"))


@pytest.fixture(scope="module")
def study(table, tmp_path_factory):
    return lb.compare(
        ["ce", "focal"], data=table, target="left", metric="average_precision", seeds=3, rates=RATES, epochs=3,
        model={"hidden": (4,)}, data_options={"missing": "fill"}, results=tmp_path_factory.mktemp("best"),
    )  # fmt: skip


@pytest.mark.slow
def test_new_rows_are_prepared_as_scikit_learn_prepares_them_by_the_rows_that_trained(study, table):
    features = table.drop(columns="left")
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    kinds = OneHotEncoder(sparse_output=False)
    own = ColumnTransformer([("numbers", numbers, ["a", "b", "c"]), ("kinds", kinds, ["plan"])]).fit(features)
    new = pd.DataFrame({"a": [0.3, np.nan], "b": [np.nan, 2.0], "c": [0.0, -9.0], "plan": ["gold", "none"]})
    units = own.transform(new).T
    for weight, bias, word in study.best.layers:
        units = weight @ units + bias
        units = 1 / (1 + np.exp(-units)) if word == "sigmoid" else units
    expected = 1 / (1 + np.exp(-units[0]))
    np.testing.assert_allclose(study.best.predict_proba(new)[:, 1], expected, rtol=1e-9)
    assert list(study.best.predict(new)) == ["yes" if p > study.best.threshold else "no" for p in units[0]]


@pytest.mark.slow
def test_a_saved_model_says_the_same_and_what_is_none_is_refused(study, table, tmp_path):
    path = study.best.save(tmp_path / "model.pt")
    again = lb.load_model(path)
    np.testing.assert_array_equal(again.predict_proba(table), study.best.predict_proba(table))
    np.testing.assert_array_equal(again.predict(table.head(3)), study.best.predict(table)[:3])
    with pytest.raises(BadInput, match="no column 'c'"):
        again.predict(table.drop(columns="c"))
    (tmp_path / "other.pt").write_bytes(b"no model")
    with pytest.raises(BadInput, match="damaged"):
        lb.load_model(tmp_path / "other.pt")


@pytest.mark.slow
def test_the_threshold_does_best_on_validation_data_and_knows_no_other(study):
    best, specs = study.outcome.best, {run.id: run for run in study.specs}
    at = threshold(best, specs, study.request.metric)
    sides = [_validation(specs[choice.run]) for choice in best.chosen]

    def worth(shift):
        return np.mean([f1_score(y, z > shift, average="macro", zero_division=0) for z, y in sides])

    assert (
        worth(at) >= max(worth(shift) for shift in np.linspace(-3, 3, 61)) - 0.02
    )  # candidates are shares of the examples, and not these
    assert "F1 (macro)" in study.recommendation
    assert study.recommendation.startswith(
        f"Use {best.label} at a learning rate of {best.usual.rate:g}, and decide for yes above"
    )


def _validation(run):
    """Raw outputs and labels (N,) of a run's validation data."""
    split = load(run.dataset).split
    units = split.validation_x.T
    for weight, bias, word in trained_layers(run, run.steps):
        units = weight @ units + bias
        units = 1 / (1 + np.exp(-units)) if word == "sigmoid" else units
    return units[0], split.validation_y[:, 0]


def test_only_seeds_that_are_whole_for_every_loss_are_judged():
    runs = {
        "a": pd.DataFrame({"seed": [0, 0, 1, 1, 2]}),
        "b": pd.DataFrame({"seed": [0, 0, 1, 2, 2]}),
    }
    assert complete_seeds(runs, {"a": 2, "b": 2}) == [0]
    assert complete_seeds(runs, {"a": 2, "b": 3}) == []


@pytest.mark.slow
def test_an_interrupted_comparison_judges_what_is_there(study, table):
    known = {"target": "left", "metric": "average_precision", "epochs": 3, "model": {"hidden": (4,)}, "rates": RATES}
    more = lb.compare(
        ["ce", "focal"], data=table, seeds=5, data_options={"missing": "fill"}, results=study.folder.parent, train=False, **known
    )
    assert [len(one.chosen) for one in more.outcome.contestants] == [3, 3]
    assert "Interrupted: 8 runs are not trained yet, and 3 seeds are judged." in more.text()


@pytest.mark.slow
def test_print_has_other_names_editable_text_and_its_command(study, tmp_path):
    names = {"cross_entropy": "CE", "focal": "Focal (γ = 2)"}
    latex = study.to_latex(names)
    assert r"Focal ($\gamma$ = 2)" in latex
    assert "cross\\_entropy" not in latex
    assert f"% {study.command}" in latex
    pdf = study.save_figure(tmp_path / "figure.pdf", 1, names).read_bytes()
    assert b"/CIDFontType2" in pdf  # TrueType as Type 42, which programs edit
    assert b"/Type3" not in pdf
    assert any("lossbench.compare".encode(form) in pdf for form in ("ascii", "utf-16-be"))  # in the metadata
    svg = study.save_figure(tmp_path / "figure.svg", 2, names).read_text("utf-8")
    assert ">CE</text>" in svg
    assert study.plot().title not in svg.partition("</metadata>")[2]
    with pytest.raises(BadInput, match=r"a \.pdf or an \.svg"):
        study.save_figure(tmp_path / "figure.png")
    with pytest.raises(BadInput, match="cross_entropy"):
        study.to_latex({"cross_entropi": "CE"})


@pytest.mark.slow
def test_data_given_from_python_train_in_workers_as_in_this_process(table, tmp_path):
    data = lb.datasets.from_frame(table, "left", missing="fill")
    known = {"loss": "ce", "dataset": data, "seed": range(2), "epochs": 1, "study": "given"}
    studies = [
        lb.run(results=tmp_path / executor, engine={"executor": executor, "workers": 2}, **known)
        for executor in ("serial", "loky")
    ]
    ends = [study.records.sort_values(["run", "step"])["test_accuracy"].tolist() for study in studies]
    assert ends[0] == ends[1]
