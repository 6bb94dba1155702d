"""What each figure shows, in sentences computed from the numbers."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from lossbench import tables
from lossbench.analysis import formatting
from lossbench.analysis.comparison import Comparison, Contender, Setting
from lossbench.analysis.curves import Band, Curves
from lossbench.analysis.factors import FACTORS, factored, geometric_band
from lossbench.analysis.ranking import Ranking
from lossbench.analysis.reliability import Reliability, reliabilities
from lossbench.analysis.same_rate import SameRate
from lossbench.analysis.scoreboard import LossScores
from lossbench.analysis.sensitivity import Sensitivity
from lossbench.plots.captioned import Caption

ALIKE = 1.1  # two sizes within this ratio are called the same
NEAR_SHARE, NEAR_RATIO = 0.01, 1.05  # a final result this close to a loss's best counts as near it
ROUNDING = 1e-9  # so that 9 of 900 right answers fewer are one point fewer
ALL_TOLD = 4  # of more settings, or losses, only some are told


class Contrast(NamedTuple):
    """The two losses of a setting whose first recorded medians of a quantity differ most."""

    setting: Setting
    large: Contender
    small: Contender
    sizes: tuple[float, float]
    losses: int

    @property
    def ratio(self) -> float:
        """How many times the larger is the smaller; infinite where that is 0."""
        return self.sizes[0] / self.sizes[1] if self.sizes[1] else np.inf


def factors(comparison: Comparison, curves: Curves) -> list[Caption]:
    """By how much the gradients at the outputs differ at the start, and which factor makes the difference."""
    return [Caption(c.setting.label, blame(c, comparison, curves)) for c in _strongest(output_contrasts(comparison, curves))]


def output_contrasts(comparison: Comparison, curves: Curves) -> list[Contrast]:
    """How the gradients at the outputs differ at the start, in every setting."""
    return _contrasts(tables.OUTPUT_GRADIENT, comparison, factored(curves))


def blame(c: Contrast, comparison: Comparison, curves: Curves) -> str:
    """The contrast of the gradients at the outputs in words, each as the product that it is, and what makes the difference."""
    text, whole = _gradient(c), factored(curves)
    if c.ratio < ALIKE or whole is curves or tables.OUTPUT_SLOPE not in curves.columns:
        return text
    starts = {column: _starts(column, c.setting, comparison, whole) for column in FACTORS}
    products = [f"{_product([starts[column][loss] for column in FACTORS])} under {loss.label}" for loss in (c.small, c.large)]
    error, slope = ([starts[column][loss] for loss in (c.small, c.large)] for column in FACTORS[:2])
    mean = _starts(tables.OUTPUT_SLOPE, c.setting, comparison, curves)
    if _alike(*slope):
        reason = "The slope is the same for both, so it is the error."
    elif _alike(*error):
        reason = "The error is the same for both, so it is the slope."
    elif _alike(mean[c.small], mean[c.large]):
        reason = (
            "Both start from the same outputs, so it is the error: how large it is, and whether it is large where the slope is."
        )
    else:
        reason = ""
    return f"{text} Error × slope: {formatting.listed(products)}. {reason}".strip()


def gradients(comparison: Comparison, curves: Curves) -> list[Caption]:
    """By how much the gradients of the first layer's weights differ at the start."""
    columns = curves.layers(tables.GRADIENT_WEIGHTS)
    column, several = next(iter(columns), tables.layer_column(tables.GRADIENT_WEIGHTS, 1)), len(columns) > 1
    what = "gradient of the first layer's weights" if several else "gradient of the weights"
    return [Caption(c.setting.label, _gradient(c, what)) for c in _strongest(_contrasts(column, comparison, curves))]


def saturation(comparison: Comparison, curves: Curves) -> list[Caption]:
    """How much is saturated in the first hidden layer and at the outputs, at the start and at the end."""
    names = list(curves.layer_names(tables.SATURATED, [run for sample in comparison.samples for run in sample.runs]).items())
    layers = dict([*names[:1], *names[-1:]])
    collected = []
    for setting in comparison.settings[:ALL_TOLD]:
        sentences = []
        for column, layer in layers.items():
            bands = _bands(column, setting, comparison, curves)
            if bands:
                share = curves.quantity(column)
                start = formatting.measured(float(np.median([band.middle[0] for band in bands.values()])), share)
                ends = [
                    f"{formatting.measured(band.middle[-1], share)} ({name.label})"
                    for name, band in list(bands.items())[:ALL_TOLD]
                ]
                sentences.append(f"{layer}: {start} saturated at the start, {formatting.listed(ends)} at the end")
        if sentences:
            collected.append(Caption(setting.label, _sentence("; ".join(sentences))))
    return collected


