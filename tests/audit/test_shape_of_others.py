"""The shape of third-party losses: corners, clamps far out, steep softmaxes, and no contradictions on one card."""

from collections.abc import Callable
from math import inf

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lossbench.audit.measurements.margin import Shape, shape
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.detection import detect
from lossbench.audit.subjects.subject import Subject


def shape_of(function: Callable[..., Tensor], pace: float = 1.0) -> Shape:
    adapted = detect(function, CallableRequest(path="theirs:loss"), ()).adapted
    outputs = adapted.convention.outputs
    return shape(Subject(title="", loss=adapted, outputs=outputs, several=outputs == 2, pace=pace))


@pytest.mark.parametrize("clamp", [1e-7, 1e-12, 1e-15])
def test_a_clipped_cross_entropy_is_neither_convex_nor_canonical_nor_unbounded(clamp: float) -> None:
    def clipped(p: Tensor, y: Tensor) -> Tensor:
        p = p.clamp(clamp, 1 - clamp)
        return -(y * p.log() + (1 - y) * (1 - p).log())

    form = shape_of(clipped)
    assert form.largest_value < inf
    assert not form.convex
    assert form.canonical == (clamp < 1e-13)  # that one bites at 34.5, where a sigmoid has lost its digits


def test_a_corner_is_found_at_any_pace() -> None:
    for pace in (1.0, 0.003):
        form = shape_of(lambda z, y: torch.relu(1 - (2 * y - 1) * z), pace)
        assert form.corners == (-1.0, 1.0)
        assert form.lipschitz == inf


@pytest.mark.parametrize("steepness", [1, 10, 30])
def test_a_steep_softmax_cross_entropy_is_convex(steepness: int) -> None:
    assert shape_of(lambda z, y: functional.cross_entropy(steepness * z, y, reduction="none")).convex


def test_cross_entropy_is_canonical_as_far_as_it_is_looked_at() -> None:
    form = shape_of(lambda z, y: functional.binary_cross_entropy_with_logits(z, y, reduction="none"))
    assert form.canonical
    assert form.convex
    assert form.corners == ()
