"""Losses of classes in an order, against torch and scipy; what is decided of them, and how it is judged."""

import inspect
import re

import numpy as np
import pytest
import scipy.stats
import torch
from sklearn import metrics as theirs
from torch.nn import functional

from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.metric import Outputs
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.ordered import ContinuationRatio, Coral, CumulativeLink
from lossbench.registry import find

CLASSES, N = 5, 200
STREAM = np.random.default_rng(0)
LABEL = STREAM.integers(CLASSES, size=N)
HOT = torch.tensor(np.eye(CLASSES)[LABEL].T)
Z = torch.tensor(2 * STREAM.normal(size=(CLASSES - 1, N)))
EVERY = [Coral(), ContinuationRatio(), CumulativeLink()]


def with_gradient(values):
    """Values (N,) of raw outputs Z, and their gradient by autograd."""
    free = Z.clone().requires_grad_()
    value = values(free)
    return value.detach(), torch.autograd.grad(value.sum(), free)[0]


def coral(z):
    levels = torch.tensor([[float(label > k) for label in LABEL] for k in range(CLASSES - 1)], dtype=torch.float64)
    return functional.binary_cross_entropy_with_logits(z, levels, reduction="none").sum(0)


def corn(z):
    """The sum, over the thresholds that an example reaches, of the cross entropy of going on."""
    total = torch.zeros(N, dtype=torch.float64)
    for k in range(CLASSES - 1):
        reached = torch.tensor(k <= LABEL)
        goes_on = torch.tensor(k < LABEL, dtype=torch.float64)
        total = total + reached * functional.binary_cross_entropy_with_logits(z[k], goes_on, reduction="none")
    return total


def cumulative(z):
    u = torch.stack(
        [z[0] - sum((functional.softplus(z[j]) for j in range(1, k + 1)), torch.zeros(N)) for k in range(CLASSES - 1)]
    )
    beyond = torch.cat([torch.ones(1, N), torch.sigmoid(u), torch.zeros(1, N)])
    return functional.nll_loss((beyond[:-1] - beyond[1:]).log().T, torch.tensor(LABEL), reduction="none")


