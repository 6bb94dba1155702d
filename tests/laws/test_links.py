"""What a link makes of raw outputs has all its digits, against mpmath, however sure the outputs are."""

from collections.abc import Callable, Sequence

import mpmath
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from mpmath import mpf

from lossbench.interfaces.links import LINKS, Linked, Sigmoid, Softmax

DIGITS = 1e-13  # relative, in float64
OUTPUTS = st.lists(st.floats(-300, 300), min_size=2, max_size=6)
APART = st.lists(st.integers(-600, 600).map(lambda number: number / 2), min_size=2, max_size=6)  # equal, or well apart
Numbers = Sequence[mpf]


def softmax(z: Sequence[float]) -> list[mpf]:
    powers = [mpmath.exp(mpf(number)) for number in z]
    return [power / mpmath.fsum(powers) for power in powers]


def sigmoid(z: Sequence[float]) -> list[mpf]:
    return [1 / (1 + mpmath.exp(-mpf(number))) for number in z]


EXACT: dict[type[Linked], Callable[[Sequence[float]], list[mpf]]] = {Softmax: softmax, Sigmoid: sigmoid}


def column(numbers: Sequence[float]) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)[:, None]


def agree(found: torch.Tensor, wanted: Numbers, sizes: Numbers | None = None) -> None:
    """Each within DIGITS of its size, which is its own unless it is given; below the least normal float nothing is asked."""
    for one, other, size in zip(found[:, 0].tolist(), wanted, sizes or wanted, strict=True):
        assert abs(mpf(one) - other) <= DIGITS * abs(size) + mpf("1e-300"), (one, other)


@pytest.fixture(autouse=True)
def many_digits():
    with mpmath.workdps(350):
        yield


@pytest.fixture(autouse=True, params=["loops", "tensors"])
def form(request):
    """Every law holds twice: for the compiled loops, and for the formulas that stand in for them."""
    if request.param == "tensors":
        request.getfixturevalue("tensors")


@pytest.mark.slow
@pytest.mark.parametrize("link", EXACT)
@given(z=OUTPUTS)
@example(z=[40.0, 0.0, 0.0])
@example(z=[7.0, 7.0, 7.0])
@example(z=[300.0, -300.0])
def test_outputs_their_complements_and_their_distance_from_hard_targets(link: type[Linked], z: list[float]) -> None:
    linked, a = link(column(z)), EXACT[link](z)
    agree(linked.a, a)
    agree(linked.complement, [1 - share for share in a])
    for right in range(len(z)):
        y = [float(place == right) for place in range(len(z))]
        agree(linked.residual(column(y)), [share - truth for share, truth in zip(a, y, strict=True)])


@given(z=OUTPUTS)
@example(z=[40.0, 0.0, 0.0])
def test_the_logarithm_of_the_softmax(z: list[float]) -> None:
    agree(Softmax(column(z)).log, [mpmath.log(share) for share in softmax(z)])


@given(z=OUTPUTS, weight=st.floats(0.01, 1))
def test_a_weight_over_the_softmax_and_none_wins_over_any(z: list[float], weight: float) -> None:
    over = Softmax(column(z)).quotient(column([0.0, *[weight] * (len(z) - 1)]))
    agree(over, [mpf(0), *(mpf(weight) / share for share in softmax(z)[1:])])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_over_nothing_a_weight_is_infinite_and_no_weight_is_nothing(dtype: torch.dtype) -> None:
    over = Softmax(torch.tensor([[0.0], [-2000.0], [-2000.0]], dtype=dtype)).quotient(
        torch.tensor([[0.0], [1.0], [0.0]], dtype=dtype)
    )
    assert over[:, 0].tolist() == [0.0, float("inf"), 0.0]


@given(z=OUTPUTS, error=st.lists(st.floats(-5, 5), min_size=6, max_size=6))
@example(z=[2.0, 2.0], error=[1.0] * 6)
def test_what_passes_back_through_the_softmax(z: list[float], error: list[float]) -> None:
    """By its Jacobian, to the digits of what is left when the winner's error is taken off all."""
    p, e = softmax(z), [mpf(number) for number in error[: len(z)]]
    mean = mpmath.fsum(share * own for share, own in zip(p, e, strict=True))
    winner = max(e[place] for place, number in enumerate(z) if number == max(z))
    spread = mpmath.fsum(share * abs(own - winner) for share, own in zip(p, e, strict=True))
    wanted = [share * (own - mean) for share, own in zip(p, e, strict=True)]
    sizes = [share * (abs(own - winner) + spread) for share, own in zip(p, e, strict=True)]
    agree(Softmax(column(z)).backward(column(error[: len(z)])), wanted, sizes)


@given(z=OUTPUTS)
def test_what_passes_back_through_the_sigmoid_is_the_error_times_its_slope(z: list[float]) -> None:
    agree(Sigmoid(column(z)).backward(column([2.0] * len(z))), [2 * a * (1 - a) for a in sigmoid(z)])


@given(z=APART, right=st.integers(0, 5))
@example(z=[40.0, 0.0, 0.0], right=0)
@example(z=[7.0, 7.0, 7.0], right=1)
def test_what_passes_back_of_the_distance_from_hard_targets(z: list[float], right: int) -> None:
    """(a − y) a(1 − a) of the sigmoid; of the softmax its Jacobian times p − y, to the digits of what the errors leave."""
    y = [float(place == right % len(z)) for place in range(len(z))]
    a, p = sigmoid(z), softmax(z)
    agree(Sigmoid(column(z)).residual_backward(column(y)), [(s - t) * s * (1 - s) for s, t in zip(a, y, strict=True)])
    e = [share - truth for share, truth in zip(p, y, strict=True)]
    mean = mpmath.fsum(share * own for share, own in zip(p, e, strict=True))
    winner = max(e[place] for place, number in enumerate(z) if number == max(z))
    spread = mpmath.fsum(share * abs(own - winner) for share, own in zip(p, e, strict=True))
    wanted = [share * (own - mean) for share, own in zip(p, e, strict=True)]
    sizes = [share * (abs(own - winner) + spread) for share, own in zip(p, e, strict=True)]
    agree(Softmax(column(z)).residual_backward(column(y)), wanted, sizes)


@pytest.mark.parametrize("name", LINKS)
def test_a_link_passes_back_what_autograd_does(name: str) -> None:
    z = torch.linspace(-3, 3, 12, dtype=torch.float64).view(3, 4).requires_grad_()
    error = torch.linspace(1, -2, 12, dtype=torch.float64).view(3, 4)
    (wanted,) = torch.autograd.grad((LINKS[name].value(z) * error).sum(), z)
    torch.testing.assert_close(LINKS[name].at(z.detach()).backward(error), wanted)
