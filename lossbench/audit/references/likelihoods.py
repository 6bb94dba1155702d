"""Negative log-likelihoods."""

from typing import Any

from mpmath import exp, log, loggamma, mpf, pi

from lossbench.audit.references import entropies


def gaussian(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    variance = mpf(loss.variance)
    return sum((t - s) ** 2 / (2 * variance) + log(2 * pi * variance) / 2 for s, t in zip(z, y, strict=True))


def laplace(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    scale = mpf(loss.scale)
    return sum(abs(t - s) / scale + log(2 * scale) for s, t in zip(z, y, strict=True))


def poisson(_loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return sum(exp(s) - t * s + loggamma(t + 1) for s, t in zip(z, y, strict=True))


def bernoulli(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return entropies.cross_entropy(loss, z, y)