@pytest.mark.parametrize(
    ("loss", "other"), list(zip(EVERY, [coral, corn, cumulative], strict=True)), ids=lambda part: str(part)[:12]
)
def test_torch_says_the_same(loss, other):
    value, gradient = with_gradient(other)
    torch.testing.assert_close(loss.value(Z, HOT), value, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(loss.gradient(Z, HOT), gradient, rtol=1e-9, atol=1e-11)


def test_scipy_gives_the_same_pieces_of_the_logistic_distribution():
    u = Z[0] - torch.cat([torch.zeros(1, N), functional.softplus(Z[1:]).cumsum(0)])
    beyond = np.vstack([np.ones(N), scipy.stats.logistic.sf(-u.numpy()), np.zeros(N)])
    np.testing.assert_allclose(CumulativeLink().log_probabilities(Z).exp(), beyond[:-1] - beyond[1:], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: loss.word)
def test_probabilities_sum_to_1_and_the_median_is_decided_for(loss):
    seen = Outputs(Z, HOT, loss, "ordinal")
    p = seen.probabilities
    torch.testing.assert_close(p.sum(OUTPUTS), torch.ones(N, dtype=p.dtype))
    at_most = p.cumsum(OUTPUTS)
    decided = seen.decisions
    assert (at_most.gather(0, decided[None]) >= 0.5 - 1e-12).all()
    assert (torch.where(decided > 0, at_most.gather(0, (decided - 1).clamp_min(0)[None]), 0.0) < 0.5).all()
    torch.testing.assert_close(loss.prediction(loss.link_function.value(Z)), p)


def test_coral_counts_the_thresholds_that_are_passed_where_its_answers_agree():
    z = Z.sort(0, descending=True).values
    assert torch.equal(Outputs(z, HOT, Coral(), "ordinal").decisions, (z > 0).sum(0))


@pytest.mark.parametrize("loss", [*EVERY, CrossEntropy(link="softmax")], ids=lambda loss: loss.word)
def test_metrics_are_scikit_learns_and_those_of_what_is_decided(loss):
    z = Z if loss in EVERY else torch.cat([Z, Z[:1].flip(1)])
    seen = Outputs(z, HOT, loss, "ordinal")
    decided, p = seen.decisions.numpy(), seen.probabilities.numpy().T
    expected = {
        "accuracy": theirs.accuracy_score(LABEL, decided),
        "class_distance": theirs.mean_absolute_error(LABEL, decided),
        "quadratic_weighted_kappa": theirs.cohen_kappa_score(LABEL, decided, weights="quadratic"),
        "macro_f1": theirs.f1_score(LABEL, decided, average="macro"),
        "roc_auc": theirs.roc_auc_score(LABEL, p, multi_class="ovr"),
        "brier": np.square(p - np.eye(CLASSES)[LABEL]).sum(1).mean(),
    }
    if loss != Coral():  # of answers that contradict each other probabilities are 0
        expected["log_loss"] = theirs.log_loss(LABEL, p)
    measured = {word: float(find("metric", word)().measure(seen).mean()) for word in expected}
    assert measured == pytest.approx(expected, rel=1e-9)
    recall = find("metric", "recall")().measure(seen).nanmean(-1)
    np.testing.assert_allclose(recall, theirs.recall_score(LABEL, decided, average=None))


def of_two_classes(loss):
    """A loss for classes in an order and cross entropy, of two classes."""
    z, y, plain = Z[:1], HOT[:1], CrossEntropy(link="sigmoid")
    return [(loss.value(z, y), plain.value(z, y)), (loss.gradient(z, y), plain.gradient(z, y))]


def likelihood(loss):
    """A loss for five classes in an order, and −log p of the right one."""
    return [(loss.value(Z, HOT), -(HOT * loss.log_probabilities(Z).exp()).sum(OUTPUTS).log())]


def inner():
    """The lowest but one class of five."""
    u = [Z[0], Z[0] - functional.softplus(Z[1])]
    y = HOT.new_tensor([[0.0], [1], [0], [0], [0]]).expand(CLASSES, N)
    return [(CumulativeLink().value(Z, y), -(torch.sigmoid(u[0]) * torch.sigmoid(-u[1]) * torch.sigmoid(Z[1])).log())]


IDENTITIES = {
    ("continuation_ratio", "with two classes this is CrossEntropy on the sigmoid"): lambda: of_two_classes(ContinuationRatio()),
    ("continuation_ratio", "with one-hot targets ℓ = −log p of the class"): lambda: likelihood(ContinuationRatio()),
    ("coral", "with two classes this is CrossEntropy on the sigmoid"): lambda: of_two_classes(Coral()),
    ("cumulative_link", "with one-hot targets ℓ = −log p of the class"): lambda: likelihood(CumulativeLink()),
    ("cumulative_link", "for an inner class ℓ = −log[σ(u_{c−1}) σ(−u_c) σ(z_c)]"): inner,
}


@pytest.mark.parametrize(("word", "identity"), IDENTITIES)
def test_what_a_docstring_calls_the_same_is_the_same(word, identity):
    for left, right in IDENTITIES[word, identity]():
        torch.testing.assert_close(left, right, rtol=1e-9, atol=1e-12)


def test_every_identity_in_a_docstring_is_put_to_the_test():
    stated = set()
    for loss in EVERY:
        section = re.search(r"\nIdentities: (.*?)\nProperties: ", inspect.getdoc(type(loss)), re.DOTALL)
        stated |= {(loss.word, clause) for clause in " ".join(section[1].split()).removesuffix(".").split("; ")}
    assert stated == set(IDENTITIES)
