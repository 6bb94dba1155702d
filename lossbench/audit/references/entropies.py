"""Losses that read a probability through its logarithm."""

from typing import Any

from mpmath import log, mpf

from lossbench.audit.references import links


def cross_entropy(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return links.expected(loss.link, z, y, lambda p: -log(p))


def label_smoothing(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    share = mpf(1) / len(z) if loss.link == "softmax" else mpf(1) / 2
    smoothing = mpf(loss.smoothing)
    return cross_entropy(loss, z, [(1 - smoothing) * t + smoothing * share for t in y])


def confidence_penalty(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    entropy = -sum(p * log(p) for _, p in links.chances(loss.link, z, y))
    return cross_entropy(loss, z, y) - mpf(loss.beta) * entropy


def kullback_leibler(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return sum(weight * log(weight / p) for weight, p in links.chances(loss.link, z, y) if weight != 0)
