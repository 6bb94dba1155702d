"""The report's figures, each with how to read it and what it shows, or with why it is missing."""

from lossbench import tables
from lossbench.analysis import formatting, run_scores
from lossbench.analysis.family import REFERENCE
from lossbench.analysis.results import Results
from lossbench.analysis.scoreboard import FEWEST_TO_TIME
from lossbench.plots.captioned import Caption, CaptionedFigure
from lossbench.plots.convergence import draw_convergence, shared_columns
from lossbench.plots.factors import draw_factors
from lossbench.plots.gradients import draw_gradients
from lossbench.plots.overview import draw_overview
from lossbench.plots.performance import draw_performance
from lossbench.plots.ranks import draw_ranks
from lossbench.plots.rates import draw_rates
from lossbench.plots.reliability import draw_reliability
from lossbench.plots.same_rate import draw_same_rate
from lossbench.plots.saturation import draw_saturation
from lossbench.report import captions, speeds
from lossbench.report.summary import MOST_LISTED

OVERVIEW = "At a glance"
AT_A_GLANCE = 3  # settings

_CONVERGENCE = "Steps run to the right by powers of ten."
_STRAIGHT = "Only {} were recorded: lines between them are drawn straight, and say nothing of the way."
_OWN_LOSS = "The top row is each loss in its own units: look at how it falls, not at who is lower."
_OVERVIEW = (
    "Left, how well each loss does; then the error dL/da, the slope da/dz of the last activation, and the gradient dL/dz, "
    "which is their product at every step. The three columns of factors span equally many powers of ten."
)
_FACTORS = (
    "By the chain rule the gradient at the raw outputs, dL/dz, is the error dL/da times the slope da/dz of the last "
    "activation. All panels span equally many powers of ten, so that a drop in the gradient is traced by eye to the "
    "factor above it. {}Error and gradient are means of lengths over a batch, the slope is their quotient: a mean over outputs "
    "and examples in which each weighs as much as its error. Lines are geometric means over the runs. So error × slope is the "
    "gradient, in the figure and in its sentences."
)
_GROWING_ERROR = (
    "{} error grows as fast as the slope shrinks, so that an output that is wrong keeps its gradient; an error that cannot grow "
    "leaves the gradient to the slope. "
)
_GRADIENTS = (
    "One row a layer, from the input down to the output, all on one scale: the length of the gradient of the layer's "
    "weights on a mini-batch. A line that lies low while the fit is still poor is learning that does not happen."
)
_SATURATION = (
    "The share of units whose activation is nearly flat where they stand. Early on, saturated units are stuck; "
    "late in a successful training saturated outputs are only sure of themselves."
)
_PROFILES = (
    "The share of runs that have reached the setting's level by each step. A line that lies further left is faster, and one "
    "that ends higher more dependable: where it ends short of 100 %, the rest of the runs never get there."
)
_RELIABILITY = (
    "Examples are sorted into 15 bins by the probability of the class that is decided for, and each bin's share of right "
    "decisions stands over its mean probability. On the diagonal a probability of 80 % is right in 80 of 100 cases."
)
_RANKS = (
    "In every {} the losses are ranked by their median final result, the best first, and the ranks are averaged. "
    "Friedman's test asks whether any loss differs from the others, Nemenyi's which pairs do. Few {} tell "
    "little apart; of settings that share data, which are no independent witnesses, nothing is tested."
)
_SAME_RATE = (
    "No tuning: every loss at the one rate, of those that all were given, at which final results of a setting lie furthest "
    "apart. A loss that stalls is seen here; at a rate of its own it may have made up for it. All seeds are shown."
)
_RATES = (
    "The result at the end of training over the learning rate. The same rate means different things to different losses, "
    "so compare the height of the tops and the width of the plateaus, not points above one another. All seeds count here."
)


def report_figures(results: Results) -> list[CaptionedFigure]:
    """All figures, in the order in which they tell the story."""
    return [
        *_overview(results),
        *([_rates(results)] if results.everything.swept else []),
        *_same_rate(results),
        _convergence(results),
        *_profiles(results),
        *_reliability(results),
        _factors(results),
        _gradients(results),
        _saturation(results),
        *_ranks(results),
    ]


def _overview(results: Results) -> list[CaptionedFigure]:
    """Nothing where the factors or a measure were not recorded."""
    if not results.boards:
        return []
    measure = results.boards[0].measure
    alike = [board for board in results.boards if board.measure.column == measure.column]
    shown = sorted(alike, key=speeds.delay, reverse=True)[:AT_A_GLANCE]
    settings = [board.setting for board in alike if board in shown]
    pictures = draw_overview(settings, measure, results.chosen, results.curves)
    most = f" Shown are the {AT_A_GLANCE} settings in which losses differ most." if len(alike) > AT_A_GLANCE else ""
    return [CaptionedFigure(heading=OVERVIEW, reading=_OVERVIEW + most, pictures=pictures)] if pictures else []


def _same_rate(results: Results) -> list[CaptionedFigure]:
    """Nothing where no rate was swept, or no two losses share one."""
    same = results.same_rate
    if same is None:
        return []
    pictures, texts = draw_same_rate(same, results.curves), captions.at_same_rate(same)
    return [CaptionedFigure(heading="At the same learning rate", reading=_SAME_RATE, captions=texts, pictures=pictures)]


