"""Evidence in a callable's behaviour: what its input stands for, as its values at numbers of every kind show."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from lossbench.audit.subjects.adapter import AdaptedLoss

Meaning = Literal["raw", "probabilities", "log-probabilities", "numbers", "positive numbers"]

_BELOW = torch.tensor([-20.0, -12.0, -5.0, -1.5, -0.5, -0.1], dtype=torch.float64)
_INSIDE = torch.tensor([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98], dtype=torch.float64)
_ABOVE = 1 - _BELOW.flip(0)
_NUMBERS = (1.7, 2.6, 4.0)  # targets that no probability, class or sign imitates
_STEPS = torch.arange(-6, 8.01, 0.2, dtype=torch.float64)
_LEAD = torch.tensor([0.6, -0.4, -0.2], dtype=torch.float64)
_CLOSE = 1e-5  # relative: what computes in float32 is to be understood, too


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the input stands for, None where behaviour does not say, and the reason in words.

    `shift_invariant`: one number added to all outputs changes nothing, as with a softmax.
    """

    meaning: Meaning | None = None
    because: str = ""
    shift_invariant: bool = False


def behaviour_evidence(asked: AdaptedLoss) -> Evidence:
    """What a callable's input stands for, by its values at numbers below 0, within [0, 1] and above 1, link left away.

    `asked` hands over its input as it is, and answers NaN where the callable raises.
    """
    return _of_one_output(asked) if asked.convention.outputs == 1 else _of_several_outputs(asked)


def _of_one_output(asked: AdaptedLoss) -> Evidence:
    if asked.convention.targets == "alike" and (meaning := _regression(asked)):
        of = "any target, also one above 1" if meaning == "numbers" else "a target above 1, and it answers nothing below 0"
        return Evidence(meaning=meaning, because=f"it costs least where the output follows {of}")
    values = {}
    for target in (0.0, 1.0):
        x = torch.cat((_BELOW, _INSIDE, _ABOVE))[None]
        answers = asked.value(x, torch.full_like(x, target))
        values[target] = answers[:6], answers[6:13], answers[13:]
    if not all(bool(inside.isfinite().all()) for _, inside, _ in values.values()):
        return Evidence()
    ends = asked.value(torch.tensor([[0.0, 1.0]], dtype=torch.float64), torch.tensor([[0.0, 1.0]], dtype=torch.float64))
    outside = [part for below, _, above in values.values() for part in (below, above)]
    wrong = [values[1.0][0].flip(0), values[0.0][2]]  # from the edge of [0, 1] outwards
    return _weighed(ends, [values[target][1] for target in (0.0, 1.0)], outside, wrong)


def _of_several_outputs(asked: AdaptedLoss) -> Evidence:
    """The same for three outputs: along a lead of the right class, within and outside the distributions."""
    margins = torch.cat((_BELOW[:4], -_BELOW[:4].flip(0)))
    leads = torch.stack([_LEAD.roll(label) for label in range(3)], 1)
    eye = torch.eye(3, dtype=torch.float64)
    line = torch.stack([asked.value(margins * leads[:, [label]], eye[:, [label]].expand(3, 8)) for label in range(3)])
    shares = torch.softmax(torch.linspace(-4, 4, 7, dtype=torch.float64) * leads[:, :1], 0)
    inside = torch.stack([asked.value(shares.roll(label, 0), eye[:, [label]].expand(3, 7)) for label in range(3)])
    if not bool(inside.isfinite().all()):
        return Evidence()
    if _same(line, torch.stack([asked.value(margins * leads[:, [i]] + 3, eye[:, [i]].expand(3, 8)) for i in range(3)])):
        return Evidence(meaning="raw", because="one number added to all outputs changes nothing", shift_invariant=True)
    ends = torch.cat([asked.value(eye[:, [label]], eye[:, [label]]) for label in range(3)])
    if bool(line.isfinite().all()) and (linear := _linear(asked, eye, ends)):
        return linear
    outside = [part for row in line for part in row.split(4)]
    askew = asked.value(-6 * leads.roll(1, 1) - 4 * leads, eye)  # what is cut off outside is constant in every direction
    constant = bool(((line[:, 0] - askew).abs() <= _CLOSE * askew.abs()).all())
    return _weighed(ends, list(inside), outside, [row[:4].flip(0) for row in line], cut_off=constant)


