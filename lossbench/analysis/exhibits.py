"""The report's figures, each with how to read it and what it shows, or with why it is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from lossbench.analysis import findings
from lossbench.analysis.digest import Digest
from lossbench.analysis.findings import Finding
from lossbench.analysis.plots.convergence import draw_convergence
from lossbench.analysis.plots.factors import draw_factors
from lossbench.analysis.plots.gradients import draw_gradients
from lossbench.analysis.plots.performance import draw_performance
from lossbench.analysis.plots.picture import Picture
from lossbench.analysis.plots.ranks import draw_ranks
from lossbench.analysis.plots.rates import draw_rates
from lossbench.analysis.plots.saturation import draw_saturation

NAMES = ("convergence", "factors", "gradients", "saturation", "profiles", "ranks", "rates")  # of the files, and their parts
_CONVERGENCE = (
    "Steps run to the right by powers of ten. The top row is each loss in its own units: look at how it falls, not at who "
    "is lower. The rows below measure all losses alike; there, higher accuracy and lower log loss or squared error are better."
)
_FACTORS = (
    "By the chain rule the gradient at the raw outputs, dL/dz, is the error dL/da times the slope da/dz of the last "
    "activation. All three panels span equally many powers of ten, so a drop in the top one can be traced by eye to the "
    "factor below it. Cross entropy's error grows as fast as the slope shrinks, so that an output that is wrong keeps its "
    "gradient; an error that cannot grow leaves the gradient to the slope. (Shown are means over a batch; a mean of "
    "products is only about the product of the means.)"
)
_GRADIENTS = (
    "One row a layer, from the input down to the output, all on one scale: the length of the gradient of the layer's "
    "weights on a mini-batch. A line that lies low while the accuracy is still bad is learning that does not happen."
)
_SATURATION = (
    "The share of units whose activation is nearly flat where they stand. Early on, saturated units are stuck; "
    "late in a successful training saturated outputs are only sure of themselves."
)
_PROFILES = (
    "The share of runs that have reached the setting's level by each step. A line that lies further left is faster, and one "
    "that ends higher more dependable: where it ends short of 100 %, the rest of the runs never get there."
)
_RANKS = (
    "In every {} the losses are ranked by their median final result, the best first, and the ranks are averaged. "
    "Friedman's test asks whether any loss differs from the others, Nemenyi's which pairs do. Few {} tell "
    "little apart, and settings that share data are no independent witnesses."
)
_RATES = (
    "The result at the end of training over the learning rate. The same rate means different things to different losses, "
    "so compare the height of the tops and the width of the plateaus, not points above one another."
)


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A figure in one or several parts; without pictures `reading` says why there are none."""

    heading: str
    reading: str
    found: Sequence[Finding] = ()
    pictures: Sequence[Picture] = ()


def exhibits(digest: Digest) -> list[Exhibit]:
    """All figures, in the order in which they tell the story."""
    made = [_convergence(digest), *_profiles(digest), _factors(digest), _gradients(digest), _saturation(digest), *_ranks(digest)]
    return [*made, _rates(digest)] if digest.everything.swept else made


def _convergence(digest: Digest) -> Exhibit:
    pictures = draw_convergence(digest.chosen, digest.curves)
    if not pictures:
        return _missing("Convergence", "the probes loss, accuracy, log_loss and squared_error")
    return Exhibit(heading="Convergence", reading=_CONVERGENCE, found=findings.speeds(digest.boards), pictures=pictures)


def _profiles(digest: Digest) -> list[Exhibit]:
    """Nothing where there is no level, or one seed alone: the page says so elsewhere."""
    pictures = draw_performance(digest.boards, digest.chosen, digest.curves)
    found = findings.arrivals(digest.boards, digest.matches)
    return [Exhibit(heading="How many runs get there", reading=_PROFILES, found=found, pictures=pictures)] if pictures else []


def _ranks(digest: Digest) -> list[Exhibit]:
    """Nothing with few settings or losses."""
    if digest.ranking is None:
        return []
    picture = draw_ranks(digest.ranking, digest.chosen)
    among = digest.ranking.among
    reading = _RANKS.format(among.replace("settings", "setting").replace("groups", "group"), among)
    found = [Finding("", findings.order_of(digest.ranking))]
    return [Exhibit(heading="Ranks", reading=reading, found=found, pictures=[picture])]


def _factors(digest: Digest) -> Exhibit:
    pictures = draw_factors(digest.chosen, digest.curves)
    heading = "Where the gradient goes missing"
    if not pictures:
        return _missing(heading, "the probe output_factors")
    found = findings.factors(digest.chosen, digest.curves)
    return Exhibit(heading=heading, reading=_FACTORS, found=found, pictures=pictures)


def _gradients(digest: Digest) -> Exhibit:
    pictures = draw_gradients(digest.chosen, digest.curves)
    heading = "Gradient by layer"
    if not pictures:
        return _missing(heading, "the probe gradient_norms")
    found = findings.gradients(digest.chosen, digest.curves)
    return Exhibit(heading=heading, reading=_GRADIENTS, found=found, pictures=pictures)


def _saturation(digest: Digest) -> Exhibit:
    pictures = draw_saturation(digest.chosen, digest.curves)
    if not pictures:
        return _missing("Saturation", "the probe saturation")
    found = findings.saturation(digest.chosen, digest.curves)
    return Exhibit(heading="Saturation", reading=_SATURATION, found=found, pictures=pictures)


def _rates(digest: Digest) -> Exhibit:
    pictures = draw_rates(digest.sensitivities, digest.everything)
    heading = "Sensitivity to the learning rate"
    if not pictures:
        return Exhibit(heading=heading, reading="This figure is left out: no measure of fit was recorded.")
    return Exhibit(heading=heading, reading=_RATES, found=findings.rates(digest.sensitivities), pictures=pictures)


def _missing(heading: str, probes: str) -> Exhibit:
    return Exhibit(heading=heading, reading=f"This figure is left out: {probes} recorded nothing in this study.")