def _convergence(results: Results) -> CaptionedFigure:
    pictures = draw_convergence(results.chosen, results.curves)
    if not pictures:
        return _missing("Convergence", "the loss and every metric by which losses can be ranked")
    return CaptionedFigure(
        heading="Convergence",
        reading=_convergence_reading(results),
        captions=speeds.speeds(results.boards) if len(results.boards) > MOST_LISTED else (),
        pictures=pictures,
    )


def _convergence_reading(results: Results) -> str:
    """How to read the rows that are there: which way is better in each that measures all losses alike."""
    curves = results.curves
    shared = [curves.quantity(column) for column in shared_columns(curves)]
    own = curves.first_of(tables.TRAIN + tables.LOSS, tables.TEST + tables.LOSS)
    ways = [
        f"{way} {formatting.listed(titles, 'or')}"
        for way in ("higher", "lower")
        if (titles := [item.title for item in shared if item.better == way])
    ]
    rows = "The rows below measure" if own else "The rows measure" if len(shared) > 1 else "The row measures"
    verb = "is" if len(shared) == 1 else "are"
    directions = f"{rows} all losses alike: {formatting.listed(ways)} {verb} better." if ways else ""
    runs = [run for sample in results.chosen.samples for run in sample.runs]
    columns = [own] if own else shared_columns(curves)
    most = max(int(run_scores.moments(runs, curves, column).max()) for column in columns)
    straight = _STRAIGHT.format(formatting.counted(most, "step")) if most < FEWEST_TO_TIME else ""
    return " ".join(filter(None, (_CONVERGENCE, straight, _OWN_LOSS if own else "", directions)))


def _profiles(results: Results) -> list[CaptionedFigure]:
    """Nothing where there is no level, or one seed alone: the page says so elsewhere."""
    pictures = draw_performance(results.boards, results.chosen, results.curves)
    texts = speeds.arrivals(results.boards, results.matches)
    return (
        [CaptionedFigure(heading="How many runs get there", reading=_PROFILES, captions=texts, pictures=pictures)]
        if pictures
        else []
    )


def _reliability(results: Results) -> list[CaptionedFigure]:
    """Nothing where the bins were not recorded."""
    pictures = draw_reliability(results.chosen, results.curves)
    texts = captions.reliability(results.chosen, results.curves)
    heading = "Are probabilities what they say?"
    return [CaptionedFigure(heading=heading, reading=_RELIABILITY, captions=texts, pictures=pictures)] if pictures else []


def _ranks(results: Results) -> list[CaptionedFigure]:
    """Nothing with few settings or losses."""
    if results.ranking is None:
        return []
    picture = draw_ranks(results.ranking, results.chosen)
    among = results.ranking.among
    reading = _RANKS.format(among.removesuffix("s"), among)
    texts = [Caption("", captions.order_of(results.ranking))]
    return [CaptionedFigure(heading="Ranks", reading=reading, captions=texts, pictures=[picture])]


def _factors(results: Results) -> CaptionedFigure:
    pictures = draw_factors(results.chosen, results.curves)
    heading = "Where the gradient goes missing"
    if not pictures:
        return _missing(heading, "the probe output_factors")
    texts = captions.factors(results.chosen, results.curves)
    return CaptionedFigure(heading=heading, reading=_FACTORS.format(_growth(results)), captions=texts, pictures=pictures)


def _growth(results: Results) -> str:
    """Which error keeps the gradient of a wrong output: cross entropy's where it was trained; "" where no output saturates."""
    if all(setting.task == "regression" for setting in results.chosen.settings):
        return ""
    trained = any(contender.word == REFERENCE for contender in results.chosen.contenders)
    return _GROWING_ERROR.format("Cross entropy's" if trained else "Of some losses the")


def _gradients(results: Results) -> CaptionedFigure:
    pictures = draw_gradients(results.chosen, results.curves)
    heading = "Gradient by layer"
    if not pictures:
        return _missing(heading, "the probe gradient_norms")
    texts = captions.gradients(results.chosen, results.curves)
    return CaptionedFigure(heading=heading, reading=_GRADIENTS, captions=texts, pictures=pictures)


def _saturation(results: Results) -> CaptionedFigure:
    pictures = draw_saturation(results.chosen, results.curves)
    if not pictures:
        return _missing("Saturation", "the probe saturation")
    texts = captions.saturation(results.chosen, results.curves)
    return CaptionedFigure(heading="Saturation", reading=_SATURATION, captions=texts, pictures=pictures)


def _rates(results: Results) -> CaptionedFigure:
    pictures = draw_rates(results.sensitivities, results.everything)
    heading = "Sensitivity to the learning rate"
    if not pictures:
        return CaptionedFigure(heading=heading, reading="This figure is left out: no measure of fit was recorded.")
    texts = captions.rates(results.sensitivities, results.everything.emphasised)
    return CaptionedFigure(heading=heading, reading=_RATES, captions=texts, pictures=pictures)


def _missing(heading: str, probes: str) -> CaptionedFigure:
    return CaptionedFigure(heading=heading, reading=f"This figure is left out: {probes} recorded nothing in this study.")
