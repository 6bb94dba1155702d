"""Causes that lie in units: flat outputs, flat hidden units, and gradients that fade on their way to the input."""

import math
from collections.abc import Sequence

import numpy as np

from lossbench import tables
from lossbench.analysis import formatting
from lossbench.analysis.statistics import Values
from lossbench.diagnosis.cause import Cause, Evidence, Trial, beside, present
from lossbench.diagnosis.changes import (
    Twin,
    with_cross_entropies,
    with_cross_entropy,
    with_gentle_start,
    with_other_activations,
    with_other_class_weights,
)
from lossbench.diagnosis.escape_law import start_of, times_as_long
from lossbench.diagnosis.records import Description, RunRecord
from lossbench.diagnosis.symptoms import progress

SHUT = 0.5  # of what a link passes back where its outputs are undecided: below it they are saturated
BADLY = 0.5  # progress up to which outputs are mostly wrong
DEAD_SLOPE = 0.0125  # of an output unit: a twentieth of a sigmoid's steepest
NEVER = 0.05  # recall up to which a class is never answered
HALF = 0.5  # recall, by that of the class answered best, below which a class is neglected
SATURATED = 0.5  # share of saturated hidden units
DEAD = 0.9  # share of a relu layer's units and examples at which nothing passes
FADED = 0.05  # gradient of the first layer's weights over that of the last layer's
FAR = 2.0  # log loss at the start, by that of a network that is undecided between the classes
DEEP = 3  # hidden layers from which on depth is looked at


def passed(record: RunRecord) -> Values:
    """What of the error passes the link on its way back, ‖dℓ/dz‖ / ‖dℓ/da‖, at each recorded step, (T,): about the slope."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(record.curve(tables.OUTPUT_GRADIENT) / record.curve(tables.OUTPUT_ERROR))


def damped(trial: Trial) -> bool:
    """Whether the gradient dℓ/dz starts, in every seed, below half of what the twin's loss has at the same outputs."""
    pairs = zip(trial.originals, trial.twins, strict=True)
    return all(own.first(tables.OUTPUT_GRADIENT) < SHUT * twin.first(tables.OUTPUT_GRADIENT) for own, twin in pairs)


def undecided(record: RunRecord) -> float:
    """What the link passes where its outputs are undecided: a sigmoid ¼, a softmax over C classes 1/C, others NaN."""
    classes = len(record.parts(tables.TRAIN + tables.RECALL))
    return {"sigmoid": 0.25, "softmax": 1 / max(classes, 2)}.get(str(record.description["loss"].get("link")), math.nan)


class OutputsSaturated(Cause):
    """Outputs saturated on the wrong side from the start, by a loss whose gradient the slope takes along."""

    name = "outputs saturated on the wrong side"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        if not all(len(record.steps) and progress(record)[0] <= BADLY for record in records):
            return None
        starts, bound = [float(passed(record)[0]) for record in records], SHUT * undecided(records[0])
        if max(starts) < bound:
            text = f"at the start the gradient at the raw outputs is {beside(max(starts), bound)} of the error at the outputs"
            return Evidence(measured=max(starts), bound=bound, text=f"{text} (under the bound of {bound:.3g}){law(records[0])}")
        flat = [record.parts(tables.SATURATED)[-1][0] for record in records if record.parts(tables.SATURATED)]
        if records[0].description["loss"].get("link") != "sigmoid" or len(flat) < len(records) or not min(flat) > SATURATED:
            return None
        text = f"at the start {_percent(min(flat), SATURATED)} of the outputs are flat (over the bound of {_percent(SATURATED)})"
        return Evidence(measured=float(min(flat)), bound=SATURATED, text=f"{text}{law(records[0])}")

    def twins(self, run: Description) -> list[Twin]:
        """Cross entropy, also at lower rates: its gradient is not damped by the slope, at most ¼, as the run's own is."""
        return with_cross_entropies(run) if run["loss"]["word"] != "clamped_cross_entropy" else []

    def confirmed(self, trials: Sequence[Trial]) -> Trial | None:
        """The first trial that helps, of a loss that the slope damps: an error that grows as the slope shrinks proves nothing."""
        return next((trial for trial in trials if trial.helps and damped(trial)), None)


