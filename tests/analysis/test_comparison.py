"""Comparisons: what is a loss, what a setting, what a seed."""

import pandas as pd
import pytest

from lossbench.analysis.comparison import compare
from lossbench.analysis.labels import natural, setting_columns, setting_label, spell
from lossbench.tables import read_study


@pytest.fixture
def compared(made, tmp_path):
    """Compare bare runs, given by what they change."""

    def sort(*changes):
        runs = [made.learn(**change).only("test_accuracy") for change in changes]
        return compare(read_study(made.write(tmp_path / "study", runs)).runs)

    return sort


def labels(comparison):
    return [s.label for s in comparison.settings], [c.label for c in comparison.contenders]


@pytest.mark.slow
def test_what_differs_names_settings_and_losses(compared, made):
    found = compared(
        *(
            {"loss": loss, "init": init, "batch": batch, "seed": seed}
            for loss in (made.MSE, made.CE)
            for init in (made.SATURATED, made.GENTLE)
            for batch in (32, 8)
            for seed in (1, 0)
        )
    )
    settings = ["gentle start, batch 8", "gentle start, batch 32", "saturated start, batch 8", "saturated start, batch 32"]
    assert labels(found) == (settings, ["cross entropy", "half squared error"])
    assert all(sample.seeds == (0, 1) for sample in found.samples)
    assert ("link", "sigmoid") in found.facts


def test_one_run_needs_no_names(compared):
    found = compared({})
    assert labels(found) == ([""], ["cross entropy"])
    assert ("learning rate", "0.1") in found.facts
    assert dict(found.facts)["init"].startswith("gentle (hidden bias ")


def test_the_link_is_named_where_losses_that_meet_differ_in_it(compared, made):
    found = compared({"loss": made.CE | {"link": "softmax"}}, {"loss": made.MSE})
    assert labels(found)[1] == ["cross entropy (softmax)", "half squared error (sigmoid)"]


def test_a_link_that_goes_with_the_data_is_a_fact(compared, made):
    found = compared(
        {"loss": made.CE | {"link": "softmax"}}, {"dataset__word": "moons"}, {"dataset__word": "moons", "loss": made.MSE}
    )
    assert labels(found) == (["digits", "moons"], ["cross entropy", "half squared error"])
    assert ("link", "sigmoid (moons); softmax (digits)") in found.facts


def test_options_of_a_loss_make_it_another(compared):
    found = compared(*({"loss": {"word": "focal", "link": "sigmoid", "gamma": gamma}} for gamma in (10.0, 2.0)))
    assert labels(found)[1] == ["focal (gamma 2)", "focal (gamma 10)"]


def test_rates_are_no_settings(compared):
    found = compared(*({"optimizer__lr": rate} for rate in (0.3, 0.1)))
    assert found.swept
    assert [sample.rate for sample in found.samples] == [0.1, 0.3]
    assert labels(found)[0] == [""]


def test_what_was_tuned_with_a_loss_goes_with_it(compared, made):
    found = compared({"optimizer__lr": 0.5, "optimizer__momentum": 0.9}, {"loss": made.MSE, "optimizer__lr": 3.0})
    assert labels(found)[0] == [""]
    assert not found.swept
    assert ("momentum", "0 (half squared error); 0.9 (cross entropy)") in found.facts


def test_losses_on_different_data_never_meet(compared, made):
    found = compared({"dataset__word": "iris"}, {"loss": made.MSE})
    assert labels(found)[0] == ["digits", "iris"]


def test_data_drawn_by_the_seed_are_one_setting(compared):
    found = compared(*({"seed": seed, "dataset__seed": seed} for seed in range(3)))
    assert labels(found)[0] == [""]
    assert found.seeds == 3


def test_draws_of_the_data_that_were_swept_are_blocks_of_one_setting(compared):
    found = compared(*({"seed": seed, "dataset__seed": draw} for seed in range(2) for draw in range(2)))
    assert labels(found)[0] == [""]
    assert [sample.blocks for sample in found.samples] == [((0, 0), (0, 1), (1, 0), (1, 1))]


def test_label_noise_stands_beside_its_data(compared):
    digits = {"word": "digits", "seed": 0}
    noisy = {"word": "noisy", "of": digits, "rate": 0.2, "seed": 0}
    assert labels(compared({"dataset": digits}, {"dataset": noisy}))[0] == ["label noise 0", "label noise 0.2"]


def test_starts_without_a_name_are_told_by_their_options(compared, made):
    found = compared({"init": made.GENTLE}, {"init": made.GENTLE | {"output_bias": 0.125}})
    assert labels(found)[0] == ["output bias 0", "output bias 0.125"]


def test_the_order_of_storage_has_no_influence(made, tmp_path):
    runs = [made.learn(loss=loss, seed=seed).only("test_accuracy") for loss in (made.CE, made.MSE) for seed in range(3)]
    one = read_study(made.write(tmp_path / "one", runs)).runs
    other = read_study(made.write(tmp_path / "other", runs[::-1])).runs
    assert compare(one) == compare(other)


def test_runs_without_a_rate_are_compared_too(made, tmp_path):
    runs = read_study(made.write(tmp_path / "study", [made.learn().only("test_accuracy")])).runs
    assert len(compare(runs.drop(columns="optimizer.lr")).samples) == 1


def test_natural_order_counts():
    assert sorted(["batch 32", "batch 8", "a", "batch 0.5"], key=natural) == ["a", "batch 0.5", "batch 8", "batch 32"]
    assert pd.Series(["1e-3", "2"]).map(natural).tolist() == [natural("1e-3"), natural("2")]


def test_a_schedule_and_a_bound_on_gradients_tell_settings_apart_and_say_where_there_is_none():
    runs = pd.DataFrame(
        {
            "loss": ["ce", "ce", "ce", "ce"],
            "seed": [0, 0, 0, 0],
            "schedule": [None, "cosine", None, "cosine"],
            "schedule.end": [None, 0.0, None, 0.0],
            "clip_norm": [None, None, 0.5, 0.5],
        }
    )
    texts = spell(runs)
    columns, splits = setting_columns(texts)
    assert (columns, splits) == (["schedule", "clip_norm"], [])
    named = [setting_label((name, row[name]) for name in columns) for _, row in texts.iterrows()]
    assert named[0] == "schedule constant, gradients not clipped"
    assert named[3] == "schedule cosine, gradients clipped at 0.5"
