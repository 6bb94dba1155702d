"""What holds for every loss: those on the shelf, and those in the modules that LOSSBENCH_PLUGINS names."""

import inspect
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

import pytest
import torch
from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Loss, Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.registry import field_types, find, load_plugins, shelf

PLUGINS = os.environ.get("LOSSBENCH_PLUGINS", "").split()
load_plugins(PLUGINS)
MINE = ("lossbench.losses", *PLUGINS)
WORDS = [word for word, cls in shelf("loss").items() if cls.__module__.startswith(MINE)]
SECTIONS = ["Domain", "Link", "Formula", "Gradient", "Identities", "Properties", "Source"]
SHAPE = (2, 3)  # leading axes
EXAMPLES = 64
FAR = [0.0, 1.0, -1.0, 16.2, -16.2, 88.5, -88.5, 104.5, -104.5, 709.5, -709.5, 745.5, -745.5, 1e4, -1e4]


@dataclass(frozen=True)
class Case:
    """A loss, its link settled, for so many targets of a task: its outputs, where each has one."""

    loss: Loss
    outputs: int
    task: Task

    def __str__(self) -> str:
        return f"{self.loss.word}-{self.loss.link}-{self.outputs}-{self.task}"

    def raw(self, *leading: int, spread: float = 2.0, dtype: torch.dtype = torch.float64) -> Tensor:
        """Raw outputs (*leading, C, EXAMPLES), as many as the loss asks for."""
        rows = self.loss.raw_outputs(self.outputs)
        return (spread * torch.randn(*leading, rows, EXAMPLES, dtype=torch.float64)).to(dtype)

    def targets(self, z: Tensor, *, soft: bool = False) -> Tensor:
        """Targets for raw outputs: real numbers, or classes, or shares of classes."""
        z = torch.empty(*z.shape[:-2], self.outputs, EXAMPLES, dtype=z.dtype)
        if self.task == "regression":
            return torch.randn_like(z)
        independent = self.outputs == 1 or (self.loss.link == "sigmoid" and self.task != "ordinal")
        shares = torch.rand_like(z) if independent else torch.randn_like(z).softmax(OUTPUTS)
        if soft:
            return shares
        return shares.round() if independent else (shares == shares.amax(OUTPUTS, keepdim=True)).to(z.dtype)


def links(cls: type[Loss]) -> list[str]:
    """The links that a class of losses names."""
    if "link" not in field_types(cls):
        return [cls().link]
    return [link for link in get_args(field_types(cls)["link"]) if link != "auto"]


def cases() -> list[Case]:
    """Every loss on every link that it has a meaning on, for one, two and five outputs; an order takes three."""
    found = []
    for word in WORDS:
        cls = find("loss", word)
        assert issubclass(cls, Loss)
        for link in links(cls):
            task: Task = "regression" if link == "identity" and "regression" in cls.tasks else "classification"
            task = "ordinal" if cls.tasks == ("ordinal",) else task
            for outputs in (1, 3, 5) if task == "ordinal" else (1, 2, 5):
                loss = replace(cls(), link=link) if "link" in field_types(cls) else cls()
                if not (outputs == 1 and link == "softmax"):
                    found.append(Case(loss.on(task, outputs), outputs, task))
    return found


CASES = cases()
every_loss = pytest.mark.parametrize("word", WORDS)
every_loss_of_the_house = pytest.mark.parametrize(
    "word", [word for word in WORDS if find("loss", word).__module__.startswith("lossbench.")]
)


def every_case(law: Callable[[Case], None]) -> Callable[[str], None]:
    """A law of losses as one test a loss: it must hold on every link and for every number of outputs that the loss has."""

    @every_loss
    def for_a_loss(word: str) -> None:
        for case in [case for case in CASES if case.loss.word == word]:
            torch.manual_seed(0)
            try:
                law(case)
            except BaseException as failure:
                failure.add_note(f"in the case {case}")
                raise

    for_a_loss.__doc__ = law.__doc__
    return for_a_loss


