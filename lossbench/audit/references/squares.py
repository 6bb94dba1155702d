"""Losses that measure a distance between output and target."""

from typing import Any

from mpmath import mpf

import lossbench.audit.references.links as link


def half_squared_error(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return sum((a - t) ** 2 for a, t in zip(link.outputs(loss.link, z), y, strict=True)) / 2