def order_of(ranking: Ranking) -> str:
    """Who ranks first and last on average, and whether that is more than chance."""
    averages = [f"{contender.label} ({rank:.1f})" for contender, rank in zip(ranking.contenders, ranking.averages, strict=True)]
    shown = averages if len(averages) <= ALL_TOLD else [*averages[: ALL_TOLD - 1], "…", averages[-1]]
    text = f"Average ranks over {len(ranking.blocks)} {ranking.among}: {', '.join(shown)}."
    if ranking.p is None:
        return f"{text} Settings of the same data are one witness: nothing is tested."
    if not ranking.significant:
        return f"{text} Friedman's test finds no more than chance ({formatting.tested(ranking.p)})."
    apart = sum(b - a > ranking.distance for i, a in enumerate(ranking.averages) for b in ranking.averages[i + 1 :])
    pairs = len(averages) * (len(averages) - 1) // 2
    significant = f"Friedman's test finds more than chance ({formatting.tested(ranking.p)})"
    return f"{text} {significant}, and Nemenyi's tells {apart} of {formatting.counted(pairs, 'pair')} apart."


def rates(sensitivities: Sequence[Sensitivity], emphasised: Sequence[Contender] = ()) -> list[Caption]:
    """How wide the range of good learning rates is for each loss; where figures set some of many apart, for those."""
    settings = list(dict.fromkeys(s.setting for s in sensitivities))[:ALL_TOLD]
    shown = [s for s in sensitivities if not emphasised or s.contender in emphasised]
    if len(settings) == 1 and not settings[0].label:
        return [Caption("", _range(s)) for s in shown]
    return [Caption(setting.label, " ".join(_range(s) for s in shown if s.setting == setting)) for setting in settings]


def at_same_rate(same: SameRate) -> list[Caption]:
    """Where each loss ends at the rate that all share: "At 0.1 the final test accuracy is 94.0 % under a and 10.1 % under b"."""
    collected = []
    for setting in list(same.finals)[:ALL_TOLD]:
        measure = same.measures[setting]
        order = sorted(same.finals[setting].items(), key=lambda item: item[1], reverse=measure.better == "higher")
        few = order if len(order) <= ALL_TOLD else [order[0], order[-1]]
        ends = [f"{formatting.measured(end, measure.quantity)} under {loss.label}" for loss, end in few if np.isfinite(end)]
        lost = [loss.label for loss, end in few if not np.isfinite(end)]
        clauses = [f"the final {measure.quantity.title} is {formatting.listed(ends)}"] if ends else []
        clauses += [f"at least half of the runs diverge under {formatting.listed(lost)}"] if lost else []
        text = f"At {same.rate:g} {'; '.join(clauses)}."
        collected.append(Caption(setting.label, text))
    return collected


def reliability(comparison: Comparison, curves: Curves) -> list[Caption]:
    """How much too sure each loss's probabilities are on average, and their calibration error."""
    collected = []
    for setting in comparison.settings[:ALL_TOLD]:
        if lines := sorted(reliabilities(setting, comparison, curves), key=lambda line: line.error):
            few = lines if len(lines) <= ALL_TOLD else [lines[0], lines[-1]]
            collected.append(Caption(setting.label, f"On average the model is {formatting.listed([*map(_sureness, few)])}."))
    return collected


def _sureness(line: Reliability) -> str:
    way = "too sure" if line.excess > 0 else "not sure enough"
    error = f"calibration error {100 * line.error:.1f}{formatting.SPACE}%"
    return f"{100 * abs(line.excess):.1f} points {way} under {line.contender.label} ({error})"


