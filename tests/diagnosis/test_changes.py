"""Twins differ from a run in what they name, and in nothing else."""

import pytest

from lossbench.diagnosis.changes import (
    with_cross_entropies,
    with_more_units,
    with_other_activations,
    with_other_class_weights,
    with_rate,
)

RUN = {
    "model": {"word": "mlp", "hidden": [4, 100], "activation": "tanh"},
    "loss": {"word": "half_squared_error", "link": "sigmoid"},
    "optimizer": {"word": "sgd", "lr": 1.6},
    "seed": 3,
}


def test_cross_entropy_is_tried_at_the_rate_of_the_run_and_at_what_an_undecided_sigmoid_passes_of_it():
    twins = with_cross_entropies(RUN)
    assert [twin.description["optimizer"]["lr"] for twin in twins] == [1.6, 0.4, 0.1]
    assert all(twin.description["loss"] == {"word": "cross_entropy", "link": "sigmoid"} for twin in twins)
    assert twins[1].change == "with cross entropy at the rate 0.4"
    assert with_cross_entropies(RUN | {"loss": {"word": "cross_entropy", "link": "softmax"}}) == []


def test_what_sigmoids_are_replaced_by_passes_on_more_and_is_tried_at_lower_rates_too():
    twins = with_other_activations(RUN | {"model": RUN["model"] | {"activation": "sigmoid"}})
    assert [twin.description["optimizer"]["lr"] for twin in twins] == [1.6, 0.4, 0.1]
    assert {twin.description["model"]["activation"] for twin in twins} == {"tanh"}
    assert [twin.change for twin in with_other_activations(RUN)] == ["with relu units"]


def test_a_twin_with_more_units_has_eight_times_as_many_and_at_most_512_where_there_were_fewer():
    twin = with_more_units(RUN)
    assert twin.description == RUN | {"model": {"word": "mlp", "hidden": [32, 512], "activation": "tanh"}}
    twin = with_more_units(RUN | {"model": {"word": "residual", "width": 2, "blocks": 1}})
    assert twin.description == RUN | {"model": {"word": "residual", "width": 16, "blocks": 1}}
    assert twin.change == "with 16 hidden units"


def test_of_a_run_whose_rate_is_no_number_there_is_no_twin_at_another():
    assert with_rate(RUN | {"optimizer": {"word": "my_rule"}}, 3.0) is None


@pytest.mark.parametrize(("word", "weighs"), [("mlp", True), ("logistic", True), ("cnn", False), ("residual", False)])
def test_classes_are_weighed_where_an_engine_can(word, weighs):
    assert (with_other_class_weights(RUN | {"model": {"word": word}}) is not None) == weighs


def test_a_twins_rate_is_written_as_the_rates_of_the_study_are():
    changes = [
        with_rate(RUN | {"optimizer": {"word": "sgd", "lr": lr}}, factor).change
        for lr, factor in ((1, 3), (0.1, 1 / 3), (30, 30))
    ]
    assert changes == ["at the rate 3", "at the rate 0.033", "at the rate 900"]
