"""`compare`: validation data choose, test data judge, and both doors lead to the same."""

import numpy as np
import pandas as pd
import pytest

import lossbench as lb
from lossbench.analysis.curves import Curves
from lossbench.comparison.choice import Chosen, Contestant, contestants
from lossbench.comparison.compare import Given, prepared
from lossbench.comparison.outcome import Outcome
from lossbench.comparison.request import ComparisonRequest
from lossbench.errors import BadInput
from lossbench.tables import Quantity

QUICK = {"epochs": 2, "model": "logistic"}


@pytest.fixture(scope="module")
def table():
    stream = np.random.default_rng(0)
    x = stream.normal(size=(120, 3))
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    return frame.assign(kind=np.where(x[:, 0] + 0.3 * stream.normal(size=120) > 0, "yes", "no"))


@pytest.fixture(scope="module")
def study(table, tmp_path_factory):
    root = tmp_path_factory.mktemp("compared")
    return lb.compare(
        ["ce", lb.losses.Focal(gamma=2)],
        data=table,
        target="kind",
        metric="accuracy",
        seeds=4,
        rates=(0.03, 0.3),
        results=root,
        **QUICK,
    )


def curves_of(values: dict[str, dict[str, list[float]]]) -> Curves:
    """Curves of runs by their ids: columns of values, three steps each."""
    columns = {
        name: np.concatenate([np.array(run[name], float) for run in values.values()])
        for name in ("step", "validation_m", "test_m")
    }
    return Curves(columns, {run: slice(3 * n, 3 * n + 3) for n, run in enumerate(values)})


def run(validation: list[float], test: list[float]) -> dict[str, list[float]]:
    return {"step": [0, 10, 20], "validation_m": validation, "test_m": test}


TWO_RATES = pd.DataFrame({"run": ["low", "high"], "seed": 0, "optimizer.lr": [0.1, 1.0], "outcome": "finished"})


def test_validation_chooses_and_test_has_no_say():
    curves = curves_of({"low": run([0, 0.5, 0.6], [0, 0.5, 0.9]), "high": run([0, 0.9, 0.7], [0, 0.8, 0.1])})
    ((one,),) = [c.chosen for c in contestants({"a": TWO_RATES}, curves, "m", "higher", early=False)]
    assert (one.rate, one.step, one.test) == (1.0, 20, 0.1)
    ((one,),) = [c.chosen for c in contestants({"a": TWO_RATES}, curves, "m", "higher", early=True)]
    assert (one.rate, one.step, one.test, one.last) == (1.0, 10, 0.8, 0.1)


def test_of_rates_that_tie_the_smaller_is_taken_and_a_lost_run_never():
    curves = curves_of({"low": run([0, 0.5, 0.7], [0, 0, 0.2]), "high": run([0, 0.5, 0.7], [0, 0, 0.9])})
    ((one,),) = [c.chosen for c in contestants({"a": TWO_RATES}, curves, "m", "higher", early=False)]
    assert one.rate == 0.1
    lost = TWO_RATES.assign(outcome=["diverged", "finished"])
    ((one,),) = [c.chosen for c in contestants({"a": lost}, curves, "m", "lower", early=False)]
    assert one.rate == 1.0


def test_a_rate_at_the_edge_is_warned_of_unless_another_does_as_well():
    rates = pd.DataFrame({"run": ["a", "b", "c"], "seed": 0, "optimizer.lr": [0.1, 0.3, 1.0], "outcome": "finished"})

    def warnings(ends):
        curves = curves_of({run_id: run([0, 0, end], [0, 0, end]) for run_id, end in zip("abc", ends, strict=True)})
        made = contestants({"focal": rates}, curves, "m", "higher", early=False)
        return Outcome(contestants=made, metric="m", quantity=Quantity(better="higher"), margin=0.1, early=False).warnings()

    assert warnings([0.5, 0.6, 0.6]) == warnings([0.6, 0.6, 0.6]) == warnings([0.5, 0.7, 0.6]) == []
    (upper,) = warnings([0.5, 0.6, 0.7])
    assert "focal does best at 1, the largest of the 3 learning rates tried, in 1 of 1 seeds" in upper
    assert "--rates 0.1,0.3,1,3,10 tells" in upper
    (lower,) = warnings([0.7, 0.6, 0.5])
    assert "--rates 0.01,0.03,0.1,0.3,1 tells" in lower