def _range(s: Sensitivity) -> str:
    counted = np.where(2 * s.diverged >= s.runs, np.nan, s.middle)
    if np.isnan(counted).all():
        return f"{formatting.capitalised(s.contender.label)} diverges at every rate in at least half of the runs."
    best = float(np.nanmax(counted) if s.measure.better == "higher" else np.nanmin(counted))
    tolerance = NEAR_SHARE if s.measure.quantity.share else (NEAR_RATIO - 1) * abs(best)
    near = int((np.abs(counted - best) <= tolerance * (1 + ROUNDING)).sum())
    margin = f"1{formatting.SPACE}point" if s.measure.quantity.share else f"{100 * (NEAR_RATIO - 1):.0f}{formatting.SPACE}%"
    top = s.rates[np.isclose(counted, best)]
    rate = s.chosen if s.chosen in top else float(top[0])
    elsewhere = rate != s.chosen
    name = f"over all seeds {s.contender.label}" if elsewhere and s.seeds else s.contender.label
    text = f"{formatting.capitalised(name)} does best at {rate:g} ({formatting.measured(best, s.measure.quantity)})"
    text += f" and comes within {margin} of that at {near} of {formatting.counted(len(s.rates), 'rate')}"
    if elsewhere:
        own = formatting.measured(float(s.middle[s.rates == s.chosen][0]), s.measure.quantity)
        who = (
            f"on {formatting.seed_range(s.seeds)}, which chose its rate,"
            if s.seeds
            else "where a run that diverged counts as worst"
        )
        text += f"; {who} it does best at {s.chosen:g} ({own}{' over all seeds' if s.seeds else ''})"
    bad = int((s.diverged > 0).sum())
    return f"{text}; runs diverge at {formatting.counted(bad, 'rate')}." if bad else f"{text}."


def _gradient(c: Contrast, what: str = "gradient at the outputs") -> str:
    if c.losses == 1:
        return f"At the start the {what} is {formatting.number(c.sizes[0])} under {c.large.label}."
    sizes = f"{formatting.number(c.sizes[1])} against {formatting.number(c.sizes[0])}"
    if c.ratio < ALIKE:
        return f"At the start the {what} is much the same under all losses ({formatting.number(c.sizes[0])})."
    times = f"{formatting.times(c.ratio)} smaller" if np.isfinite(c.ratio) else "gone"
    return f"At the start the {what} is {times} under {c.small.label} than under {c.large.label} ({sizes})."


def _contrasts(column: str, comparison: Comparison, curves: Curves) -> list[Contrast]:
    collected = []
    for setting in comparison.settings:
        if starts := _starts(column, setting, comparison, curves):
            large, small = max(starts, key=starts.__getitem__), min(starts, key=starts.__getitem__)
            collected.append(Contrast(setting, large, small, (starts[large], starts[small]), len(starts)))
    return collected


def _starts(column: str, setting: Setting, comparison: Comparison, curves: Curves) -> dict[Contender, float]:
    """Each loss's first recorded value: the median over its runs, of the factors the geometric mean, so that they multiply."""
    return {loss: float(band.middle[0]) for loss, band in _bands(column, setting, comparison, curves).items()}


def _strongest(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """The few strongest, in the order given."""
    shown = sorted(contrasts, key=lambda contrast: contrast.ratio, reverse=True)[:ALL_TOLD]
    return [contrast for contrast in contrasts if contrast in shown]


def _bands(column: str, setting: Setting, comparison: Comparison, curves: Curves) -> dict[Contender, Band]:
    if column not in curves.columns:
        return {}
    band = partial(geometric_band, curves) if column in FACTORS else curves.band
    bands = {sample.contender: band(sample.runs, column) for sample in comparison.within(setting)}
    return {contender: band for contender, band in bands.items() if len(band.steps)}


def _product(factors: Sequence[float]) -> str:
    """Error, slope and gradient as an equation: "2.07 × 0.0739 = 0.153"."""
    error, slope, gradient = map(formatting.number, factors)
    return f"{error} × {slope} = {gradient}"


def _alike(a: float, b: float) -> bool:
    return a == b or (min(a, b) > 0 and max(a, b) / min(a, b) < ALIKE)


def _name(standing: LossScores) -> str:
    return standing.sample.contender.label


def _sentence(text: str) -> str:
    return f"{formatting.capitalised(text)}."
