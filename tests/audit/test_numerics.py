import json
import math

import mpmath
import numpy as np
import pytest
import torch
from mpmath import mp, mpf

from lossbench.audit.cards.card import from_plain, make_card, to_plain
from lossbench.audit.measurements.grids import MAGNITUDES, one_output, several_outputs
from lossbench.audit.measurements.numerics import numerics
from lossbench.audit.measurements.reference_values import entry, reference_table
from lossbench.audit.references import Formula, formula
from lossbench.audit.subjects.subject import Subject, registered
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.registry import shelf


def subject(words):
    (results,) = registered(words)
    return results


def held(value):
    """Somebody's cross entropy on a sigmoid, held against ours."""

    class Somebody:
        link = "sigmoid"

        def value(self, z, y):
            return value(z, y).sum(-2)

        def gradient(self, z, y):
            z = z.detach().requires_grad_()
            return torch.autograd.grad(self.value(z, y).sum(), z)[0]

    results = numerics(Subject(title="somebody", loss=Somebody(), outputs=1, reference=formula(CrossEntropy(link="sigmoid"))))
    return {(row.quantity, row.dtype): row for row in results.accuracies}


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "cross_entropy,link=sigmoid",
        "cross_entropy,link=softmax",
        "half_squared_error,link=identity",
        "half_squared_error,link=sigmoid",
        "half_squared_error,link=softmax",
    ],
)
def test_our_values_and_gradients_are_right_to_the_last_digits(words):
    rows = numerics(subject(words)).accuracies
    assert [(row.quantity, row.dtype) for row in rows] == [
        ("value", "float64"),
        ("gradient", "float64"),
        ("value", "float32"),
        ("gradient", "float32"),
    ]
    for row in rows:
        assert row.faults == 0
        assert row.worst <= {"float64": 1e-12, "float32": 1e-5}[row.dtype]
        assert row.judged > 100


@pytest.mark.slow
def test_a_logarithm_of_a_probability_is_found_out():
    rows = held(lambda z, y: -(y * torch.sigmoid(z).log() + (1 - y) * (1 - torch.sigmoid(z)).log()))
    first = rows["value", "float64"].first
    assert first.kind == "wrong"
    assert first.size <= 12
    harm = rows["value", "float64"].harm
    assert harm.size < 38
    assert rows["value", "float32"].harm.size < 18
    assert rows["gradient", "float64"].off == math.inf


@pytest.mark.slow
def test_a_small_number_lost_below_1_is_above_the_bar_and_does_no_harm():
    rows = held(lambda z, y: (1 + (-(2 * y - 1) * z).abs().neg().exp()).log() + ((1 - 2 * y) * z).clamp_min(0))
    assert rows["value", "float64"].faults > 0
    assert rows["value", "float64"].worst == pytest.approx(1)
    assert rows["value", "float64"].harm is None
    assert rows["value", "float64"].off < 1e-14


def test_an_overflow_is_not_finite_from_where_it_happens():
    rows = held(lambda z, y: (1 + (-(2 * y - 1) * z).exp()).log())
    for dtype, largest in {"float64": 709.78, "float32": 88.72}.items():
        misses = [rows["gradient", dtype].harm, rows["value", dtype].harm]
        assert {miss.kind for miss in misses} == {"not finite"}
        assert largest < min(miss.size for miss in misses) < 1.02 * largest


def test_without_a_formula_float32_is_held_against_float64():
    results = numerics(Subject(title="no formula", loss=CrossEntropy(link="sigmoid"), outputs=1))
    assert results.against == "its own float64"
    assert {row.dtype for row in results.accuracies} == {"float32"}
    assert all(row.passes for row in results.accuracies)


def test_truths_are_the_closed_forms():
    table = reference_table(Formula(CrossEntropy(link="sigmoid")), 1)
    z, y = table.points.z[0], table.points.y[0]
    margin = (1 - 2 * y) * z
    normal = margin > -700
    assert table.value[normal] == pytest.approx(np.logaddexp(0, margin[normal]), rel=1e-15)
    slope = [float((1 - 2 * int(t)) / (1 + mpmath.exp(-mpf(m)))) for t, m in zip(y, margin, strict=True)]
    assert table.gradient[0] == pytest.approx(slope, rel=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "count"), [("gaussian_learnt_variance", "two"), ("gaussian_crps", "two"), ("hl_gauss,bins=7", "7")], ids=str
)
def test_several_raw_outputs_a_target_leave_gradient_and_numbers_to_measure(word, count):
    card = make_card(subject(word))
    assert card.complete
    assert (card.shape, card.saturation, card.propriety, card.robustness, card.verdicts) == (None, None, None, None, ())
    assert card.slopes.right
    assert [row.passes for row in card.numerics.accuracies] == [True] * 4
    assert f"{count} raw outputs" in card.notes[0]
    assert ("of the gradient 5 entries" in card.numerics.against) == (count == "7")
    assert from_plain(json.loads(json.dumps(to_plain(card)))) == card


def test_a_corner_has_no_slope_and_a_crossing_has_the_slope_0():
    hinge, square = subject("hinge").reference, Formula(HalfSquaredError(link="identity"))
    assert math.isnan(entry(hinge, [1.0], [1.0], 0))
    assert entry(hinge, [1.5], [1.0], 0) == 0
    assert entry(square, [1.0], [1.0], 0) == 0


@pytest.mark.parametrize("word", shelf("loss"))
def test_every_loss_has_a_formula_and_it_is_the_loss(word):
    for results in registered(word):
        rows = 3 if results.outputs == 2 else 1
        z = torch.linspace(-2, 2.5, 5 * rows, dtype=torch.float64).reshape(rows, 5)
        y = torch.eye(max(rows, 2), dtype=torch.float64)[-rows:, torch.arange(5) % max(rows, 2)]
        z = torch.cat([z, z.flip(1)] * (results.raw_outputs // 2)) if results.raw_outputs > 1 else z
        pairs = zip(z.T.tolist(), y.T.tolist(), strict=True)
        right = [float(results.reference(list(map(mpf, a)), list(map(mpf, b)))) for a, b in pairs]
        assert results.loss.value(z, y).tolist() == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("word", ["cross_entropy", "focal", "half_squared_error", "generalised_cross_entropy", "savage"])
def test_twice_the_digits_give_the_same_truth(word, monkeypatch):
    results = next(iter(registered(f"{word},link=sigmoid" if word != "savage" else word)))
    points = [(z, y) for z in (-300.0, -37.5, 0.01, 20.0, 300.0) for y in (0.0, 1.0)]
    once = [entry(results.reference, [z], [y], 0) for z, y in points]
    monkeypatch.setattr("lossbench.audit.measurements.reference_values._DIGITS", 900)
    assert [entry(results.reference, [z], [y], 0) for z, y in points] == once


def test_the_grid_is_one_of_float32_too_and_reaches_from_0_to_ten_thousand():
    assert all(float(np.float32(size)) == size for size in MAGNITUDES)
    assert (min(MAGNITUDES), max(MAGNITUDES)) == (0, 10000)
    for points in (one_output(), several_outputs(2), several_outputs(3)):
        ahead = (points.z * points.y).sum(0) - np.where(points.y == 1, -np.inf, points.z).max(0) if len(points.z) > 1 else None
        assert set(points.y.ravel()) == {0, 1}
        assert ahead is None or (ahead.min() < -5000 and ahead.max() >= 5000)


def test_precision_outside_is_left_alone():
    before = mp.dps
    reference_table(Formula(CrossEntropy(link="sigmoid")), 1)
    assert mp.dps == before
