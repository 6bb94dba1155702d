"""`compare` with folds, with more that is tuned than the rate, and its figures by name."""

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.model_selection import StratifiedKFold

import lossbench as lb
from lossbench.commands.cli import answer
from lossbench.comparison.budget import finer, trials
from lossbench.comparison.compare import Given, prepared
from lossbench.data.hold_out import random_state
from lossbench.data.loading import load
from lossbench.errors import BadInput
from lossbench.planning.target_contract import innermost

STREAM = np.random.default_rng(0)
X = STREAM.normal(size=(120, 3))
Y = np.where(X[:, 0] + 0.5 * STREAM.normal(size=120) > 0, "yes", "no")
TABLE = pd.DataFrame(X, columns=["a", "b", "c"]).assign(kind=Y)
TUNE = {"loss.gamma": [0.5, 2.0], "optimizer.l2": [0.0, 0.01]}
PROTOCOL = {"seeds": 3, "folds": 2, "rates": (0.1, 1.0), "tune": TUNE}
SMALL = {"seeds": 3, "rates": (0.1,)}
QUICK = {"epochs": 2, "model": "logistic"}
GIVEN = {"data": TABLE, "target": "kind", "metric": "accuracy"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return lb.compare(["ce", "focal"], results=tmp_path_factory.mktemp("folds"), **GIVEN, **PROTOCOL, **QUICK)


@pytest.mark.slow
def test_each_seed_parts_the_rows_into_folds_as_scikit_learn_does_and_validation_is_of_the_training_part(study):
    for seed in range(3):
        parted = StratifiedKFold(2, shuffle=True, random_state=random_state(seed, "split")).split(X, Y)
        for fold, (_, test) in enumerate(parted):
            (own,) = {
                run.dataset for run in study.specs if (innermost(run.dataset).seed, innermost(run.dataset).fold) == (seed, fold)
            }
            split = load(own).split
            assert len(split.test_y) == len(test)
            assert split.test_y.sum() == (Y[test] == "yes").sum()
            assert len(split.validation_y) == 0.2 * (120 - len(test))


@pytest.mark.slow
def test_a_seeds_score_is_the_mean_over_its_folds_and_the_interval_is_students_over_seeds(study):
    means = {}
    for one in study.outcome.contestants:
        assert [(c.seed, c.fold) for c in one.chosen] == [(seed, fold) for seed in range(3) for fold in range(2)]
        means[one.label] = [np.mean([c.test for c in one.chosen if c.seed == seed]) for seed in range(3)]
    (pair,) = study.outcome.pairs
    gaps = np.subtract(means[pair.first], means[pair.second])
    assert (pair.verdict.n, pair.verdict.mean) == (3, pytest.approx(gaps.mean()))
    step = np.diff(np.unique(np.round([*means.values()], 9))).min()  # accuracies of few rows lie on a grid
    step = min(step, np.diff(np.unique(np.round([0.0, *np.abs(gaps)], 9))).min())
    error = np.sqrt((gaps.var(ddof=1) + step**2 / 6) / 3)
    low, high = stats.t.interval(0.95, 2, gaps.mean(), error)
    assert (pair.verdict.low, pair.verdict.high) == pytest.approx((low, high))
    assert set(study.scoreboard["seeds"]) == {3}


@pytest.mark.slow
def test_every_setting_is_tried_and_the_best_by_validation_data_is_chosen(study):
    runs = study.runs.merge(study.curves.groupby("run").last(), left_on="run", right_index=True)
    assert [len(study.runs_of[label]) for label in ("cross_entropy", "focal")] == [3 * 2 * 2 * 2 * 2] * 2
    for one in study.outcome.contestants:
        own = runs[runs["run"].isin(study.runs_of[one.label])]
        for choice in one.chosen:
            rivals = own[(own["seed"] == choice.seed) & (own["dataset.fold"].fillna(0) == choice.fold)]
            assert choice.validation == rivals["validation_accuracy"].max()
            mine = rivals[rivals["run"] == choice.run].iloc[0]
            tried = {"loss.gamma": mine.get("loss.gamma"), "optimizer.l2": mine["optimizer.l2"]}
            assert {name: float(value) for name, value in choice.setting} == {n: v for n, v in tried.items() if not np.isnan(v)}
    shown = study.report()
    assert shown.read_text("utf-8").count('<p class="key">') == 2  # of curves, and of learning rates
    page = shown.with_suffix(".md").read_text("utf-8")
    assert "that is 8 settings a loss." in page
    assert "one that lacks loss.gamma has more learning rates, within the same range: cross_entropy 4 instead of 2." in page


@pytest.mark.slow
def test_a_python_session_shows_verdict_and_scoreboard(study):
    lines = repr(study).splitlines()
    assert lines[0] == study.outcome.sentences()[0]
    assert lines[-3].startswith("loss ")
    assert {line.split()[0] for line in lines[-2:]} == {"cross_entropy", "focal"}
    assert "ComparedStudy" not in repr(study)


@pytest.mark.slow
def test_figures_have_names_and_others_are_refused_with_them(study, tmp_path):
    assert [study.plot(name).name for name in ("standings", "convergence", "rates")] == ["standings", "convergence", "rates"]
    with pytest.raises(BadInput, match=r"Known: convergence, factors, gradients, rates, saturation, standings\."):
        study.plot("convergences")
    with pytest.raises(BadInput, match="the probe output_factors records"):
        study.plot("factors")
    for name, axis in (("convergence", "steps"), ("rates", "learning rate")):
        svg = study.save_figure(tmp_path / f"{name}.svg", 1, {"focal": "Focal"}, name).read_text("utf-8")
        assert ">Focal</text>" in svg
        assert f">{axis}</text>" in svg
        assert study.plot(name).title not in svg.partition("</metadata>")[2]
        assert 'width="241.2pt"' in svg  # a column of 3.35 inches


@pytest.mark.parametrize(
    ("tune", "sentence"),
    [
        ({"loss.gama": [1.0, 2.0]}, "Did you mean 'gamma'"),
        ({"loss.gamma": [1.0]}, "two values or more"),
        ({"loss.gamma": [1.0, 1.0]}, "each once"),
        ({"loss.gamma": [1, 1.0]}, "each once"),
        ({"loss.gamma": [1.0, {}]}, "values are numbers"),
        ({"optimizer.lr": [1.0, 2.0]}, "--rates"),
        ({"dataset.seed": [1, 2]}, "cannot be tuned"),
    ],
)
def test_what_cannot_be_tuned_is_refused_in_a_sentence(tune, sentence):
    with pytest.raises(BadInput, match=sentence):
        trials({"ce": lb.losses.CrossEntropy(), "focal": lb.losses.Focal()}, [0.1, 1.0], tune)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"tune": {"epochs": [1, 2]}}, "one of them is enough"),
        ({"folds": 1}, "at least 2"),
        ({"folds": 70}, "Possible: 2 to"),
    ],
)
def test_what_makes_no_sense_with_the_data_and_settings_is_refused_in_a_sentence(asked, sentence):
    with pytest.raises(BadInput, match=sentence):
        prepared(Given(losses=["ce", "focal"], **GIVEN), settings=QUICK, **SMALL, **asked)


