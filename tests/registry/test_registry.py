"""Words find classes, options are checked, and what is wrong is said with the nearest right."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from lossbench.errors import BadInput
from lossbench.interfaces import Loss
from lossbench.registry import SHELVES, find, load_plugins, shelf


@pytest.mark.parametrize("noun", SHELVES)
def test_every_word_finds_its_class_and_describes_itself(noun):
    assert shelf(noun)
    for word, cls in shelf(noun).items():
        assert find(noun, word) is cls
        assert cls.word == word
        assert cls.__doc__


THINGS = [("loss", "cross_entropy"), ("model", "mlp"), ("optimizer", "adam"), ("init", "scaled")]


@pytest.mark.parametrize(("noun", "word"), THINGS)
def test_a_description_builds_the_same_thing_again(noun, word):
    thing = find(noun, word)()
    options = {name: value for name, value in thing.describe().items() if name != "word"}
    assert type(thing).build(options) == thing


@pytest.mark.parametrize(
    ("noun", "word", "options", "said"),
    [
        ("loss", "cross_entrpy", {}, "Did you mean 'cross_entropy'"),
        ("loss", "cross_entropy", {"lnk": "softmax"}, "Did you mean 'link'"),
        ("loss", "cross_entropy", {"link": "identity"}, "auto, sigmoid, softmax"),
        ("model", "mlp", {"hidden": 3}, r"wants a list, such as \[30,10\]"),
        ("model", "mlp", {"hidden": [3, "a"]}, "wants a whole number"),
        ("model", "mlp", {"hidden": [0]}, "between 1 and"),
        ("optimizer", "sgd", {"lr": "fast"}, "wants a number and got 'fast'"),
        ("optimizer", "sgd", {"lr": -1}, "above 0"),
        ("optimizer", "sgd", {"lr": float("nan")}, "is nan"),
        ("optimizer", "sgd", {"momentum": 1.5}, r"\[0, 1\)"),
        ("optimizer", "sgd", {"nesterov": True}, "momentum above 0"),
        ("optimizer", "sgd", {"nesterov": 1}, "true or false"),
        ("optimizer", "adam", {"epsilon": 0}, "above 0"),
        ("stove", "x", {}, "kind of thing"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(noun, word, options, said):
    with pytest.raises(BadInput, match=said):
        find(noun, word).build(options)


@pytest.mark.parametrize(
    ("noun", "word", "options", "message"),
    [
        ("optimizer", "sgd", {"lr": "0.1"}, "optimizer.lr wants a number and got '0.1'"),
        ("optimizer", "sgd", {"lr": None}, "optimizer.lr wants a number and got None"),
        ("optimizer", "adam", {"lr": float("nan")}, "optimizer.lr is nan, which is no finite number"),
        ("model", "mlp", {"hidden": 30}, r"model.hidden wants a list, such as \[30,10\]"),
        ("loss", "focal", {"gamma": [1, 2]}, r"loss.gamma wants a number and got \[1, 2\]"),
    ],
)
def test_an_object_checks_its_options_when_it_is_made(noun, word, options, message):
    with pytest.raises(BadInput, match=message):
        find(noun, word)(**options)


@pytest.mark.parametrize("one", [1, np.int64(1), np.float32(1)])
def test_numbers_that_are_alike_make_things_that_are_alike(one):
    thing = find("optimizer", "sgd")(lr=one)
    assert json.dumps(thing.describe()) == json.dumps(find("optimizer", "sgd")(lr=1.0).describe())
    assert find("model", "mlp")(hidden=[3, 2]).hidden == (3, 2)


def test_a_loss_whose_links_are_any_word_is_told_to_name_them():
    @dataclass(frozen=True, kw_only=True)
    class Loose(Loss):
        """A loss on whatever link."""

        link: str = "sigmoid"

        def value(self, z, y):
            return (self.link_function.value(z) - y).square().sum(-2)

    with pytest.raises(BadInput, match="does not say which links it has a meaning on: its field is link: str"):
        Loose().on("classification", 1)


def test_two_classes_cannot_share_a_word():
    with pytest.raises(BadInput, match="Two classes ask for the loss word 'cross_entropy'"):

        @dataclass(frozen=True, kw_only=True)
        class CrossEntropy(Loss):
            """An impostor."""

            def value(self, z, y):
                return (z - y).sum(-2)


def test_a_plugin_that_is_not_there_is_named():
    with pytest.raises(BadInput, match="'no_such_module' could not be imported"):
        load_plugins(["no_such_module"])


@pytest.mark.parametrize(
    ("word", "task", "outputs", "link"),
    [
        ("cross_entropy", "classification", 1, "sigmoid"),
        ("cross_entropy", "classification", 4, "softmax"),
        ("half_squared_error", "classification", 1, "sigmoid"),
        ("half_squared_error", "classification", 4, "softmax"),
        ("half_squared_error", "regression", 1, "identity"),
    ],
)
def test_the_automatic_link_is_the_task_s(word, task, outputs, link):
    assert find("loss", word)().on(task, outputs).link == link


def test_a_chosen_link_stays():
    assert find("loss", "half_squared_error")(link="sigmoid").on("classification", 10).link == "sigmoid"


def test_cross_entropy_has_no_business_in_regression():
    with pytest.raises(BadInput, match="no meaning on the identity link, which regression"):
        find("loss", "cross_entropy")().on("regression", 1)


def test_an_option_that_is_nan_is_refused() -> None:
    with pytest.raises(BadInput, match=r"init\.std is nan"):
        find("init", "normal").build({"std": float("nan")})
