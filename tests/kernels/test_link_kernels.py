"""Compiled loops: as exact as their formulas, and the same bits wherever a number stands."""

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from lossbench.interfaces import links
from lossbench.kernels import link_kernels

LINKED = {"sigmoid": links.Sigmoid, "softmax": links.Softmax}
CASES = [
    *(("sigmoid", asked) for asked in ("residual", "backward", "residual_backward")),
    *(("softmax", asked) for asked in ("residual", "backward", "residual_backward", "quotient")),
]
ULP = 2.0**-24


@njit
def powers(x, out):
    for n in range(len(x)):
        out[n] = link_kernels.exp_of_nonpositive(x[n])


def test_powers_of_single_numbers_are_within_two_units_of_the_last_place_down_to_nothing():
    x = np.concatenate([-np.geomspace(1e-8, 104, 3000), [0.0, -87.3, -103.9, -1e30, -np.inf]]).astype(np.float32)
    found = np.empty_like(x)
    powers(x, found)
    for power, exponent in zip(found.tolist(), x.tolist(), strict=True):
        wanted = mpmath.exp(mpmath.mpf(exponent))
        assert abs(power - wanted) <= 2 * ULP * wanted + 1e-45, exponent  # or by the least number above 0
    assert found[-5] == 1
    assert found[-1] == 0
    powers(np.array([np.nan], np.float32), found[:1])
    assert np.isnan(found[0])


def drawn(seed: int, examples: int, dtype: str, outputs: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Raw outputs, some of them far out, and hard targets."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((outputs, examples)) * rng.choice([1, 30], examples)
    y = np.eye(outputs, dtype=dtype)[rng.integers(outputs, size=examples)].T
    return torch.tensor(z.astype(dtype)), torch.tensor(np.ascontiguousarray(y))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("link", "asked"), CASES)
def test_a_loop_has_as_many_digits_as_its_formula(link: str, asked: str, dtype: str, request) -> None:
    """Against the formula in float64: within the rounding of raw outputs' differences, or what the formula itself is off by."""
    z, y = drawn(1, 700, dtype)
    found = getattr(LINKED[link](z), asked)(y)
    request.getfixturevalue("tensors")
    formula, wanted = (getattr(LINKED[link](some_z), asked)(some_y) for some_z, some_y in ((z, y), (z.double(), y.double())))
    finite = wanted.abs() < torch.finfo(z.dtype).max
    assert torch.equal(found[~finite], formula[~finite])
    off, allowed = (found - wanted).abs(), 300 * torch.finfo(z.dtype).eps * wanted.abs() + torch.finfo(z.dtype).tiny
    assert (off <= allowed + 2 * (formula - wanted).abs())[finite].all()
    assert (off <= allowed)[finite].double().mean() > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("link", "asked"), CASES)
@given(seed=st.integers(0, 99), start=st.integers(0, 300), count=st.integers(1, 300))
def test_bits_do_not_depend_on_where_an_example_stands(
    link: str, asked: str, dtype: str, seed: int, start: int, count: int
) -> None:
    z, y = drawn(seed, 600, dtype)
    among = getattr(LINKED[link](z), asked)(y)[:, start : start + count]
    by_itself = getattr(LINKED[link](z[:, start : start + count].contiguous()), asked)(y[:, start : start + count].contiguous())
    assert torch.equal(among, by_itself)


@pytest.mark.parametrize(("link", "asked"), CASES)
def test_leading_axes_are_free(link: str, asked: str) -> None:
    z, y = (torch.stack(some) for some in zip(*(drawn(seed, 6, "float64") for seed in range(4)), strict=True))
    together = getattr(LINKED[link](z.view(2, 2, 5, 6)), asked)(y.view(2, 2, 5, 6)).view(4, 5, 6)
    for place, (some_z, some_y) in enumerate(zip(z, y, strict=True)):
        assert torch.equal(together[place], getattr(LINKED[link](some_z), asked)(some_y))


def test_what_is_no_number_stays_so_and_its_neighbours_do_not_notice() -> None:
    z, y = drawn(3, 9, "float32")
    lost = z.clone()
    lost[2, 4] = torch.nan
    for link, asked in CASES:
        fine, found = (getattr(LINKED[link](some), asked)(y) for some in (z, lost))
        assert torch.isnan(found[:, 4]).all() or (link == "sigmoid" and torch.isnan(found[2, 4]))
        others = [place for place in range(9) if place != 4]
        assert torch.equal(found[:, others], fine[:, others])


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize(("link", "asked"), CASES)
def test_what_is_mapped_over_is_computed_all_the_same(link: str, asked: str) -> None:
    z, y = (torch.stack(some) for some in zip(*(drawn(seed, 6, "float64") for seed in range(3)), strict=True))
    mapped = torch.func.vmap(lambda some_z, some_y: getattr(LINKED[link](some_z), asked)(some_y))(z, y)
    torch.testing.assert_close(mapped, getattr(LINKED[link](z), asked)(y))


def test_only_plain_numbers_of_one_shape_and_kind_are_looped_over() -> None:
    z, y = drawn(4, 6, "float32")
    assert link_kernels.plain(z, y)
    assert not link_kernels.plain(z, y.double())
    assert not link_kernels.plain(z, y[:, :3])
    assert not link_kernels.plain(z, y.T.contiguous().T)
    assert not link_kernels.plain(z.clone().requires_grad_(), y)
    assert not link_kernels.plain(z.to("meta"), y)
