"""Losses that read a probability through its logarithm."""

from typing import Any

from mpmath import log, mpf

import lossbench.audit.references.links as link


def cross_entropy(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    if loss.link == "softmax":
        return -sum(t * log(p) for t, p in zip(y, link.softmax(z), strict=True))
    return -sum(t * log(link.sigmoid(s)) + (1 - t) * log(link.sigmoid(-s)) for t, s in zip(y, z, strict=True))