def _weighed(ends: Tensor, inside: list[Tensor], outside: list[Tensor], wrong: list[Tensor], *, cut_off: bool = True) -> Evidence:
    """The meaning by values at certain and right predictions, within [0, 1], outside of it, and from there on the wrong side.

    `cut_off` is false where values outside are not constant in another direction.
    """
    if not all(bool(part.isfinite().all()) for part in outside):
        return Evidence(meaning="probabilities", because="outside [0, 1] it raises or answers no number")
    if cut_off and all(bool(((part - part[0]).abs() <= _CLOSE * part[0].abs()).all()) for part in wrong) and _vary(inside):
        return Evidence(meaning="probabilities", because="outside [0, 1] it is constant")
    size = max(float(part.abs().max()) for part in inside)
    if bool((ends.abs() <= _CLOSE * size).all()) and all(bool((part > 0).all()) for part in inside):
        return Evidence(meaning="probabilities", because="it costs nothing at exactly 0 and 1, where the target is")
    if any(_monotone(part) for part in wrong):
        return Evidence(meaning="raw", because="it rises on over all numbers, far outside [0, 1], too")
    return Evidence()


def _linear(asked: AdaptedLoss, eye: Tensor, ends: Tensor) -> Evidence | None:
    """The meaning of what is linear in its input, where it is: minus a log-probability, or minus a probability."""
    one = torch.tensor([[0.3], [-2.0], [1.1]], dtype=torch.float64)
    other = torch.tensor([[-4.0], [0.7], [-0.2]], dtype=torch.float64)
    ask = [asked.value(point.expand(3, 3), eye) for point in (one, other, (one + other) / 2, torch.zeros_like(one))]
    first, second, between, at_zero = ask
    if not _same((first + second) / 2, between) or _same(first, second):
        return None
    if _same(at_zero, torch.zeros_like(at_zero)):
        return Evidence(meaning="log-probabilities", because="it is linear, and costs nothing where a log-probability is 0")
    if _same(ends, torch.zeros_like(ends)):
        return Evidence(meaning="probabilities", because="it is linear, and costs nothing where the right probability is 1")
    return Evidence(because="it is linear, and costs something where the right probability is 1, as where its logarithm is 0")


def _regression(asked: AdaptedLoss) -> Meaning | None:
    """Whether the output of least cost lies within the grid and rises with targets above 1; also whether it needs x > 0."""
    best = []
    for target in _NUMBERS:
        values = asked.value(_STEPS[None], torch.full((1, len(_STEPS)), target, dtype=torch.float64))
        usable = values.nan_to_num(nan=torch.inf)
        if bool(usable.isinf().all()):
            return None
        index = int(usable.argmin())
        if index in {0, len(_STEPS) - 1} or not min(float(usable[0]), float(usable[-1])) > float(usable[index]):
            return None
        best.append((float(_STEPS[index]), bool(values[_STEPS < 0].isfinite().all())))
    if not all(one[0] < other[0] for one, other in pairwise(best)):
        return None
    return "numbers" if all(defined for _, defined in best) else "positive numbers"


def _monotone(values: Tensor) -> bool:
    """Whether values go one way all along a line; they may come to rest, as what is bounded does."""
    steps = values.diff()
    return bool((steps >= 0).all() and steps[0] > 0) or bool((steps <= 0).all() and steps[0] < 0)


def _vary(parts: list[Tensor]) -> bool:
    return all(float(part.max() - part.min()) > _CLOSE * float(part.abs().max()) for part in parts)


def _same(one: Tensor, other: Tensor) -> bool:
    return bool(((one - other).abs() <= _CLOSE * (1 + other.abs())).all())