class OutputsShut(Cause):
    """Output units that saturate on the way, of classes that are then never answered."""

    name = "output units saturated on the wrong side"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        slopes = [min(dead_slopes(record), default=math.inf) for record in records]
        if not max(slopes) < DEAD_SLOPE:
            return None
        measured = max(slopes)
        classes = [str(number) for number in never_answered(records[0])]
        outputs = (
            "outputs of classes that are never answered" if len(classes) > 1 else "the output of a class that is never answered"
        )
        verb = "have" if len(classes) > 1 else "has"
        text = f"{outputs} ({formatting.listed(classes)}) {verb} a slope of {beside(measured, DEAD_SLOPE)}"
        return Evidence(measured=measured, bound=DEAD_SLOPE, text=f"{text} (under the bound of {DEAD_SLOPE:g})")

    def twins(self, run: Description) -> list[Twin]:
        return present(with_cross_entropy(run)) if run["loss"]["word"] != "clamped_cross_entropy" else []


class ClampedLogarithm(Cause):
    """A probability that is smaller than the δ beside it under the logarithm."""

    name = "clamped logarithm"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        loss = records[0].description["loss"]
        if loss["word"] != "clamped_cross_entropy":
            return None
        delta = float(loss["delta"])
        slopes = [least_slope(record) for record in records]
        if not max(slopes) < delta:
            return None
        slope, margin = formatting.number(max(slopes), 2), formatting.number(-math.log(delta), 3)
        text = f"at the start an output has the slope {slope}, below δ = {formatting.number(delta, 2)}"
        text += f": it stands beyond ln 1/δ = {margin}, where the loss is flat"
        return Evidence(measured=max(slopes), bound=delta, text=f"{text}{law(records[0])}")

    def twins(self, run: Description) -> list[Twin]:
        return present(with_cross_entropy(run))


class HiddenSaturated(Cause):
    """Hidden units that start where their activation is flat: saturated, or dead."""

    name = "hidden units saturated or dead"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        starts = [max((float(part[0]) for part in record.parts(tables.SATURATED)[:-1]), default=0.0) for record in records]
        bound = DEAD if records[0].description["model"].get("activation") == "relu" else SATURATED
        if not min(starts) > bound:
            return None
        text = f"at the start {_percent(min(starts), bound)} of a hidden layer is flat (over the bound of {_percent(bound)})"
        return Evidence(measured=min(starts), bound=bound, text=text)

    def twins(self, run: Description) -> list[Twin]:
        return present(with_gentle_start(run))


class StartFarOut(Cause):
    """Raw outputs that start far out on the wrong side, whatever the loss: the first steps are spent on coming back."""

    name = "a start far out"
    by_gain = True

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        undecided_loss = math.log(max(len(records[0].parts(tables.TRAIN + tables.RECALL)), 2))
        starts = [record.first(tables.TRAIN + tables.LOG_LOSS) / undecided_loss for record in records]
        if not min(starts) > FAR:
            return None
        text = f"at the start the log loss is {beside(min(starts), FAR)} times that of an undecided network"
        return Evidence(measured=min(starts), bound=FAR, text=f"{text} (over the bound of {FAR:g})")

    def twins(self, run: Description) -> list[Twin]:
        return present(with_gentle_start(run))


class LostWithDepth(Cause):
    """A gradient that fades from layer to layer on its way to the input."""

    name = "gradient lost with depth"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        ratios = [_faded(record) for record in records]
        if not max(ratios) < FADED:
            return None
        text = f"at the start the first layer's gradient is {beside(max(ratios), FADED)} of the last layer's"
        return Evidence(measured=max(ratios), bound=FADED, text=f"{text} (under the bound of {FADED:g})")

    def twins(self, run: Description) -> list[Twin]:
        return with_other_activations(run)


