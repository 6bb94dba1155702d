"""Losses that say a distribution of a number: against the source's own code, scipy, and the integral that they are."""

import inspect
import re

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from lossbench.errors import BadInput
from lossbench.interfaces import TrainingTargets
from lossbench.losses.absolute import AbsoluteError
from lossbench.losses.distributional import GaussianCrps, HlGauss
from lossbench.losses.entropy import CrossEntropy
from lossbench.registry import shelf

N, BINS = 40, 12
torch.manual_seed(0)
KNOWN = HlGauss(bins=BINS, least=(-2.0, 0.0), greatest=(3.0, 50.0))
Z = 2 * torch.randn(2 * BINS, N, dtype=torch.float64)
Y = torch.stack([5 * torch.rand(N, dtype=torch.float64) - 2, 50 * torch.rand(N, dtype=torch.float64)])
RANGES = [(-2.0, 3.0), (0.0, 50.0)]


def edges(least: float, greatest: float) -> torch.Tensor:
    """The bins' edges (K + 1,): from 3 standard deviations below the least target to 3 above the greatest."""
    width = (greatest - least) / (BINS - 6 * 0.75)
    return torch.linspace(least - 2.25 * width, greatest + 2.25 * width, BINS + 1, dtype=torch.float64)


def source(z: torch.Tensor, y: torch.Tensor, support: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss (N,) and prediction (N,) for logits (N, K) by the listing in Farebrother et al. 2024, appendix A."""
    sigma = 0.75 * (support[1] - support[0])
    cdf = torch.special.erf((support - y[:, None]) / (2**0.5 * sigma))
    probabilities = (cdf[:, 1:] - cdf[:, :-1]) / (cdf[:, -1] - cdf[:, 0])[:, None]
    centres = (support[:-1] + support[1:]) / 2
    return torch.nn.functional.cross_entropy(z, probabilities, reduction="none"), (z.softmax(-1) * centres).sum(-1)


def test_a_histogram_loss_and_its_prediction_are_the_sources() -> None:
    free = Z.clone().requires_grad_()
    pairs = [source(free[t * BINS : (t + 1) * BINS].T, Y[t], edges(*RANGES[t])) for t in (0, 1)]
    value = pairs[0][0] + pairs[1][0]
    (gradient,) = torch.autograd.grad(value.sum(), free)
    torch.testing.assert_close(KNOWN.value(Z, Y), value.detach(), rtol=1e-12, atol=0)
    torch.testing.assert_close(KNOWN.gradient(Z, Y), gradient, rtol=1e-11, atol=1e-14)
    torch.testing.assert_close(KNOWN.prediction(Z), torch.stack([pair[1] for pair in pairs]).detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("level", [0.001, 0.05, 0.5, 0.95, 0.999])
def test_quantiles_of_a_histogram_are_scipys(level: float) -> None:
    said = KNOWN.quantile(Z, level)
    for t in (0, 1):
        for n in range(N):
            law = stats.rv_histogram(
                (Z[t * BINS : (t + 1) * BINS, n].softmax(0).numpy(), edges(*RANGES[t]).numpy()), density=False
            )
            assert float(said[t, n]) == pytest.approx(law.ppf(level), rel=1e-9, abs=1e-9)


def test_a_histogram_has_its_targets_mean_and_its_tails_have_all_their_digits() -> None:
    loss, y = HlGauss(), torch.tensor([[0.3]], dtype=torch.float64)
    q = loss.histogram(y)[0, :, 0]
    width = 1 / (50 - 4.5)
    u = ((np.arange(51) - 2.25) * width - 0.3) / (0.75 * width)
    right = np.where(u[:-1] > 0, stats.norm.sf(u[:-1]) - stats.norm.sf(u[1:]), stats.norm.cdf(u[1:]) - stats.norm.cdf(u[:-1]))
    np.testing.assert_allclose(q, right / right.sum(), rtol=1e-10)
    y = torch.linspace(0, 1, 101, dtype=torch.float64)[None]
    logits = loss.histogram(y).clamp_min(1e-300).log().flatten(-3, -2)
    assert float((loss.prediction(logits) - y).abs().max()) < 0.02 * width


def test_a_target_outside_the_range_counts_as_its_edge() -> None:
    inside, outside = (torch.tensor([[low], [high]], dtype=torch.float64) for low, high in ((-2.0, 50.0), (-9.0, 1e6)))
    assert torch.equal(KNOWN.histogram(outside), KNOWN.histogram(inside))


def test_the_range_is_that_of_the_training_targets_unless_it_is_said() -> None:
    targets = TrainingTargets(least=(-2.0, 0.0), greatest=(3.0, 50.0))
    assert HlGauss(bins=BINS).informed(targets) == KNOWN
    assert KNOWN.informed(TrainingTargets(least=(0.0, 0.0), greatest=(1.0, 1.0))) == KNOWN
    with pytest.raises(BadInput, match="the range of 2 targets, and the data have 1"):
        KNOWN.on("regression", 1)


def test_a_score_of_ranks_is_the_integral_over_squares_of_distribution_functions() -> None:
    m, s, y = (torch.randn(8, dtype=torch.float64) for _ in range(3))
    said = GaussianCrps().value(torch.stack([m, s]), y[None])
    for n in range(8):
        law = stats.norm(float(m[n]), float((s[n] / 2).exp()))
        below, _ = integrate.quad(lambda x, law=law: law.cdf(x) ** 2, -np.inf, float(y[n]), epsabs=1e-13)
        above, _ = integrate.quad(lambda x, law=law: law.sf(x) ** 2, float(y[n]), np.inf, epsabs=1e-13)
        assert float(said[n]) == pytest.approx(below + above, rel=1e-9)


DRAWS = torch.from_numpy(stats.norm(0.5, 1.3).ppf((np.arange(500) + 0.5) / 500))[None]


def test_a_score_of_ranks_costs_least_at_the_true_mean_and_quantiles() -> None:
    loss = GaussianCrps()
    z = torch.zeros(2, 1, dtype=torch.float64)
    for _ in range(200):
        z -= 2 * loss.gradient(z.expand(-1, DRAWS.shape[1]), DRAWS).mean(-1, keepdim=True)
    assert float(loss.prediction(z)) == pytest.approx(0.5, abs=0.01)
    for level in (0.1, 0.9):
        assert float(loss.quantile(z, level)) == pytest.approx(stats.norm(0.5, 1.3).ppf(level), abs=0.01)


def test_a_histogram_loss_costs_least_at_the_mean_of_the_histograms() -> None:
    loss = HlGauss(bins=BINS, least=(-4.0,), greatest=(4.0,))
    z = loss.histogram(DRAWS)[0].mean(-1, keepdim=True).log()
    assert float(loss.gradient(z.expand(-1, DRAWS.shape[1]), DRAWS).mean(-1).abs().max()) < 1e-15
    assert float(loss.prediction(z)) == pytest.approx(0.5, abs=0.002)


HISTOGRAM, LEVEL = HlGauss(bins=BINS, least=(-2.0,), greatest=(3.0,)), torch.full((2, N), -100.0, dtype=torch.float64)
SOFTMAX, ABSOLUTE = CrossEntropy(link="softmax"), AbsoluteError(link="identity")
IDENTITIES = {
    ("hl_gauss", "for one target ℓ is CrossEntropy on the softmax with the histogram q as target"): lambda: [
        (HISTOGRAM.value(Z[:BINS], Y[:1]), SOFTMAX.value(Z[:BINS], HISTOGRAM.histogram(Y[:1])[0])),
        (HISTOGRAM.gradient(Z[:BINS], Y[:1]), SOFTMAX.gradient(Z[:BINS], HISTOGRAM.histogram(Y[:1])[0])),
    ],
    ("gaussian_crps", "as every s → −∞ this becomes AbsoluteError on the identity, of the means"): lambda: [
        (GaussianCrps().value(torch.cat([Z[:2], LEVEL]), Y), ABSOLUTE.value(Z[:2], Y)),
        (GaussianCrps().gradient(torch.cat([Z[:2], LEVEL]), Y)[:2], ABSOLUTE.gradient(Z[:2], Y)),
    ],
}


@pytest.mark.parametrize(("word", "identity"), IDENTITIES)
def test_what_a_docstring_calls_the_same_is_the_same(word: str, identity: str) -> None:
    for left, right in IDENTITIES[word, identity]():
        torch.testing.assert_close(left, right, rtol=1e-12, atol=1e-13)


def test_every_identity_in_a_docstring_is_put_to_the_test() -> None:
    ours = [cls for cls in shelf("loss").values() if cls.__module__.endswith("losses.distributional")]
    sections = {cls.word: re.search(r"\nIdentities: (.*?)\nProperties: ", inspect.getdoc(cls) or "", re.DOTALL) for cls in ours}
    assert {(word, " ".join(section[1].split()).removesuffix(".")) for word, section in sections.items() if section} == set(
        IDENTITIES
    )
