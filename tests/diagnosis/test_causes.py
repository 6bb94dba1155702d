"""Each cause's inequality by itself, on made-up records that lie just below and just above its bound."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lossbench.analysis.curves import read_curves
from lossbench.diagnosis.cause import Trial, beside
from lossbench.diagnosis.changes import with_cross_entropies, with_rate
from lossbench.diagnosis.data_causes import LabelsWrong, TooFewUnits
from lossbench.diagnosis.explain import in_order
from lossbench.diagnosis.rate_causes import FloatsEnd, RateTooLarge, RateTooSmall
from lossbench.diagnosis.records import RunRecord
from lossbench.diagnosis.unit_causes import (
    ClampedLogarithm,
    ClassNeverAnswered,
    HiddenSaturated,
    LostWithDepth,
    OutputsSaturated,
    OutputsShut,
    StartFarOut,
)

STEPS = np.linspace(0, 300, 31)
DESCRIPTION = {"steps": 300, "dtype": "float32", "loss": {"word": "half_squared_error", "link": "sigmoid"}}
LESS, MORE = 1 - 1e-6, 1 + 1e-6


def record(columns, *, activation="tanh", diverged=False, **description):
    """A run whose curves are {column: a number, or T values}."""
    curves = {name: np.broadcast_to(values, STEPS.shape) for name, values in columns.items()}
    described = {**DESCRIPTION, "model": {"word": "mlp", "activation": activation}, **description}
    table = read_curves(pd.DataFrame({"run": "a", "step": STEPS, **curves}))
    return RunRecord(run="a", description=described, task="classification", diverged=diverged, curves=table)


def first(start, rest):
    """A curve of one number at the start and another from there on."""
    return np.where(STEPS == 0, start, rest)


def last(stop, rest):
    """A curve of one number at the end and another before it."""
    return np.where(STEPS[-1] == STEPS, stop, rest)


def flat_at_start(share, activation):
    return record({"saturated/1": first(share, 0.0), "saturated/2": 1.0}, activation=activation)


def faded(ratio, hidden=3):
    return record({f"gradient_norm_weights/{n}": ratio if n == 1 else 1.0 for n in range(1, hidden + 2)})


def updates(ratio, **description):
    """A run that changes its layer by this share in every step; after the last there is no update."""
    return record({"update_ratio/1": last(np.nan, ratio), "gradient_norm_weights/1": 1.0, "train_loss": 1.0}, **description)


def falling(late):
    """A loss that falls in the first half, and by this share in the last third of the steps."""
    return record({"train_loss": np.select([STEPS < 150, STEPS < 220], [2.0, 1.0], 1 - late)})


def leading(lead):
    """Progress on the test data that is ahead by so much at one step; of two classes it is twice the recall, less 1."""
    ahead = np.where(STEPS == 100, 0.7 + lead / 2, 0.7)
    return record({f"{side}_recall/{c}": values for side, values in (("train", 0.7), ("test", ahead)) for c in (0, 1)})


def clamp(slope, delta=1e-5):
    slopes = {"train_output_slopes/0": 0.25, "train_output_slopes/1": first(slope, 0.25)}
    return record(slopes, loss={"word": "clamped_cross_entropy", "link": "sigmoid", "delta": delta})


def silent(recall, slope=0.25):
    recalls = {"train_recall/0": 1.0, "train_recall/1": last(recall, 0.5), "train_recall/2": 1.0}
    return record(recalls | {f"train_output_slopes/{c}": last(slope, 0.25) for c in range(3)})


def not_finite(log_loss):
    return record({"train_loss": first(np.inf, 1.0), "train_log_loss": first(log_loss, 1.0)}, diverged=True)


def far_out(times):
    """Of three classes an undecided network has the log loss ln 3."""
    return record({"train_log_loss": first(times * math.log(3), 0.1)} | {f"train_recall/{c}": 0.5 for c in range(3)})


def rising(late):
    """Two classes of which this much progress is made in the last third of the steps, while the loss halves."""
    recall = np.select([STEPS < 150, STEPS < 220], [0.5, 0.6], 0.6 + late / 2)
    return record({"train_recall/0": recall, "train_recall/1": recall, "train_loss": np.where(STEPS < 220, 2.0, 1.0)})


def narrow(width):
    """Three classes and a layer of so many units between two wide ones, in a run that is still learning."""
    recall = np.linspace(0.3, 0.9, len(STEPS))
    columns = {f"train_recall/{c}": recall for c in range(3)} | {"train_loss": 1 - recall}
    return record(columns, model={"word": "mlp", "activation": "tanh", "hidden": [8, width, 8]})


def flat_outputs(share, link="sigmoid"):
    """A start at which two outputs of three are flat, and the third passes what an undecided one does."""
    wrong = {f"train_recall/{c}": 0.3 for c in range(3)}
    flat = {"saturated/1": 0.0, "saturated/2": first(share, 0.0)}
    passed = {"output_gradient": 0.2, "output_error": 1.0}
    return record(wrong | flat | passed, loss={"word": "half_squared_error", "link": link})


CASES = {
    "tanh units flat": (HiddenSaturated(), flat_at_start(0.5 * MORE, "tanh"), flat_at_start(0.5 * LESS, "tanh")),
    "relu units dead": (HiddenSaturated(), flat_at_start(0.9 * MORE, "relu"), flat_at_start(0.9 * LESS, "relu")),
    "gradient faded": (LostWithDepth(), faded(0.05 * LESS), faded(0.05 * MORE)),
    "three hidden layers are deep, two are not": (LostWithDepth(), faded(0.001), faded(0.001, hidden=2)),
    "weights hardly move": (RateTooSmall(), updates(10 * LESS / 300), updates(10 * MORE / 300)),
    "usual steps too long": (RateTooLarge(), updates(0.2 * MORE), updates(0.2 * LESS)),
    "one step too long": (RateTooLarge(), updates(first(MORE, 0.01)), updates(first(LESS, 0.01))),
    "loss risen": (
        RateTooLarge(),
        record({"train_loss": last(1.05 * MORE, 1.0)}),
        record({"train_loss": last(1.05 * LESS, 1.0)}),
    ),
    "diverged": (RateTooLarge(), record({"train_loss": 1.0}, diverged=True), record({"train_loss": 1.0})),
    "updates absorbed in float32": (FloatsEnd(), updates(2.0**-24 * LESS), updates(2.0**-24 * MORE)),
    "updates absorbed at the start": (
        FloatsEnd(),
        updates(last(np.nan, first(2.0**-24 * LESS, 0.1))),
        updates(last(np.nan, first(2.0**-24 * MORE, 0.1))),
    ),
    "updates absorbed in float64": (
        FloatsEnd(),
        updates(2.0**-53 * LESS, dtype="float64"),
        updates(2.0**-53 * MORE, dtype="float64"),
    ),
    "a probability rounded": (FloatsEnd(), not_finite(17.0), not_finite(np.inf)),
    "labels learnt last": (LabelsWrong(), leading(0.05 * MORE), leading(0.05 * LESS)),
    "loss no longer falls": (TooFewUnits(), falling(0.1 * LESS), falling(0.1 * MORE)),
    "progress no longer rises": (TooFewUnits(), rising(0.05 * LESS), rising(0.05 * MORE)),
    "outputs flat": (OutputsSaturated(), flat_outputs(0.5 * MORE), flat_outputs(0.5 * LESS)),
    "outputs beyond the clamp": (ClampedLogarithm(), clamp(1e-5 * LESS), clamp(1e-5 * MORE)),
    "start far out": (StartFarOut(), far_out(2 * MORE), far_out(2 * LESS)),
    "a class neglected": (ClassNeverAnswered(), silent(0.5 * LESS), silent(0.5 * MORE)),
    "a narrow layer": (TooFewUnits(), narrow(1), narrow(2)),
    "output units shut": (OutputsShut(), silent(0.0, 0.0125 * LESS), silent(0.0, 0.0125 * MORE)),
}


@pytest.mark.parametrize("case", CASES)
def test_an_inequality_holds_beyond_its_bound_in_every_seed_and_not_before(case):
    cause, beyond, before = CASES[case]
    evidence = cause.suspected([beyond, beyond])
    assert evidence is not None
    assert cause.suspected([before, before]) is None
    if not case.startswith("diverged"):
        assert cause.suspected([beyond, before]) is None, "one seed is not enough"


def test_the_evidence_tells_the_number_that_was_measured_and_the_bound():
    evidence = LostWithDepth().suspected([faded(0.01), faded(0.001)])
    assert (evidence.measured, evidence.bound) == (pytest.approx(0.01), 0.05)
    assert "0.01" in evidence.text
    assert "0.05" in evidence.text


def test_an_output_of_a_softmax_is_not_called_flat_by_its_own_slope():
    assert OutputsSaturated().suspected([flat_outputs(1.0, "softmax")]) is None


def test_of_another_loss_a_flat_output_is_no_clamp():
    run = record({"train_output_slopes/0": 0.0}, loss={"word": "cross_entropy", "link": "sigmoid"})
    assert ClampedLogarithm().suspected([run]) is None


def test_a_layer_that_has_no_gradient_has_none_that_a_float_loses():
    still = record({"update_ratio/1": last(np.nan, 0.0), "gradient_norm_weights/1": 0.0})
    assert FloatsEnd().suspected([still]) is None


def test_the_step_that_breaks_a_run_counts_as_one_that_was_made():
    table = read_curves(pd.DataFrame({"run": "a", "step": [0.0], "update_ratio/1": 1e-9, "gradient_norm_weights/1": 1.0}))
    only_step = RunRecord(run="a", description=DESCRIPTION, task="classification", diverged=True, curves=table)
    assert FloatsEnd().suspected([only_step]) is not None
    assert FloatsEnd().suspected([replace(only_step, diverged=False)]) is None


def test_of_larger_steps_and_more_units_the_answer_is_what_gains_more_and_what_is_more_special_stays_ahead():
    small, narrow, class_left_out = RateTooSmall(), TooFewUnits(), ClassNeverAnswered()
    gains = {class_left_out: 0.1, small: 0.3, narrow: 0.4}
    trials = {cause: SimpleNamespace(gain=gain, rate_as_well=False) for cause, gain in gains.items()}
    assert list(in_order(trials)) == [class_left_out, narrow, small]
    assert list(in_order({small: SimpleNamespace(gain=0.5, rate_as_well=False), narrow: trials[narrow]})) == [small, narrow]


def test_where_a_lower_rate_alone_is_enough_a_twin_that_needs_it_and_another_change_comes_later():
    saturated, too_large, shut = OutputsSaturated(), RateTooLarge(), OutputsShut()
    alone, both = (SimpleNamespace(gain=0.5, rate_as_well=as_well) for as_well in (False, True))
    assert list(in_order({saturated: both, too_large: alone})) == [too_large, saturated]
    assert list(in_order({saturated: alone, too_large: alone})) == [saturated, too_large]
    assert list(in_order({saturated: both, shut: alone})) == [saturated, shut]
    run = {"loss": {"word": "half_squared_error", "link": "sigmoid"}, "optimizer": {"word": "sgd", "lr": 1.0}}
    twins = [with_rate(run, 0.25), *with_cross_entropies(run)]
    of_twins = [compared(record({}, **run), record({}, **twin.description)).rate_as_well for twin in twins]
    assert of_twins == [False, False, True, True]


def compared(original, twin):
    """A trial of two seeds in which the same twin stands against the same original."""
    return Trial(change="with something else", originals=(original,) * 2, twins=(twin,) * 2)


@pytest.mark.parametrize(("as_wide", "claimed"), [((), True), ((0.6, 0.92), True), ((0.6, 0.93), False), ((1.0, 0.6), False)])
def test_units_are_not_too_few_where_as_many_fit_the_data_at_another_rate_or_with_another_loss(as_wide, claimed):
    stuck, *others = (record({f"train_recall/{c}": recall for c in range(2)}) for recall in (0.5, 0.95, *as_wide))
    trials = [compared(stuck, other) for other in others]  # progress of two classes is twice as far from chance as recall
    assert TooFewUnits().confirmed(trials) is (trials[0] if claimed else None)
    assert TooFewUnits().confirmed([compared(stuck, stuck), *trials]) is None, "the wider twin learns nothing"


@pytest.mark.parametrize(
    ("value", "bound", "text"),
    [(11.2, 1, "11"), (1.004, 1, "1.004"), (1.0501, 1.05, "1.1"), (0.0499, 0.05, "0.0499"), (-0.04, 0.05, "−0.040")],
)
def test_a_measured_number_is_written_so_that_it_is_seen_to_be_beyond_its_bound(value, bound, text):
    assert beside(value, bound) == text


def test_a_twin_that_ends_where_the_run_does_is_told_by_its_progress_on_the_way():
    late, soon = (record({f"train_recall/{c}": last(0.9, before) for c in range(2)}) for before in (0.5, 0.9))
    texts = [compared(run, soon).text.replace("\xa0", " ") for run in (silent(0.0), late)]
    assert "reach training accuracy 90 % instead of 67 %" in texts[0]
    assert "reach training accuracy 90 %, too, with average progress 0.80 instead of 0." in texts[1]


def test_another_loss_proves_that_a_float_rounds_only_where_the_loss_of_the_run_is_not_finite():
    recalls = {f"train_recall/{c}": 0.9 for c in range(2)}
    raw = record(recalls, loss={"word": "cross_entropy", "link": "sigmoid"})
    flat = record({f"train_recall/{c}": 0.5 for c in range(2)})
    rounded, stalled, finer = compared(not_finite(17.0), raw), compared(flat, raw), compared(flat, record(recalls))
    assert FloatsEnd().confirmed([rounded]) is rounded
    assert FloatsEnd().confirmed([stalled]) is None
    assert FloatsEnd().confirmed([stalled, finer]) is finer


def test_a_class_that_is_seldom_answered_needs_a_twin_that_gains_as_much_as_others_must():
    balanced = {f"train_recall/{c}": last(0.9, 0.88) for c in range(3)}
    seldom, never = silent(0.3), silent(0.0)
    little, much = record(balanced), record({f"train_recall/{c}": 1.0 for c in range(3)})
    assert ClassNeverAnswered().confirmed([compared(seldom, little)]) is None
    assert ClassNeverAnswered().confirmed([compared(seldom, much)]) is not None
    assert ClassNeverAnswered().confirmed([compared(never, little)]) is not None
    assert ClassNeverAnswered().confirmed([compared(never, seldom)]) is None, "a class of the twin is neglected, too"


def test_only_the_float_is_blamed_for_a_loss_that_the_same_outputs_do_not_have():
    evidence = FloatsEnd().suspected([not_finite(17.0)])
    assert evidence.measured == pytest.approx(17.0)
    assert math.isinf(evidence.bound)