@pytest.mark.slow
def test_permuted_test_labels_change_nothing_that_was_chosen(study):
    records = study.curves
    shuffled = records.assign(test_accuracy=np.random.default_rng(0).permutation(records["test_accuracy"]))
    chosen = [[(c.seed, c.rate, c.step, c.validation) for c in one.chosen] for one in study.outcome.contestants]
    columns = {name: shuffled[name].to_numpy() for name in shuffled.columns if name != "run"}
    places = {
        run: slice(part.index[0], part.index[-1] + 1) for run, part in shuffled.reset_index(drop=True).groupby("run", sort=False)
    }
    runs = {label: study.runs[study.runs["run"].isin(ids)] for label, ids in study.runs_of.items()}
    again = contestants(runs, Curves(columns, places), "accuracy", "higher", early=False)
    assert [[(c.seed, c.rate, c.step, c.validation) for c in one.chosen] for one in again] == chosen


@pytest.mark.slow
def test_noise_gives_chance_on_test_data_however_many_rates_are_tried(tmp_path):
    stream = np.random.default_rng(5)
    x, y = stream.normal(size=(400, 5)), stream.integers(0, 2, 400)
    study = lb.compare(
        ["ce", "focal"],
        data=(x, y),
        metric="accuracy",
        seeds=8,
        rates=(0.001, 0.01, 0.1, 0.3, 1, 3),
        early=True,
        results=tmp_path,
        **QUICK,
    )
    tests = np.array([[c.test for c in one.chosen] for one in study.outcome.contestants])
    validation = np.array([[c.validation for c in one.chosen] for one in study.outcome.contestants])
    assert abs(tests.mean() - 0.5) < 0.05
    assert validation.mean() > 0.53  # what chose looks better than it is


@pytest.mark.slow
def test_a_renamed_cross_entropy_is_practically_the_same(table, tmp_path):
    twin = lb.losses.Focal(gamma=0)
    study = lb.compare(
        ["ce", twin], data=table, target="kind", metric="accuracy", seeds=3, rates=(0.1,), results=tmp_path, **QUICK
    )
    assert study.outcome.pairs[0].verdict.outcome == "practically the same"
    assert study.verdict == "Nothing here is better than cross_entropy."


def test_each_seed_has_its_own_split_and_both_losses_have_the_same(study):
    runs = study.runs
    assert (runs["dataset.seed"] == runs["seed"]).all()
    assert runs.groupby("seed")["data"].nunique().eq(1).all()
    assert runs["data"].nunique() == 4


@pytest.mark.slow
def test_what_is_stored_is_not_trained_again_and_seeds_can_be_added(study, table):
    parts = sorted((study.folder / "runs").iterdir())
    more = lb.compare(
        ["ce", lb.losses.Focal(gamma=2)], data=table, target="kind", metric="accuracy", seeds=5, rates=(0.03, 0.3),
        results=study.folder.parent, **QUICK,
    )  # fmt: skip
    assert set(parts) < set((study.folder / "runs").iterdir())
    assert len(more.outcome.contestants[0].chosen) == 5
    first = [[(c.seed, c.test) for c in one.chosen] for one in study.outcome.contestants]
    assert [[(c.seed, c.test) for c in one.chosen][:4] for one in more.outcome.contestants] == first


