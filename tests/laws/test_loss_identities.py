"""Every identity that a loss's docstring states, word for word."""

import inspect
import math
import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from lossbench.interfaces import Loss
from lossbench.interfaces.links import OUTPUTS
from lossbench.losses.absolute import AbsoluteError, Chebyshev, Huber, LogCosh, Pinball
from lossbench.losses.divergence import CauchySchwarz, Tanimoto
from lossbench.losses.entropy import ConfidencePenalty, CrossEntropy, KullbackLeibler, LabelSmoothing
from lossbench.losses.history import FahlmanArctanh, FahlmanOffset, InsetHalfSquaredError, SlopeLeftOut
from lossbench.losses.imbalanced import Asymmetric, Ldam, LogitAdjusted
from lossbench.losses.likelihood import Bernoulli, Gaussian, GaussianLearntVariance, Laplace, Poisson
from lossbench.losses.margin import CubedHinge, Exponential, Hinge, LogisticMargin, Perceptron, Savage, SquaredHinge, Tangent
from lossbench.losses.multiclass import MulticlassHinge, Sparsemax
from lossbench.losses.reshaped import ClampedCrossEntropy, Focal, LogSquared, Poly1, TaylorCrossEntropy
from lossbench.losses.robust import ActivePassive, GeneralisedCrossEntropy, NormalisedCrossEntropy, SymmetricCrossEntropy
from lossbench.losses.scoring import ProperBeta, SphericalScore
from lossbench.losses.squared import Brier, HalfSquaredError, RescaledSquaredError, Squentropy
from lossbench.losses.tempered import BiTempered
from lossbench.registry import shelf

torch.manual_seed(0)
Z = 2 * torch.randn(4, 64, dtype=torch.float64)  # raw outputs of four classes
LEFT, RIGHT = Z[:1], Z[1:2]
HOT = torch.nn.functional.one_hot(torch.arange(64) % 4, 4).T.double()
SOFT = torch.randn(4, 64, dtype=torch.float64).softmax(OUTPUTS)
LABEL = HOT[:1]  # of one output: 0 or 1
SHARES = torch.rand(4, 64, dtype=torch.float64)  # between 0 and 1, in no sum
REAL = torch.randn(4, 64, dtype=torch.float64)
LOG_THREE = torch.cat([Z, torch.full_like(Z, math.log(3))])  # means, and log variances that are all the same
P = torch.softmax(Z, OUTPUTS)
RIGHT_P = (HOT * P).sum(OUTPUTS)
CE, BCE = CrossEntropy(link="softmax"), CrossEntropy(link="sigmoid")
HALF = HalfSquaredError(link="identity")
HALF_SIGMOID, HALF_SOFTMAX = HalfSquaredError(link="sigmoid"), HalfSquaredError(link="softmax")
FAR_SOFTMAX, FAR_IDENTITY = AbsoluteError(link="softmax"), AbsoluteError(link="identity")
Sides = tuple[Tensor, Tensor]


def both(left: Loss, right: Callable[[], Loss] | Loss) -> list[Sides]:
    """The same loss twice, on the softmax and on the sigmoid where both have these links, value and gradient."""
    sides = []
    for link, y in (("softmax", SOFT), ("sigmoid", SHARES)):
        one, other = type(left)(**vars(left) | {"link": link}), type(right)(**vars(right) | {"link": link})
        sides += [(one.value(Z, y), other.value(Z, y)), (one.gradient(Z, y), other.gradient(Z, y))]
    return sides


def same(left: Loss, right: Loss, y: Tensor, factor: float = 1.0, shift: float = 0.0) -> list[Sides]:
    """left = factor · right + shift, and the gradients accordingly."""
    return [(left.value(Z, y), factor * right.value(Z, y) + shift), (left.gradient(Z, y), factor * right.gradient(Z, y))]


def doubled(left: Loss, right: Loss, y: Tensor, factor: float) -> list[Sides]:
    """left at z = factor · right at 2z."""
    return [(left.value(Z, y), factor * right.value(2 * Z, y)), (left.gradient(Z, y), 2 * factor * right.gradient(2 * Z, y))]


def one_output(left: Loss, right: Loss) -> list[Sides]:
    return [(left.value(LEFT, LABEL), right.value(LEFT, LABEL)), (left.gradient(LEFT, LABEL), right.gradient(LEFT, LABEL))]


def lecun(z: Tensor, y: Tensor) -> Tensor:
    """Half the squared error of 1.7159 tanh(2x/3), x = 3z/4, against ±1."""
    return 0.5 * (1.7159 * torch.tanh(z / 2) - (2 * y - 1)).square().sum(OUTPUTS)