class ClassNeverAnswered(Cause):
    """A class that is never or seldom answered while the others are: too few of it, or weighed too little."""

    name = "a class never answered"

    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        silent = set.intersection(*(set(neglected(record)) for record in records))
        if not silent:
            return None
        recalls = [_last_recalls(record) for record in records]
        measured = max(each[number] / max(each) for each in recalls for number in silent)
        classes = formatting.listed([str(number) for number in sorted(silent)])
        share = _percent(max(each[number] for each in recalls for number in silent))
        text = f"the recall of class {classes} ends at {share}, less than half of the {_percent(max(recalls[0]))} of the best"
        return Evidence(measured=measured, bound=HALF, text=text)

    def twins(self, run: Description) -> list[Twin]:
        return present(with_other_class_weights(run))

    def confirmed(self, trials: Sequence[Trial]) -> Trial | None:
        """The trial in which no class is neglected and there is more progress in every seed; one class of many makes little."""
        answered = [trial for trial in trials if min(trial.gains) > 0 and not any(map(neglected, trial.twins))]
        return next((trial for trial in answered if trial.helps or all(map(never_answered, trial.originals))), None)


def neglected(record: RunRecord) -> list[int]:
    """The classes whose training examples are decided rightly less than half as often as those of the best, at the end."""
    recalls = _last_recalls(record)
    best = max(recalls, default=0.0)
    return _few(recalls, [number for number, recall in enumerate(recalls) if recall < HALF * best])


def never_answered(record: RunRecord) -> list[int]:
    """The classes whose training examples are hardly ever decided rightly at the end, where those of others mostly are."""
    recalls = _last_recalls(record)
    return _few(recalls, [number for number, recall in enumerate(recalls) if recall <= NEVER])


def _last_recalls(record: RunRecord) -> list[float]:
    """The recall of each class at the end; [] for a run that diverged."""
    return [] if record.diverged else [float(values[-1]) for values in record.parts(tables.TRAIN + tables.RECALL)]


def _few(recalls: Sequence[float], silent: list[int]) -> list[int]:
    """The silent classes where the others are mostly answered; [] where they are the most: one answer to all leaves none out."""
    others = [recall for number, recall in enumerate(recalls) if number not in silent]
    mostly = bool(others) and float(np.mean(others)) >= BADLY
    return silent if mostly and 2 * len(silent) <= len(recalls) else []


def least_slope(record: RunRecord) -> float:
    """The least of the outputs' mean slopes a(1 − a) at the start: about e^(−|z|) of the output that stands farthest out."""
    return min((float(slopes[0]) for slopes in record.parts(tables.TRAIN + tables.OUTPUT_SLOPES)), default=math.inf)


def dead_slopes(record: RunRecord) -> list[float]:
    """The mean slopes at the end of the outputs whose class is never answered."""
    slopes = record.parts(tables.TRAIN + tables.OUTPUT_SLOPES)
    return [float(slopes[min(number, len(slopes) - 1)][-1]) for number in never_answered(record) if slopes]


def law(record: RunRecord) -> str:
    """What the escape law says of a start: how many times as many steps as cross entropy the loss takes from there."""
    slopes = [float(values[0]) for values in record.parts(tables.TRAIN + tables.OUTPUT_SLOPES)]
    loss = record.description["loss"]
    if not slopes or loss.get("link") not in ("sigmoid", "softmax"):
        return ""
    start = start_of(float(np.median(slopes)))
    longer = times_as_long(str(loss["word"]), start, float(loss.get("delta", 0.0)))
    if math.isnan(longer) or not longer > 1:
        return ""
    z = f"z₀{formatting.SPACE}={formatting.SPACE}{formatting.number(start, 2)}"
    return f", and from {z} one neuron takes {formatting.times(longer)} as many steps as with cross entropy"


def _percent(share: float, bound: float = 0.0) -> str:
    """A share, to a per cent, or to as many digits as show that it is beyond its bound."""
    text = beside(100 * share, 100 * bound) if bound else f"{100 * share:.0f}"
    return f"{text}{formatting.SPACE}%"


def _faded(record: RunRecord) -> float:
    norms = [float(values[0]) for values in record.parts(tables.GRADIENT_WEIGHTS)]
    if len(norms) <= DEEP or not norms[-1]:
        return math.inf
    return norms[0] / norms[-1]