@pytest.mark.slow
def test_data_with_a_test_part_of_their_own_have_no_folds():
    with pytest.raises(BadInput, match="has a test part of its own"):
        prepared(Given(losses=["ce", "focal"], data="xor"), settings=QUICK, folds=3)


@pytest.mark.slow
def test_a_callables_own_options_are_tuned(tmp_path, monkeypatch):
    (tmp_path / "tuned_losses.py").write_text(CALLABLE)
    monkeypatch.syspath_prepend(tmp_path)
    made = prepared(
        Given(losses=["ce", "tuned_losses:mine,scale=1.0"], **GIVEN),
        settings=QUICK,
        tune={"loss.scale": [0.5, 2.0]},
        rates=(0.1, 0.4),
    )
    assert list(made.runs_of) == ["cross_entropy", "tuned_losses:mine"]
    assert {run.optimizer.lr for run in made.plan.runs if run.id in made.runs_of["cross_entropy"]} == {0.1, 0.159, 0.252, 0.4}
    assert {made.settings[run] for run in made.runs_of["tuned_losses:mine"]} == {(("loss.scale", "0.5"),), (("loss.scale", "2"),)}


CALLABLE = '''
"""A loss with an option."""

from torch.nn.functional import binary_cross_entropy_with_logits


def mine(z, y, scale=1.0):
    """A scaled cross entropy."""
    return scale * binary_cross_entropy_with_logits(z, y, reduction="none")
'''