def pairs_of_classes() -> list[Sides]:
    z, y = Z[:2], torch.cat([LABEL, 1 - LABEL])
    crammer, weston = MulticlassHinge(form="crammer_singer"), MulticlassHinge(form="weston_watkins")
    return [(crammer.value(z, y), weston.value(z, y)), (crammer.gradient(z, y), weston.gradient(z, y))]


def sparse(z: Tensor, y: Tensor) -> Tensor:
    m = ((2 * y - 1) * z).select(OUTPUTS, 0)
    return torch.where(m >= 1, 0.0, torch.where(m <= -1, -m, (1 - m).square() / 4))


def over_labels(loss: Loss) -> Tensor:
    return sum(
        (loss.value(Z, torch.eye(4, dtype=torch.float64)[:, [label]].expand(4, 64)) for label in range(4)), torch.zeros(64)
    )


SMALL = torch.tensor([[1e-4, -1e-4]], dtype=torch.float64)
EDGES = torch.tensor([[math.tan(0.5), 1e9, -1e9]], dtype=torch.float64)
LOG_2PI = math.log(2 * math.pi)
IDENTITIES: dict[tuple[str, str], Callable[[], list[Sides]]] = {
    ("absolute_error", "with one-hot targets, on the softmax ℓ is twice the chance of a mistake, 2 (1 − p)"): lambda: [
        (FAR_SOFTMAX.value(Z, HOT), 2 * (1 - RIGHT_P))
    ],
    ("active_passive", "beta = 0 is alpha times NormalisedCrossEntropy"): lambda: same(
        ActivePassive(alpha=3.0, beta=0.0, link="softmax"), NormalisedCrossEntropy(link="softmax"), SOFT, 3.0
    ),
    (
        "active_passive",
        "with one-hot targets, alpha = 0 and floor = −2 this is beta times AbsoluteError on the softmax",
    ): lambda: same(ActivePassive(alpha=0.0, beta=3.0, floor=-2.0, link="softmax"), FAR_SOFTMAX, HOT, 3.0),
    ("bernoulli", "this is CrossEntropy on the sigmoid"): lambda: same(Bernoulli(), BCE, SHARES),
    ("bi_tempered", "t1 = t2 = 1 is CrossEntropy on the softmax"): lambda: same(BiTempered(t1=1.0, t2=1.0), CE, HOT),
    ("bi_tempered", "t1 = 0 with t2 = 1 is HalfSquaredError on the softmax"): lambda: same(
        BiTempered(t1=0.0, t2=1.0), HALF_SOFTMAX, SOFT
    ),
    ("brier", "twice HalfSquaredError on the same link"): lambda: (
        same(Brier(link="softmax"), HALF_SOFTMAX, SOFT, 2.0) + same(Brier(link="sigmoid"), HALF_SIGMOID, SHARES, 2.0)
    ),
    ("cauchy_schwarz", "with one-hot targets this is half of CrossEntropy at 2z"): lambda: doubled(
        CauchySchwarz(link="softmax"), CE, HOT, 0.5
    ),
    ("chebyshev", "with one-hot targets, on the softmax half of AbsoluteError"): lambda: same(
        Chebyshev(link="softmax"), FAR_SOFTMAX, HOT, 0.5
    ),
    ("clamped_cross_entropy", "as delta → 0 this becomes CrossEntropy"): lambda: both(ClampedCrossEntropy(delta=1e-30), CE),
    ("asymmetric", "gamma_positive = gamma_negative = 0 and shift = 0 is CrossEntropy on the sigmoid"): lambda: same(
        Asymmetric(gamma_positive=0.0, gamma_negative=0.0, shift=0.0), BCE, SHARES
    ),
    ("asymmetric", "gamma_positive = gamma_negative = 2 and shift = 0 is Focal on the sigmoid"): lambda: same(
        Asymmetric(gamma_positive=2.0, gamma_negative=2.0, shift=0.0), Focal(gamma=2.0, link="sigmoid"), SHARES
    ),
    ("confidence_penalty", "beta = 0 is CrossEntropy"): lambda: both(ConfidencePenalty(beta=0.0), CE),
    ("cross_entropy", "with two outputs, the softmax at z equals the sigmoid at z_2 − z_1"): lambda: [
        (CE.value(Z[:2], torch.cat([1 - LABEL, LABEL])), BCE.value(RIGHT - LEFT, LABEL))
    ],
    ("cubed_hinge", "for one output, the cube of Hinge"): lambda: [
        (CubedHinge().value(LEFT, LABEL), Hinge().value(LEFT, LABEL).pow(3))
    ],
    ("exponential", "half of ProperBeta with alpha = beta = −1/2 at 2z"): lambda: doubled(
        Exponential(), ProperBeta(alpha=-0.5, beta=-0.5), SHARES, 0.5
    ),
    ("fahlman_arctanh", "for small d this is d², twice HalfSquaredError on the sigmoid"): lambda: [
        (
            1e8 * FahlmanArctanh().value(SMALL, torch.full_like(SMALL, 0.5)),
            2e8 * HALF_SIGMOID.value(SMALL, torch.full_like(SMALL, 0.5)),
        )
    ],
    ("slope_left_out", "for hard targets Exponential less the margin"): lambda: [
        (SlopeLeftOut().value(Z, HOT), Exponential().value(Z, HOT) - ((2 * HOT - 1) * Z).sum(OUTPUTS))
    ],
    ("slope_left_out", "the gradient is CrossEntropy's error on the sigmoid"): lambda: [
        (SlopeLeftOut().gradient(Z, SHARES), BCE.error(Z, SHARES))
    ],
    ("fahlman_arctanh", "at most 2 log 2 for each output"): lambda: [
        (FahlmanArctanh().value(torch.full_like(Z, -1e4), torch.ones_like(Z)), torch.full((64,), 4 * 2 * math.log(2)))
    ],
    ("fahlman_offset", "HalfSquaredError on the sigmoid plus offset times CrossEntropy on the sigmoid"): lambda: [
        (FahlmanOffset(offset=0.3).value(Z, SHARES), HALF_SIGMOID.value(Z, SHARES) + 0.3 * BCE.value(Z, SHARES))
    ],
    ("focal", "gamma = 0 is CrossEntropy"): lambda: both(Focal(gamma=0.0), CE),
    ("gaussian_learnt_variance", "where every s is log v this is Gaussian with variance v"): lambda: [
        (GaussianLearntVariance().value(LOG_THREE, REAL), Gaussian(variance=3.0).value(Z, REAL)),
        (GaussianLearntVariance().gradient(LOG_THREE, REAL)[:4], Gaussian(variance=3.0).gradient(Z, REAL)),
    ],
    ("gaussian", "less ½ log(2π v) for each output this is HalfSquaredError on the identity over v"): lambda: same(
        Gaussian(variance=3.0), HALF, REAL, 1 / 3, 4 * 0.5 * (LOG_2PI + math.log(3))
    ),
    ("generalised_cross_entropy", "as q → 0 this becomes CrossEntropy"): lambda: both(GeneralisedCrossEntropy(q=1e-12), CE),
    ("generalised_cross_entropy", "with one-hot targets, q = 1 is half of AbsoluteError on the softmax"): lambda: same(
        GeneralisedCrossEntropy(q=1.0, link="softmax"), FAR_SOFTMAX, HOT, 0.5
    ),
    ("half_squared_error", "twice this is the squared error"): lambda: [
        (2 * HALF.value(Z, REAL), (Z - REAL).square().sum(OUTPUTS))
    ],
    (
        "half_squared_error",
        "on the identity it is the Gaussian negative log-likelihood with unit variance, less ½ log 2π",
    ): lambda: same(HALF, Gaussian(), REAL, 1.0, -4 * 0.5 * LOG_2PI),
    ("hinge", "margin = 0 is Perceptron"): lambda: same(Hinge(margin=0.0), Perceptron(), SHARES),
    ("huber", "within residuals of δ this is HalfSquaredError on the identity"): lambda: same(Huber(delta=100.0), HALF, REAL),
    ("huber", "torch's SmoothL1Loss(beta) is this over β"): lambda: [
        (Huber(delta=0.4).value(Z, REAL) / 0.4, nn.SmoothL1Loss(reduction="none", beta=0.4)(Z, REAL).sum(OUTPUTS))
    ],
    ("inset_half_squared_error", "inset = 0 is HalfSquaredError on the sigmoid"): lambda: same(
        InsetHalfSquaredError(inset=0.0), HALF_SIGMOID, SHARES
    ),
    (
        "inset_half_squared_error",
        "with the default inset, ½ (1 − 1/1.7159), (2·1.7159)² ℓ is the source's ½ (1.7159 tanh(2x/3) ∓ 1)² at x = 3z/4",
    ): lambda: [(InsetHalfSquaredError().value(Z, HOT) * (2 * 1.7159) ** 2, lecun(Z, HOT))],
    ("kullback_leibler", "with one-hot targets this is CrossEntropy"): lambda: same(KullbackLeibler(link="softmax"), CE, HOT),
    ("kullback_leibler", "with soft ones it is 0 where the prediction is the target"): lambda: [
        (1 + KullbackLeibler(link="softmax").value(Z, P), torch.ones(64)),
        (1 + KullbackLeibler(link="sigmoid").value(Z, Z.sigmoid()), torch.ones(64)),
    ],
    ("label_smoothing", "smoothing = 0 is CrossEntropy"): lambda: both(LabelSmoothing(smoothing=0.0), CE),
    ("laplace", "less log(2b) for each output this is AbsoluteError on the identity over b"): lambda: same(
        Laplace(scale=3.0), FAR_IDENTITY, REAL, 1 / 3, 4 * math.log(6)
    ),
    ("ldam", "margin = 0 and scale = 1 is CrossEntropy"): lambda: same(
        Ldam(margin=0.0, members=(9, 5, 2, 1), link="softmax"), CE, HOT
    ),
    ("logit_adjusted", "tau = 0 is CrossEntropy"): lambda: same(
        LogitAdjusted(tau=0.0, members=(9, 5, 2, 1), link="softmax"), CE, SOFT
    ),
    ("logit_adjusted", "where nobody says the members this is CrossEntropy"): lambda: both(LogitAdjusted(tau=2.0), CE),
    ("log_cosh", "r²/2 for small residuals, |r| − log 2 for large ones"): lambda: [
        (1e8 * LogCosh().value(SMALL, 0 * SMALL), 0.5e8 * SMALL.square().sum(OUTPUTS)),
        (LogCosh().value(SMALL * 1e6, 0 * SMALL), (SMALL * 1e6).abs().sum(OUTPUTS) - math.log(2)),
    ],
    ("log_cosh", "with r = z − y, ℓ = CrossEntropy on the sigmoid at 2r, target 0, less r and log 2"): lambda: [
        (LogCosh().value(Z, REAL), BCE.value(2 * (Z - REAL), 0 * Z) - (Z - REAL).sum(OUTPUTS) - 4 * math.log(2))
    ],
    ("log_squared", "with one-hot targets on the softmax, the square of CrossEntropy"): lambda: [
        (LogSquared(link="softmax").value(Z, HOT), CE.value(Z, HOT).square())
    ],
    ("logistic_margin", "at the same raw outputs this is CrossEntropy on the sigmoid"): lambda: same(
        LogisticMargin(), BCE, SHARES
    ),
    ("multiclass_hinge", "with two classes both forms agree"): pairs_of_classes,
    ("multiclass_hinge", "with one output this is Hinge"): lambda: one_output(MulticlassHinge(margin=0.7), Hinge(margin=0.7)),
    ("multiclass_hinge", "margin = 0 with crammer_singer is the multiclass perceptron's max_c z_c − s"): lambda: [
        (MulticlassHinge(margin=0.0).value(Z, HOT), Z.amax(OUTPUTS) - (HOT * Z).sum(OUTPUTS))
    ],
    ("normalised_cross_entropy", "over all labels it sums to 1"): lambda: [
        (over_labels(NormalisedCrossEntropy(link="softmax")), torch.ones(64))
    ],
    ("perceptron", "this is Hinge with margin = 0"): lambda: same(Perceptron(), Hinge(margin=0.0), SHARES),
    ("pinball", "tau = 0.5 is half of AbsoluteError on the identity"): lambda: same(Pinball(tau=0.5), FAR_IDENTITY, REAL, 0.5),
    ("poisson", "torch's PoissonNLLLoss (log input) is this less log(y!)"): lambda: [
        (
            Poisson().value(Z, 10 * SHARES) - (10 * SHARES + 1).lgamma().sum(OUTPUTS),
            nn.PoissonNLLLoss(reduction="none")(Z, 10 * SHARES).sum(OUTPUTS),
        )
    ],
    ("poly_1", "epsilon = 0 is CrossEntropy"): lambda: both(Poly1(epsilon=0.0), CE),
    ("proper_beta", "alpha = beta = 0 is CrossEntropy on the sigmoid"): lambda: same(
        ProperBeta(alpha=0.0, beta=0.0), BCE, SHARES
    ),
    ("proper_beta", "alpha = beta = 1 is HalfSquaredError on the sigmoid"): lambda: same(
        ProperBeta(alpha=1.0, beta=1.0), HALF_SIGMOID, HOT
    ),
    ("proper_beta", "alpha = beta = −1/2 at 2z is twice Exponential at z"): lambda: doubled(
        Exponential(), ProperBeta(alpha=-0.5, beta=-0.5), HOT, 0.5
    ),
    (
        "rescaled_squared_error",
        "with one-hot targets, k = 1 and m = 1, this is 2/C times HalfSquaredError on the identity",
    ): lambda: same(RescaledSquaredError(k=1.0, m=1.0), HALF, HOT, 0.5),
    ("savage", "twice HalfSquaredError on the sigmoid at 2z"): lambda: doubled(Savage(), HALF_SIGMOID, HOT, 2.0),
    ("sparsemax", "with one output and margin m, ℓ is 0 for m ≥ 1, −m for m ≤ −1 and (1 − m)²/4 between"): lambda: [
        (Sparsemax().value(LEFT, LABEL), sparse(LEFT, LABEL))
    ],
    ("spherical_score", "half of GeneralisedCrossEntropy with q = 1/2 at 2z"): lambda: doubled(
        SphericalScore(link="softmax"), GeneralisedCrossEntropy(q=0.5, link="softmax"), SOFT, 0.5
    ),
    ("squared_hinge", "for one output, the square of Hinge"): lambda: [
        (SquaredHinge().value(LEFT, LABEL), Hinge().value(LEFT, LABEL).square())
    ],
    ("squentropy", "less the squares, this is CrossEntropy on the softmax"): lambda: [
        (Squentropy(link="softmax").value(Z, SOFT) - ((1 - SOFT) * Z.square()).sum(OUTPUTS) / 3, CE.value(Z, SOFT))
    ],
    ("symmetric_cross_entropy", "beta = 0 is alpha times CrossEntropy"): lambda: same(
        SymmetricCrossEntropy(alpha=3.0, beta=0.0, link="softmax"), CE, SOFT, 3.0
    ),
    ("symmetric_cross_entropy", "with one-hot targets ℓ = −α log p − β A (1 − p)"): lambda: [
        (
            SymmetricCrossEntropy(alpha=0.3, beta=0.7, floor=-5.0, link="softmax").value(Z, HOT),
            -0.3 * RIGHT_P.log() + 0.7 * 5 * (1 - RIGHT_P),
        )
    ],
    ("tangent", "this is 0 at m = tan ½ and tends to (π − 1)² far on the right side, to (π + 1)² on the wrong one"): lambda: [
        (
            1 + Tangent().value(EDGES, torch.ones_like(EDGES)),
            1 + torch.tensor([0, (math.pi - 1) ** 2, (math.pi + 1) ** 2], dtype=torch.float64),
        )
    ],
    ("tanimoto", "with one-hot targets ℓ = 1 − p / (‖p‖² + 1 − p) for the right class's p"): lambda: [
        (Tanimoto(link="softmax").value(Z, HOT), 1 - RIGHT_P / (P.square().sum(OUTPUTS) + 1 - RIGHT_P))
    ],
    ("taylor_cross_entropy", "with one-hot targets, order 1 is half of AbsoluteError on the softmax"): lambda: same(
        TaylorCrossEntropy(order=1, link="softmax"), FAR_SOFTMAX, HOT, 0.5
    ),
}


def stated(cls: type) -> list[tuple[str, str]]:
    """The identities in a docstring, clause by clause."""
    section = re.search(r"\nIdentities: (.*?)\nProperties: ", inspect.getdoc(cls) or "", re.DOTALL)
    assert section is not None, cls
    return [(cls.word, clause) for clause in " ".join(section[1].split()).removesuffix(".").split("; ")]


@pytest.mark.parametrize(("word", "identity"), IDENTITIES)
def test_what_a_docstring_calls_the_same_is_the_same(word: str, identity: str) -> None:
    for left, right in IDENTITIES[word, identity]():
        torch.testing.assert_close(
            left, right.to(left.dtype), rtol=1e-8, atol=1e-12, msg=lambda text: f"{word}: {identity}\n{text}"
        )


def test_every_identity_in_a_docstring_is_put_to_the_test() -> None:
    ours = [cls for cls in shelf("loss").values() if cls.__module__.startswith("lossbench.losses.")]
    classes = [cls for cls in ours if not cls.__module__.endswith(("ordered", "distributional"))]  # they have files of their own
    assert {pair for cls in classes for pair in stated(cls)} == set(IDENTITIES)
