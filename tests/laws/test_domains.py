"""Every loss's domain: it is what the docstring says, within it the loss has a floor, and where it ends it is needed."""

import re

import pytest
import torch

from lossbench.errors import BadInput
from lossbench.interfaces import Loss
from lossbench.registry import find, shelf

WORDS = [word for word, cls in shelf("loss").items() if cls.__module__.startswith("lossbench.losses")]
STARTS = {
    "shares": r"targets y in \[0, 1\]",
    "distribution": r"targets y in \[0, 1\] that sum to 1",
    "one_hot": "one-hot targets",
    "nonnegative": "targets y ≥ 0",
    "reals": "any real targets",
}
FAR = torch.tensor([-60.0, -40.0, -20.0, 0.0, 20.0, 40.0, 60.0], dtype=torch.float64)
SAMPLES = {"shares": [0.0, 0.3, 1.0], "distribution": [0.0, 0.3, 1.0], "one_hot": [0.0, 1.0], "nonnegative": [0.0, 2.5, 7.0]}


def on_one_output(word: str) -> Loss | None:
    """The loss for one output, on whichever task it has; None for one that has none."""
    for task in ("regression", "classification", "ordinal"):
        try:
            return find("loss", word)().on(task, 1)  # type: ignore[attr-defined, no-any-return]
        except BadInput:
            continue
    return None


@pytest.mark.parametrize("word", WORDS)
def test_the_docstring_says_the_domain(word: str) -> None:
    cls = find("loss", word)
    assert re.match(STARTS[cls.takes], re.search(r"Domain: (.*)", cls.__doc__ or "")[1])  # type: ignore[attr-defined, index]


FLOORED = [word for word in WORDS if (loss := on_one_output(word)) and loss.raw_outputs(1) == 1]
FLOORED.remove("slope_left_out")  # it was made up so that its gradient is cross entropy's divided by the slope: it has no floor


@pytest.mark.parametrize("word", FLOORED)
def test_within_its_domain_a_loss_does_not_fall_without_end(word: str) -> None:
    loss = on_one_output(word)
    assert loss is not None
    for y in SAMPLES.get(loss.domain, [-3.0, 0.0, 2.5]):
        value = loss.value(FAR[None], torch.full((1, len(FAR)), y, dtype=torch.float64))
        assert min(value[0], value[-1]) > -1e-9 + value[1:-1].min() - 1


@pytest.mark.parametrize(("word", "link", "y"), [("cross_entropy", "sigmoid", -1.5), ("poisson", "identity", -0.5)])
def test_outside_its_domain_a_loss_may_fall_without_end(word: str, link: str, y: float) -> None:
    loss = find("loss", word).build({"link": link})
    assert isinstance(loss, Loss)
    value = loss.value(FAR[None], torch.full((1, len(FAR)), y, dtype=torch.float64))
    assert value.min() < -20


def test_a_squared_error_takes_what_its_link_can_reach() -> None:
    loss = find("loss", "half_squared_error")
    domains = {link: loss.build({"link": link}).domain for link in ("identity", "sigmoid", "softmax")}  # type: ignore[attr-defined]
    assert domains == {"identity": "reals", "sigmoid": "shares", "softmax": "shares"}
