"""A comparison's figures by their names: of the runs that validation data chose, a line a loss."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from lossbench import tables
from lossbench.analysis.comparison import Comparison, Contender, Sample, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.factors import factored
from lossbench.analysis.labels import RATE, SEED
from lossbench.analysis.selection import Measure
from lossbench.analysis.sensitivity import Sensitivity, sensitivities
from lossbench.comparison.choice import FOLDS, SETTING, Chosen, Contestant
from lossbench.comparison.outcome import Outcome
from lossbench.errors import BadInput, unknown
from lossbench.plots.convergence import convergence_figure
from lossbench.plots.factors import factors_figure
from lossbench.plots.gradients import gradients_figure
from lossbench.plots.panels import CurveFigure, Row, draw
from lossbench.plots.picture import Picture
from lossbench.plots.print_curves import draw_curves_for_print
from lossbench.plots.print_figure import PrintColumns, draw_for_print
from lossbench.plots.print_rates import draw_rates_for_print
from lossbench.plots.rates import draw_rates
from lossbench.plots.saturation import saturation_figure
from lossbench.plots.standings import draw_standings
from lossbench.plots.style import strokes

STANDINGS, CONVERGENCE, RATES = "standings", "convergence", "rates"
PROBES = {"factors": "output_factors", "gradients": "gradient_norms", "saturation": "saturation"}
FIGURES = (STANDINGS, CONVERGENCE, RATES, *PROBES)
FEWEST_RATES = 2  # of which a figure can show anything
ONE_RATE = "The figure rates wants two learning rates or more. Possible: --rates (rates=), or another figure."


def draw_named(name: str, outcome: Outcome, runs_of: Mapping[str, pd.DataFrame], curves: Curves) -> Picture:
    """A figure of a comparison. `runs_of` has every run of each loss by its label, as `contestants` takes them.

    Raises BadInput for a name that there is not, and where what it shows was not recorded.
    """
    if name not in FIGURES:
        raise unknown("figure of a comparison", name, FIGURES)
    if name == STANDINGS:
        return draw_standings(outcome.scoreboard(), outcome.differences(), outcome.quantity, outcome.margin)
    if name == RATES:
        return draw_rates(*rates_of(outcome, runs_of, curves))[0]
    return draw(*curve_figure(name, outcome, curves))[0]


def key(outcome: Outcome) -> list[tuple[str, str]]:
    """Each loss with its colour in figures of curves, for screens too small for the names in them."""
    contenders = _compared([(one, math.nan, one.chosen) for one in outcome.contestants]).contenders
    return [(one.label, stroke.colour) for one, stroke in strokes(contenders).items()]


def curve_figure(name: str, outcome: Outcome, curves: Curves) -> tuple[CurveFigure, Comparison, Curves]:
    """What a figure of curves over the steps shows. Raises BadInput where it was not recorded."""
    comparison = _compared([(one, math.nan, one.chosen) for one in outcome.contestants])
    if name in PROBES and not _recorded(name, curves):
        raise BadInput(not_recorded(name))
    if name == "factors":
        whole = factored(curves)
        return factors_figure(whole), comparison, whole
    if name == CONVERGENCE:
        return _with_metric(convergence_figure(curves), outcome, curves), comparison, curves
    return gradients_figure(curves) if name == "gradients" else saturation_figure(comparison, curves), comparison, curves


def not_recorded(name: str) -> str:
    """Why a figure of a probe cannot be drawn, in sentences."""
    return (
        f"The figure {name} shows what the probe {PROBES[name]} records, and no run has it. Possible: "
        f"--set probes=[{PROBES[name]}] (probes=({PROBES[name]!r},)), which trains the runs again; or another figure."
    )


def _with_metric(figure: CurveFigure, outcome: Outcome, curves: Curves) -> CurveFigure:
    """The figure with the metric that judges, which may be of one class and then ranks nowhere else."""
    column = tables.TEST + outcome.metric
    if column not in curves.columns or any(row.column == column for row in figure.rows):
        return figure
    row = Row(column=column, label=outcome.quantity.label, scale="share" if outcome.quantity.share else "auto")
    return replace(figure, rows=(*figure.rows, row))


def _recorded(name: str, curves: Curves) -> bool:
    """Whether a figure of a probe has anything to show."""
    stems = {"factors": tables.OUTPUT_ERROR, "gradients": tables.GRADIENT_WEIGHTS, "saturation": tables.SATURATED}
    return any(column.startswith(stems[name]) for column in curves.columns)


def print_named(
    name: str, outcome: Outcome, data: tuple[Mapping[str, pd.DataFrame], Curves], columns: PrintColumns, facts: Mapping[str, str]
) -> tuple[bytes, bytes]:
    """A figure of a comparison for print as PDF and SVG. `data` are the losses' runs and curves, as `draw_named` takes them.

    Raises BadInput for a name that there is not, and where what it shows was not recorded.
    """
    runs_of, curves = data
    if name not in FIGURES:
        raise unknown("figure of a comparison", name, FIGURES)
    if name == STANDINGS:
        return draw_for_print((outcome.scoreboard(), outcome.differences()), outcome.quantity, outcome.margin, columns, facts)
    if name == RATES:
        return draw_rates_for_print(*rates_of(outcome, runs_of, curves), columns, facts)
    return draw_curves_for_print(*curve_figure(name, outcome, curves), columns, facts)


def rates_of(outcome: Outcome, runs_of: Mapping[str, pd.DataFrame], curves: Curves) -> tuple[list[Sensitivity], Comparison]:
    """What test data say at each rate, with whatever else is tuned as it was chosen most often. Raises BadInput for one rate."""
    samples: list[tuple[Contestant, float, Sequence[Chosen]]] = []
    for one in outcome.contestants:
        runs = runs_of[one.label]
        usual = runs[[setting == one.usual.setting for setting in runs[SETTING]]]
        samples += [(one, float(str(rate)), _chosen(own)) for rate, own in usual.groupby(RATE)]
    everything = _compared(samples)
    chosen = _compared([(one, one.usual.rate, one.chosen) for one in outcome.contestants])
    measure = Measure(column=tables.TEST + outcome.metric, quantity=outcome.quantity, neutral=True)
    shown = sensitivities(everything, chosen, curves, dict.fromkeys(everything.settings, measure))
    if not shown:
        raise BadInput(ONE_RATE)
    return shown, everything


def _chosen(runs: pd.DataFrame) -> list[Chosen]:
    """Runs as choices of which only the place and the outcome are known."""
    return [
        Chosen(
            seed=int(row[SEED]), fold=int(row[FOLDS]) if FOLDS in row and not math.isnan(row[FOLDS]) else 0,
            run=str(row[tables.RUN]), rate=float(row[RATE]), diverged=row[tables.OUTCOME] == "diverged",
            step=math.nan, validation=math.nan, test=math.nan, last=math.nan,
        )
        for row in runs.to_dict("records")
    ]  # fmt: skip


def _compared(samples: Sequence[tuple[Contestant, float, Sequence[Chosen]]]) -> Comparison:
    """Losses with their rates and runs as figures take them: in one setting, whose blocks are seeds and folds."""
    setting = Setting(label="", task="", family="", data="")
    labels = list(dict.fromkeys(one.label for one, _, _ in samples))
    loss_words = [label.partition(",")[0] for label in labels]
    contenders = {
        label: Contender(word=word, label=label, variant=loss_words[:index].count(word))
        for index, (label, word) in enumerate(zip(labels, loss_words, strict=True))
    }
    made = tuple(
        Sample(
            setting=setting,
            contender=contenders[one.label],
            rate=rate,
            seeds=tuple(choice.seed for choice in own),
            splits=tuple(choice.fold for choice in own),
            runs=tuple(choice.run for choice in own),
            diverged=tuple(choice.diverged for choice in own),
        )
        for one, rate, own in samples
    )
    return Comparison(settings=(setting,), contenders=tuple(contenders.values()), samples=made, facts=())
