"""Runs from objects are the runs from words."""

from typing import Any

import pytest

from lossbench.config.compose import compose
from lossbench.errors import BadInput
from lossbench.planning.instances import instance
from lossbench.planning.plan import NOUNS, make_plan
from lossbench.planning.spec import RunSpec
from lossbench.registry import find


@pytest.fixture(scope="module")
def point() -> dict[str, Any]:
    (only,) = compose(["dataset=iris", "steps=3"])
    return only


def run(point: dict[str, Any], **parts: Any) -> RunSpec:
    (only,) = make_plan([point | parts]).runs
    return only


def test_objects_make_the_run_that_words_make(point: dict[str, Any]) -> None:
    parts = {noun: instance(noun, point[noun]) for noun in NOUNS}
    assert run(point, **parts).id == run(point).id


def test_whole_numbers_classes_and_mappings_make_the_run_of_floats_and_instances(point: dict[str, Any]) -> None:
    focal: Any = find("loss", "focal")
    assert run(point, loss=focal(gamma=2)).id == run(point, loss={"word": "focal", "gamma": 2.0}).id
    assert run(point, loss=focal).id == run(point, loss=focal()).id
    continued: Any = find("init", "continued")
    glorot: Any = find("init", "glorot")
    wrapped = {"word": "continued", "loss": {"word": "focal", "gamma": 1.0}, "init": {"word": "glorot"}, "lr": 1.0}
    assert run(point, init=continued(loss=focal(gamma=1), init=glorot, lr=1)).id == run(point, init=wrapped).id


def test_an_object_that_is_none_of_the_kind_is_refused(point: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="loss is Glorot, which is of another kind: init"):
        run(point, loss=find("init", "glorot")())
    with pytest.raises(BadInput, match=r"No value of model\.activation is called 'gelu'"):
        run(point, model=find("model", "mlp")(activation="gelu"))  # type: ignore[call-arg]
    with pytest.raises(BadInput, match="has no value for loss and init"):
        run(point, init=find("init", "continued"))
