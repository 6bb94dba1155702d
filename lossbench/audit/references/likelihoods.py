"""Negative log-likelihoods."""

from typing import Any

from mpmath import exp, log, loggamma, mpf, pi

from lossbench.audit.references import entropies


def gaussian(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    variance = mpf(loss.variance)
    return sum((t - s) ** 2 / (2 * variance) + log(2 * pi * variance) / 2 for s, t in zip(z, y, strict=True))


def gaussian_learnt_variance(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    triples = zip(z[: len(y)], z[len(y) :], y, strict=True)
    return sum((t - m) ** 2 / (2 * exp(s)) + s / 2 + log(2 * pi) / 2 for m, s, t in triples)


def laplace(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    scale = mpf(loss.scale)
    return sum(abs(t - s) / scale + log(2 * scale) for s, t in zip(z, y, strict=True))


def poisson(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return sum(exp(s) - t * s + loggamma(t + 1) for s, t in zip(z, y, strict=True))


def bernoulli(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return entropies.cross_entropy(loss, z, y)
