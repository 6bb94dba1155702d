"""Sizes at the outputs: compiled loops give the very bits of their formulas, and every digit that mpmath has."""

import math

import mpmath
import pytest
import torch

from lossbench.interfaces import links, output_sizes

SIZES = {
    "slopes": lambda z: links.Softmax(z).slopes,
    "slope": lambda z: links.Softmax(z).slope,
    "length": output_sizes.length,
    "centred length": lambda z: output_sizes.length(z, centred=True),
}


def drawn(seed: int, outputs: int, examples: int, dtype: torch.dtype) -> torch.Tensor:
    """Raw outputs (C, B) near and far, tied ones, and some that are 0, infinite or no number."""
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(outputs, examples, generator=draw, dtype=dtype) * 30.0 ** torch.randint(-1, 3, (examples,), generator=draw)
    z[:, 1], z[:, 2], z[0, 3], z[1, 4], z[1, 5] = 3, 0, torch.inf, -torch.inf, torch.nan
    z[0, 6], z[1, 6] = torch.inf, torch.nan
    return z


def bits(numbers: torch.Tensor) -> torch.Tensor:
    """The bits of numbers; all that are no numbers count as one."""
    return torch.where(numbers.isnan(), torch.nan, numbers).view(torch.int32 if numbers.dtype == torch.float32 else torch.int64)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("outputs", [2, 3, 10, 15])
def test_a_loop_has_the_bits_of_its_formula(outputs: int, dtype: torch.dtype, monkeypatch) -> None:
    z = drawn(outputs, outputs, 640, dtype)
    looped = {name: size(z) for name, size in SIZES.items()}
    monkeypatch.setattr("lossbench.kernels.size_kernels.readable", lambda *_: False)
    for name, size in SIZES.items():
        assert torch.equal(bits(looped[name]), bits(size(z))), name


@pytest.mark.parametrize(("name", "outputs"), [("length", 1), *((name, outputs) for name in SIZES for outputs in (2, 10, 40))])
def test_a_loop_has_the_digits_of_mpmath(name: str, outputs: int) -> None:
    z = torch.randn(outputs, 3, generator=torch.Generator().manual_seed(outputs), dtype=torch.float64) * 4
    for b, numbers in enumerate(SIZES[name](z).unbind(-1)):
        column = [mpmath.mpf(x) for x in z[:, b].tolist()]
        p = [mpmath.exp(x) / mpmath.fsum(map(mpmath.exp, column)) for x in column]
        mean = mpmath.fsum(column) / len(column) if name == "centred length" else 0
        truth = {
            "slopes": [some * (1 - some) for some in p],
            "slope": [mpmath.sqrt(mpmath.fsum(_jacobian(p, i, j) ** 2 for i in range(len(p)) for j in range(len(p))))],
        }.get(name, [mpmath.sqrt(mpmath.fsum((x - mean) ** 2 for x in column))])
        for number, exact in zip(numbers.reshape(-1).tolist(), truth, strict=True):
            assert math.isclose(number, exact, rel_tol=1e-13), name


def _jacobian(p: list[mpmath.mpf], i: int, j: int) -> mpmath.mpf:
    return p[i] * (1 - p[i]) if i == j else -p[i] * p[j]


@pytest.mark.parametrize("name", SIZES)
def test_bits_do_not_depend_on_where_an_example_stands_or_on_leading_axes(name: str) -> None:
    z = drawn(7, 20, 400, torch.float32)
    together = SIZES[name](z)
    for start, count in ((0, 1), (3, 200), (130, 9), (399, 1)):
        alone = SIZES[name](z[:, start : start + count].clone())
        assert torch.equal(bits(alone), bits(together[..., start : start + count]))
    stacked = SIZES[name](torch.stack([z, z.flip(-1)]))
    assert torch.equal(bits(stacked[1]), bits(together.flip(-1)))