ZOO = {"none": lb.losses.CrossEntropy(), "gamma": lb.losses.Focal(), "delta": lb.losses.Huber()}
GAMMA, DELTA = {"loss.gamma": [0.5, 1.0, 2.0]}, {"loss.delta": [0.5, 1.0]}


@pytest.mark.parametrize("rates", [[0.1, 1.0], [0.01, 0.03, 0.1, 0.3, 1.0, 3.0], [0.1, 0.1001, 5.0]])
@pytest.mark.parametrize("tune", [GAMMA, {**GAMMA, **DELTA}, {"optimizer.l2": [0.0, 0.1]}])
def test_every_loss_tries_equally_many_settings_within_the_given_range(rates, tune):
    tried = trials(ZOO, rates, tune)
    counts = {sum(len(trial.rates) for trial in own) for own in tried.values()}
    assert counts == {len(rates) * (3 if "loss.gamma" in tune else 1)}
    for own in tried.values():
        sizes = [len(trial.rates) for trial in own]
        assert max(sizes) - min(sizes) <= 1
        for trial in own:
            assert set(rates) <= set(trial.rates)
            assert (min(trial.rates), max(trial.rates)) == (rates[0], rates[-1])
            assert list(trial.rates) == sorted(set(trial.rates))


@pytest.mark.parametrize("more", [1, 3, 6])
@pytest.mark.parametrize("known", [[0.1, 1.0], [0.01, 0.3, 0.4, 5.0], [0.001, 0.002, 3.0]])
def test_rates_stand_where_their_widest_gap_is_the_least_possible(known, more):
    gaps = np.diff(np.log(known))
    ways = combinations_with_replacement(range(len(gaps)), more)  # every way to put so many rates into the gaps
    least = min(max(gap / (1 + way.count(n)) for n, gap in enumerate(gaps)) for way in ways)
    assert np.diff(np.log(finer(known, len(known) + more))).max() == pytest.approx(least, abs=0.01)  # of rates to three digits


def test_one_rate_is_no_range_in_which_a_loss_without_the_option_could_try_more():
    with pytest.raises(BadInput, match="none has 1 of the 3 variants that another loss has, and one learning rate is no range"):
        trials(ZOO, [0.1], GAMMA)
    assert {len(own) for own in trials({"a": lb.losses.Focal()}, [0.1], {"loss.gamma": [0.5, 1.0]}).values()} == {2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--figure", "rates.png"], "is a .pdf or an .svg"),
        (["--figure", "f.svg", "--plot", "rats"], "Did you mean 'rates'?"),
        (["--figure", "f.svg", "--plot", "rates", "--rates", "0.1"], "two learning rates or more"),
        (["--figure", "f.svg", "--plot", "factors"], "--set probes=[output_factors]"),
        (["--name", "focl=Focal"], "Did you mean 'focal'?"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_before_anything_is_trained(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    TABLE.to_csv("table.csv", index=False)
    assert answer(["compare", "ce", "focal", "--data", "table.csv", "--target", "kind", "--seeds", "3", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "results").exists()