def settle(loss: Loss, task: Task, outputs: int) -> Loss | str:
    """The loss on a task, or why it refuses."""
    try:
        return loss.on(task, outputs)
    except BadInput as refusal:
        return str(refusal)


def through(link: str, error: Tensor, z: Tensor) -> Tensor:
    """dℓ/dz from dℓ/da, by the link's Jacobian, plainly."""
    if link == "identity":
        return error
    if link == "sigmoid":
        return error * torch.sigmoid(z) * torch.sigmoid(-z)
    p = torch.softmax(z, OUTPUTS)
    return p * (error - (p * error).sum(OUTPUTS, keepdim=True))


@every_case
def test_a_number_for_each_example_and_nothing_reduced(case: Case) -> None:
    for leading in ((), SHAPE):
        for dtype in (torch.float32, torch.float64):
            z = case.raw(*leading, dtype=dtype)
            y = case.targets(z)
            value, gradient, error = case.loss.value(z, y), case.loss.gradient(z, y), case.loss.error(z, y)
            assert value.shape == (*leading, EXAMPLES)
            assert gradient.shape == error.shape == z.shape
            assert value.dtype == gradient.dtype == error.dtype == dtype


@every_case
def test_what_stands_for_the_targets_has_their_shape(case: Case) -> None:
    z = case.raw(*SHAPE)
    assert case.loss.prediction(case.loss.link_function.value(z)).shape == case.targets(z).shape


@every_case
def test_leading_axes_are_free(case: Case) -> None:
    z = case.raw(*SHAPE)
    y = case.targets(z)
    value, gradient = case.loss.value(z, y), case.loss.gradient(z, y)
    for i in range(SHAPE[0]):
        for j in range(SHAPE[1]):
            torch.testing.assert_close(value[i, j], case.loss.value(z[i, j], y[i, j]), rtol=1e-13, atol=1e-15)
            torch.testing.assert_close(gradient[i, j], case.loss.gradient(z[i, j], y[i, j]), rtol=1e-13, atol=1e-15)


@every_case
def test_an_example_does_not_notice_its_neighbours(case: Case) -> None:
    for neighbour in (1e4, float("inf"), float("nan")):
        z = case.raw()
        y = case.targets(z)
        crowded = z.clone()
        crowded[:, 1::2] = neighbour
        assert torch.equal(case.loss.value(crowded, y)[::2], case.loss.value(z, y)[::2])
        assert torch.equal(case.loss.gradient(crowded, y)[:, ::2], case.loss.gradient(z, y)[:, ::2])


@every_case
def test_the_gradient_is_autograds(case: Case) -> None:
    for soft in (False, True):
        z = case.raw()
        y = case.targets(z, soft=soft)
        free = z.clone().requires_grad_()
        (right,) = torch.autograd.grad(case.loss.value(free, y).sum(), free)
        torch.testing.assert_close(case.loss.gradient(z, y), right, rtol=1e-8, atol=1e-11)