def test_the_scoreboard_has_the_rate_that_is_recommended_and_none_that_nobody_tried():
    chosen = [
        Chosen(seed=seed, run="", rate=rate, step=1, validation=0, test=0.9, last=0.9, diverged=False)
        for seed, rate in enumerate([0.03, 0.03, 0.1, 0.3])
    ]
    one = Contestant(label="one", chosen=tuple(chosen), rates=(0.03, 0.1, 0.3))
    outcome = Outcome(contestants=(one,), metric="m", quantity=Quantity(stem="m", title="m"), margin=0.01, early=False)
    assert list(outcome.scoreboard()["rate"]) == [0.03]
    assert outcome.recommendation().startswith("Use one at a learning rate of 0.03")


@pytest.mark.slow
def test_tables_pages_and_latex_say_the_same(study, tmp_path):
    page = study.report(tmp_path / "page.html")
    for text in (page.read_text("utf-8"), page.with_suffix(".md").read_text("utf-8"), study.text()):
        assert study.recommendation in text
    assert study.to_latex().count(r"\toprule") == 2
    assert list(study.scoreboard["loss"]) == [
        c.label for c in sorted(study.outcome.contestants, key=lambda c: -study.outcome.estimates[c.label].centre)
    ]
    assert len(study.differences) == 1
    assert study._repr_html_().count("<svg") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"losses": ["ce"]}, "two losses or more"),
        ({"losses": ["ce", "cross_entropy"]}, "given twice"),
        ({"losses": ["ce", "focl"]}, "focal"),
        ({"losses": ["ce", "focal"], "metric": "log_loss"}, "ranks nobody"),
        ({"losses": ["ce", "focal"], "metric": "acuracy"}, "accuracy"),
        ({"losses": ["ce", "focal"], "seeds": 2}, "3 seeds or more"),
        ({"losses": ["ce", "focal"], "rates": ()}, "rates is empty"),
        ({"losses": ["ce", "focal"], "settings": {"seed": 3}}, "comparison's own"),
        ({"losses": ["ce", "focal"], "data": "no.csv", "target": "y"}, "no.csv"),
        ({"losses": ["ce", "focal"], "data": 3}, "data is int"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(asked, sentence):
    given = {name: asked[name] for name in ("losses", "data", "target", "metric") if name in asked}
    protocol = {name: asked[name] for name in ("seeds", "rates") if name in asked}
    with pytest.raises(BadInput, match=sentence):
        prepared(Given(**{"data": "iris", **given}), settings=asked.get("settings", {}), **protocol)


@pytest.mark.slow
def test_a_rare_class_is_not_judged_by_accuracy(table):
    rare = pd.concat([table[table["kind"] == "no"], table[table["kind"] == "yes"].head(4)])
    made = prepared(Given(losses=["ce", "focal"], data=rare, target="kind"), seeds=3, rates=(0.1,), settings=QUICK)
    assert isinstance(made.request, ComparisonRequest)
    assert made.request.metric == "average_precision"


@pytest.mark.slow
def test_somebodys_loss_with_a_wrong_gradient_is_refused_and_can_be_let_in(tmp_path, monkeypatch):
    (tmp_path / "wrong_losses.py").write_text(WRONG)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadInput, match="its gradient is not the derivative"):
        prepared(Given(losses=["ce", "wrong_losses:Wrong"], data="iris"), settings=QUICK)
    let_in = prepared(Given(losses=["ce", "wrong_losses:Wrong"], data="iris", check=False), settings=QUICK)
    assert len(let_in.runs_of) == 2


WRONG = '''
"""A loss whose gradient is twice what it should be."""

from dataclasses import dataclass
from typing import Literal

from lossbench import Loss


@dataclass(frozen=True, kw_only=True)
class Wrong(Loss):
    """A squared distance on raw outputs."""

    link: Literal["identity"] = "identity"

    def value(self, z, y):
        return ((z - y) ** 2).sum(-2)

    def gradient(self, z, y):
        return 4 * (z - y)
'''
