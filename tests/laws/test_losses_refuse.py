"""Options and tasks that make no sense: each is refused in a sentence that says what was seen and what is possible."""

from typing import Any

import pytest

from lossbench.errors import BadInput
from lossbench.interfaces import Loss
from lossbench.registry import find

OPTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("active_passive", {"alpha": 0, "beta": 0}, "not both 0"),
    ("asymmetric", {"shift": 1.0}, "shift lies from 0 to below 1"),
    ("bi_tempered", {"t1": 1.2}, "t1 must lie in 0 to 1"),
    ("bi_tempered", {"t2": 0.9}, "t2 in 1 to 10"),
    ("clamped_cross_entropy", {"delta": 0}, "between 1e-30 and 1"),
    ("confidence_penalty", {"beta": -0.1}, "0 or more"),
    ("fahlman_offset", {"offset": -0.1}, "0 or more"),
    ("focal", {"alpha": 1.5}, "between 0 and 1"),
    ("focal", {"alpha": 0.5, "link": "softmax"}, "the softmax has no such pair"),
    ("focal", {"gamma": -1}, "0 or more"),
    ("focal", {"gama": 1}, "Did you mean 'gamma'"),
    ("gaussian", {"variance": 0}, "above 0"),
    ("generalised_cross_entropy", {"q": 0}, "above 0 and at most 1"),
    ("hinge", {"margin": -1}, "0 or more"),
    ("hl_gauss", {"smoothing": 0}, "above 0"),
    ("hl_gauss", {"bins": 4}, "more bins, or less smoothing"),
    ("hl_gauss", {"least": [0.0]}, "a number for each target"),
    ("hl_gauss", {"least": [1.0], "greatest": [0.0]}, "least is at most greatest"),
    ("huber", {"delta": 0}, "above 0"),
    ("inset_half_squared_error", {"inset": 0.5}, "less than 0.5"),
    ("label_smoothing", {"smoothing": 1.1}, "between 0 and 1"),
    ("laplace", {"scale": -1}, "above 0"),
    ("ldam", {"scale": 0}, "scale above 0"),
    ("ldam", {"members": [5, 0]}, "1 or more"),
    ("logit_adjusted", {"tau": -1}, "0 or more"),
    ("multiclass_hinge", {"power": 3}, "power 1 or 2"),
    ("multiclass_hinge", {"form": "crammer"}, "Did you mean 'crammer_singer'"),
    ("pinball", {"tau": 1}, "strictly between 0 and 1"),
    ("poly_1", {"epsilon": -1.1}, "−1 or more"),
    ("proper_beta", {"alpha": -0.6}, "between −0.5 and 5"),
    ("rescaled_squared_error", {"k": 0}, "above 0"),
    ("symmetric_cross_entropy", {"floor": 0}, "floor < 0"),
    ("taylor_cross_entropy", {"order": 0}, "from 1 to 50"),
]
TASKS = [
    ("bernoulli", "regression", 1, "for classification"),
    ("cross_entropy", "regression", 1, "identity link"),
    ("gaussian_learnt_variance", "classification", 1, "for regression"),
    ("coral", "classification", 3, "for ordinal"),
    ("hinge", "regression", 2, "for classification"),
    ("hl_gauss", "classification", 2, "for regression"),
    ("logit_adjusted", "multilabel", 3, "no meaning for multilabel"),
    ("sparsemax", "multilabel", 3, "several labels at once"),
    ("sparsemax", "regression", 2, "for classification"),
    ("squentropy", "classification", 1, "sigmoid link"),
]


@pytest.mark.parametrize(("word", "options", "sentence"), OPTIONS, ids=[f"{word} {options}" for word, options, _ in OPTIONS])
def test_an_option_that_makes_no_sense_is_refused(word: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        find("loss", word).build(options)


@pytest.mark.parametrize(("word", "task", "outputs", "sentence"), TASKS)
def test_a_task_that_a_loss_is_not_for_is_refused(word: str, task: Any, outputs: int, sentence: str) -> None:
    loss = find("loss", word)()
    assert isinstance(loss, Loss)
    with pytest.raises(BadInput, match=sentence):
        loss.on(task, outputs)


def test_alpha_is_refused_as_soon_as_the_link_turns_out_to_be_the_softmax() -> None:
    loss = find("loss", "focal").build({"alpha": 0.25})
    assert isinstance(loss, Loss)
    assert loss.on("classification", 1).link == "sigmoid"
    with pytest.raises(BadInput, match="alpha"):
        loss.on("classification", 3)
