"""A loss's domain is a contract: which targets are left in their own unit, and which are refused."""

import numpy as np
import pandas as pd
import pytest
from planning.test_plan import point

from lossbench.data.loading import describe, load
from lossbench.errors import BadInput
from lossbench.interfaces.domain import target_range
from lossbench.planning.plan import make_plan

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    targets = {"count": RNG.poisson(np.exp(X[:, 0])) + 0.0, "share": 1 / (1 + np.exp(-X[:, 0])), "real": X[:, 1]}
    pd.DataFrame({"a": X[:, 0], "b": X[:, 1]} | targets).to_csv("mine.csv", index=False)


def plan(losses, target, **options):
    dataset = {"word": "table", "path": "mine.csv", "target": target, "task": "regression"} | options
    return make_plan([point(loss={"word": word}, dataset=dataset) for word in losses]).runs


def test_losses_of_real_numbers_see_standardised_targets_as_ever():
    (run,) = plan(["half_squared_error"], "count")
    assert "target_scaling" not in run.dataset.describe()
    assert load(run.dataset).split.train_y.mean() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("loss", "target", "link"), [("poisson", "count", "identity"), ("cross_entropy", "share", "sigmoid")])
def test_where_a_loss_takes_no_real_numbers_all_losses_see_the_targets_as_they_are(loss, target, link):
    first, second = plan([loss, "half_squared_error"], target)
    assert first.dataset == second.dataset
    assert first.dataset.target_scaling == "none"
    assert (first.loss.link, second.loss.link) == (link, "identity")
    table = pd.read_csv("mine.csv")[target]
    split = load(first.dataset).split
    assert sorted(np.concatenate([split.train_y, split.test_y]).ravel()) == pytest.approx(sorted(table))


@pytest.mark.parametrize(
    ("loss", "target", "options", "said"),
    [
        (
            "cross_entropy",
            "real",
            {},
            "takes as targets shares, .* those of 'table', as it would see them, lie",
        ),
        ("cross_entropy", "count", {}, "takes as targets shares"),
        ("poisson", "real", {}, "takes as targets numbers of 0 or more"),
        ("poisson", "count", {"target_scaling": "standard"}, "standardised; dataset.target_scaling=none leaves them"),
    ],
)
def test_targets_outside_a_losss_domain_are_refused_before_training(loss, target, options, said):
    with pytest.raises(BadInput, match=said):
        plan([loss], target, **options)


def test_a_loss_that_trains_first_is_held_to_its_domain_too():
    init = {"word": "continued", "loss": {"word": "poisson"}, "init": {"word": "glorot"}, "steps": 3, "lr": 0.1}
    with pytest.raises(BadInput, match=r"poisson.* takes as targets numbers of 0 or more"):
        make_plan([point(loss={"word": "half_squared_error"}, dataset={"word": "diabetes"}, init=init)])


def test_the_unit_of_the_targets_is_kept_whichever_way_they_are_scaled():
    (standard,) = plan(["half_squared_error"], "count")
    (plain,) = plan(["half_squared_error"], "count", target_scaling="none")
    one, other = load(standard.dataset).split, load(plain.dataset).split
    np.testing.assert_allclose(one.train_y * one.scale.factor + one.scale.offset, other.train_y, atol=1e-12)
    assert (other.scale.offset, other.scale.factor, one.scale.deviation) == (0, 1, 1)
    assert other.scale.deviation == pytest.approx(one.scale.factor)


@pytest.mark.parametrize(
    ("values", "domains"),
    [
        ([[0.0], [1.0]], {"reals", "nonnegative", "counts", "shares", "distribution", "one_hot"}),
        ([[0.5], [1.0]], {"reals", "nonnegative", "positive", "shares", "distribution"}),
        ([[0.5, 0.5], [1.0, 0.0]], {"reals", "nonnegative", "shares", "distribution"}),
        ([[0.5, 0.6], [1.0, 0.0]], {"reals", "nonnegative", "shares"}),
        ([[3.0], [0.0]], {"reals", "nonnegative", "counts"}),
        ([[-1.0], [1.0]], {"reals"}),
    ],
)
def test_targets_lie_in_the_domains_that_hold_them(values, domains):
    seen = target_range(np.array(values))
    every = ("reals", "nonnegative", "positive", "counts", "shares", "distribution", "one_hot")
    assert {domain for domain in every if seen.lies_in(domain)} == domains


def test_class_weights_want_classes():
    with pytest.raises(BadInput, match="the targets of 'diabetes' are a regression"):
        make_plan([point(dataset={"word": "diabetes"}, loss={"word": "half_squared_error"}, class_weights="balanced")])
    with pytest.raises(BadInput, match="names 2 weights, and the data have 3 classes"):
        make_plan([point(pos_weight=3.0)])
    with pytest.raises(BadInput, match="both given"):
        make_plan([point(pos_weight=3.0, class_weights="balanced")])


def test_what_is_weighed_and_held_out_makes_another_run_and_nothing_asked_makes_the_old_one():
    asked = [{}, {"validation": 0.2}, {"class_weights": "balanced"}, {"class_weights": [1, 2, 3]}]
    asked += [{"class_weights": "balanced", "weighted_mean": "weights"}]
    runs = [make_plan([point(**options)]).runs[0] for options in asked]
    assert len({run.id for run in runs}) == len(runs)
    assert not {"class_weights", "weighted_mean"} & runs[0].describe().keys()
    assert describe(runs[1].dataset).shape.validation_rows == 23
