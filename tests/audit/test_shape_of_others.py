"""The shape of third-party losses: corners, clamps far out, steep softmaxes, and no contradictions on one card."""

from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lossbench.audit.measurements.margin import Shape, shape
from lossbench.audit.measurements.saturation import saturation
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.detection import detect
from lossbench.audit.subjects.imported import subjects_of_path
from lossbench.audit.subjects.subject import Subject


def shape_of(function: Callable[..., Tensor], pace: float = 1.0) -> Shape:
    adapted = detect(function, CallableRequest(path="theirs:loss"), ()).adapted
    outputs = adapted.convention.outputs
    takes_raw = adapted.convention.takes == "raw"
    return shape(Subject(title="", loss=adapted, outputs=outputs, several=outputs == 2, pace=pace, takes_raw=takes_raw))


@pytest.mark.parametrize("clamp", [1e-7, 1e-12, 1e-15])
def test_a_clipped_cross_entropy_is_neither_convex_nor_canonical_nor_unbounded(clamp: float) -> None:
    def clipped(p: Tensor, y: Tensor) -> Tensor:
        p = p.clamp(clamp, 1 - clamp)
        return -(y * p.log() + (1 - y) * (1 - p).log())

    form = shape_of(clipped)
    assert form.largest_value < inf
    assert not form.convex
    assert form.canonical == (clamp < 1e-13)  # that one bites at 34.5, where a sigmoid has lost its digits


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_numpy_pinball_that_is_asked_one_by_one_has_its_corners() -> None:
    def pinball(y_true: Any, y_pred: Any) -> float:
        error = np.asarray(y_true) - np.asarray(y_pred)
        return float(np.mean(np.maximum(0.3 * error, -0.7 * error)))

    adapted = detect(pinball, CallableRequest(path="theirs:loss"), ()).adapted
    form = shape(Subject(title="", loss=adapted, outputs=1, pace=0.05, differentiable=False))
    assert form.corners == pytest.approx((0.0, 1.0), abs=1e-3)
    assert form.lipschitz == inf
    assert form.largest_gradient == pytest.approx(0.7)


@pytest.mark.slow
def test_the_largest_gradient_of_a_focal_loss_with_a_root_is_found() -> None:
    def focal(z: Tensor, y: Tensor) -> Tensor:
        margin = (2 * y - 1) * z
        return -torch.sigmoid(-margin).sqrt() * functional.logsigmoid(margin)

    p = np.linspace(1e-6, 1 - 1e-6, 2_000_001)
    exact = np.abs(np.sqrt(1 - p) * (0.5 * p * np.log(p) - (1 - p))).max()
    for pace in (1.0, 0.05):
        assert shape_of(focal, pace).largest_gradient == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize("clamp", [1e-16, 1e-20, 1e-200])
def test_a_clamp_within_a_loss_of_raw_outputs_is_seen_wherever_it_bites(clamp: float) -> None:
    def clipped(logits: Tensor, y: Tensor) -> Tensor:
        return -torch.sigmoid((2 * y - 1) * logits).clamp_min(clamp).log()

    form = shape_of(clipped)
    assert not form.convex
    assert not form.canonical


@pytest.mark.slow
def test_what_a_sigmoid_rounds_away_is_no_exponent_of_the_loss() -> None:
    def square(logits: Tensor, y: Tensor) -> Tensor:
        return (torch.sigmoid(logits) - y) ** 2

    def dead(logits: Tensor, y: Tensor) -> Tensor:
        p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
        return -(y * p.log() + (1 - y) * (1 - p).log())

    rounded, clamped = (
        saturation(Subject(title="", loss=detect(loss, CallableRequest(path="theirs:loss"), ()).adapted, outputs=1)).wrong[1]
        for loss in (square, dead)
    )
    assert rounded.exponent == pytest.approx(1, abs=0.01)
    assert rounded.dead_from == pytest.approx(36.74, abs=0.1)
    assert clamped.exponent == inf
    assert clamped.dead_from == pytest.approx(16.12, abs=0.01)


@pytest.mark.slow
def test_a_slow_loss_is_looked_at_as_closely_as_a_quick_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"paced_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(
        "import time, torch\n"
        "def quick(z, y):\n    return torch.relu(1 - (2 * y - 1) * z)\n"
        "def slow(z, y):\n    time.sleep(0.002)\n    return quick(z, y)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    quick, slow = (next(iter(subjects_of_path(CallableRequest(path=f"{name}:{kind}")))) for kind in ("quick", "slow"))
    assert quick.pace == slow.pace == 1
    assert shape(quick) == shape(slow)