@every_case
def test_the_gradient_is_what_finite_differences_find(case: Case) -> None:
    for soft in (False, True):
        z = case.raw()
        y = case.targets(z, soft=soft)
        step = 1e-6
        gradient = case.loss.gradient(z, y)
        for output in range(len(z)):
            shift = torch.zeros_like(z)
            shift[output] = step
            ahead, behind = case.loss.value(z + shift, y), case.loss.value(z - shift, y)
            rounding = float(ahead.abs().max()) * 1e-9
            torch.testing.assert_close(gradient[output], (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-7 + rounding)


@every_case
def test_error_times_slope_is_the_gradient(case: Case) -> None:
    for soft in (False, True):
        z = case.raw()
        y = case.targets(z, soft=soft)
        gradient = case.loss.gradient(z, y)
        if (
            case.loss.link == "softmax" and float(gradient.sum(OUTPUTS).abs().max()) > 1e-9
        ):  # no function of p, so it has no dℓ/dp
            assert not torch.allclose(case.loss.value(z + 1, y), case.loss.value(z, y))
        else:
            torch.testing.assert_close(through(case.loss.link, case.loss.error(z, y), z), gradient, rtol=1e-9, atol=1e-12)


@every_case
def test_float32_agrees_with_float64(case: Case) -> None:
    z = case.raw(dtype=torch.float32)
    y = case.targets(z)
    wide_z, wide_y = z.double(), y.double()
    for narrow, wide in (
        (case.loss.value(z, y), case.loss.value(wide_z, wide_y)),
        (case.loss.gradient(z, y), case.loss.gradient(wide_z, wide_y)),
    ):
        torch.testing.assert_close(narrow.double(), wide, rtol=1e-5, atol=1e-6 * float(wide.abs().max()))


@every_case
def test_far_out_everything_is_finite(case: Case) -> None:
    for dtype in (torch.float32, torch.float64):
        rows = case.loss.raw_outputs(case.outputs)
        points = torch.cartesian_prod(*[torch.tensor(FAR, dtype=dtype)] * min(rows, 2)).reshape(-1, min(rows, 2))
        z = torch.cat([points, torch.zeros(len(points), max(0, rows - 2), dtype=dtype)], 1).T.contiguous()
        for right in (0, -1):
            y = z.new_zeros(case.outputs, z.shape[1])
            y[right] = 1
            for target in (y, 1 - y) if case.outputs == 1 else (y,):
                assert case.loss.value(z, target).isfinite().all()
                assert case.loss.gradient(z, target).isfinite().all()
                assert not case.loss.error(z, target).isnan().any()


@every_case
def test_asked_twice_it_says_the_same_and_leaves_its_inputs_alone(case: Case) -> None:
    z = case.raw(*SHAPE)
    y = case.targets(z)
    before = z.clone(), y.clone()
    for ask in (case.loss.value, case.loss.gradient, case.loss.error):
        assert torch.equal(ask(z, y), ask(z, y))
        assert torch.equal(z, before[0])
        assert torch.equal(y, before[1])


@every_case
def test_a_lone_output_decides_where_the_cost_of_an_even_coin_turns(case: Case) -> None:
    if case.outputs > 1 or "classification" not in case.loss.tasks:
        return
    around = torch.tensor([[case.loss.boundary - 1e-6, case.loss.boundary + 1e-6]], dtype=torch.float64)
    slope = case.loss.gradient(around, torch.ones_like(around)) + case.loss.gradient(around, torch.zeros_like(around))
    assert slope[0, 0] * slope[0, 1] <= 1e-20


@every_loss
def test_a_description_builds_the_same_loss(word: str) -> None:
    cls = find("loss", word)
    loss = cls()
    described = json.loads(json.dumps(loss.describe()))
    assert described.pop("word") == word
    assert cls.build(described) == loss


@every_loss
def test_a_settled_link_stays_settled(word: str) -> None:
    cls = find("loss", word)
    assert issubclass(cls, Loss)
    for task in ("classification", "regression"):
        for outputs in (1, 3):
            settled = settle(cls(), task, outputs)
            if isinstance(settled, str):
                assert repr(word) in settled
            else:
                assert settled.link in links(cls)
                assert settled.on(task, outputs) == settled


@every_loss_of_the_house
def test_a_number_that_is_none_is_refused(word: str) -> None:
    cls = find("loss", word)
    for name, kind in field_types(cls).items():
        if float in (kind, *get_args(kind)):
            for number in ("nan", "inf", "-inf"):
                with pytest.raises(BadInput, match=rf"{word}|loss\.{name}"):
                    cls.build({name: float(number)})


@every_loss_of_the_house
def test_the_docstring_says_what_one_wants_to_know(word: str) -> None:
    text = inspect.getdoc(find("loss", word))
    assert text is not None
    first, _, rest = text.partition("\n\n")
    assert first.endswith(".")
    assert re.findall(r"^(\w+): \S", rest, re.MULTILINE) == SECTIONS
    properties, source = rest.split("\nProperties: ")[1].split("\nSource: ")
    assert "saturation exponent" in " ".join(properties.split())
    assert re.search(r"\b1[789]\d\d\b|\b20\d\d\b", source), "a source has a year"
