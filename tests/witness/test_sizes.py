"""Norms of large tensors have the digits that float64 gives them, at the ends of float32 too."""

import numpy as np
import pytest
import torch

from lossbench.witness import sizes
from lossbench.witness.sizes import distance, norm

DIGITS = {torch.float32: 1e-6, torch.float64: 1e-13, torch.bfloat16: 1e-6}


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "CHUNK", 64)


@pytest.mark.parametrize("dtype", DIGITS)
@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1.0, 1e12, 1e30])
@pytest.mark.parametrize("shape", [(0,), (), (7,), (8, 8), (67, 3), (3, 5, 67)])
def test_they_are_those_of_float64(shape: tuple[int, ...], scale: float, dtype: torch.dtype) -> None:
    draw = torch.Generator().manual_seed(len(shape))
    one, other = (scale * torch.randn(shape, generator=draw, dtype=torch.float64) for _ in range(2))
    one, other = one.to(dtype), other.to(dtype)
    assert norm(one) == pytest.approx(float(one.double().norm()), rel=DIGITS[dtype])
    assert distance(one, other) == pytest.approx(float((one - other).double().norm()), rel=DIGITS[dtype])
    assert norm(one.T) == pytest.approx(norm(one), rel=DIGITS[dtype]) if one.dim() == 2 else norm(one) >= 0


def test_large_chunks_do_not_hide_small_ones_and_vanishing_squares_count() -> None:
    tensor = torch.full((640,), 1e-25)
    assert norm(tensor) == pytest.approx(1e-25 * 640**0.5, rel=1e-6)
    assert norm(torch.sparse_coo_tensor([[1, 1]], [3.0, 1.0], (9,), check_invariants=True)) == 4


@pytest.mark.parametrize("odd", [torch.nan, torch.inf])
def test_what_is_no_finite_number_shows(odd: float) -> None:
    tensor = torch.ones(200)
    tensor[100] = odd
    np.testing.assert_equal(norm(tensor), odd)
    np.testing.assert_equal(distance(tensor, torch.zeros(200)), odd)


def test_float64_reaches_its_own_ends() -> None:
    assert norm(torch.full((200,), 1e200, dtype=torch.float64)) == pytest.approx(1e200 * 200**0.5, rel=1e-13)
