"""The reservations that belong beside a report's first paragraph."""

from collections.abc import Iterator, Sequence

from lossbench.analysis import prose
from lossbench.analysis.comparison import Setting
from lossbench.analysis.digest import Digest
from lossbench.analysis.scoreboard import can_tell
from lossbench.analysis.selection import FEWEST_TO_SPLIT
from lossbench.analysis.statistics import FEWEST

_FEW_SEEDS = "With {} there is no 95 % interval: the tables show the smallest and the largest value."
_BLIND = (
    "With {} and {} no corrected p-value can fall below 0.05, however large the difference: "
    "look at the values themselves, or run more seeds."
)
_SAME_RATE = (
    "All losses were trained with the same learning rate, which does not mean the same to each: a sweep over rates would tell."
)
_TUNED = (
    "Each loss is shown at the learning rate with its best median final {} on {}, and judged on the other seeds. Only the "
    "sensitivity figure shows all rates and all seeds."
)
_CHOSEN_RATES = (
    "Each loss is shown at the learning rate with its best median final {}. The rate was chosen on the same seeds on which the "
    "loss is then judged, which flatters every loss: fewer than {} seeds are too few to set some aside. The sensitivity figure "
    "shows all rates."
)
_RATES_APART = (
    "Learning rates were swept, and no measure was recorded by which to choose: every rate is shown as a setting of its own."
)
_PARTIAL = (
    "No neutral measure was recorded. The {} is what {} minimises: it says how far each loss got{}, "
    "but losses are not ranked by it, and no difference is tested."
)
_UNMEASURED = "No measure of fit but the losses' own was recorded, and losses are never ranked by those."
_DIVERGED = (
    "A run that diverged counts as worse than every run that finished, and as never reaching a level. "
    "Curves are those of the runs that are still going, and end where fewer than half are left."
)


def reservations(digest: Digest) -> list[str]:
    """What a reader must know before believing the numbers."""
    return [
        *_about_seeds(digest),
        *_about_rates(digest),
        *_about_measures(digest),
        *_about_divergence(digest),
        *_about_gaps(digest),
    ]


def _about_seeds(digest: Digest) -> list[str]:
    n = digest.chosen.seeds
    seeds = f"{n} seeds left to judge" if n < digest.everything.seeds else f"{n} seeds"
    if n == 1:
        return ["There is one seed: no intervals and no tests, and another seed may tell another story."]
    said = [_FEW_SEEDS.format(seeds)] if n < FEWEST else []
    blind = digest.matches and not can_tell(digest.matches)
    return [*said, _BLIND.format(seeds, prose.counted(len(digest.matches), "comparison"))] if blind else said


def _about_rates(digest: Digest) -> list[str]:
    if not digest.everything.swept:
        rates: dict[str, set[float]] = {}
        for sample in digest.everything.samples:
            rates.setdefault(sample.contender.label, set()).add(sample.rate)
        same = len(rates) > 1 and len(set(map(frozenset, rates.values()))) == 1
        return [_SAME_RATE] if same else []
    by = sorted({measure.quantity.title for measure in digest.measures.values() if measure})
    if not by:
        return [_RATES_APART]
    return [*_about_tuning(digest, prose.listed(by, "or"))]


def _about_tuning(digest: Digest, measure: str) -> Iterator[str]:
    """On which seeds rates were chosen, in the settings in which some were."""
    settings = [s for s in digest.everything.settings if digest.measures[s] and _several_rates(digest, s)]
    tuning = {digest.tuning[setting] for setting in settings}
    if some := [seeds for seeds in tuning if seeds]:
        yield _TUNED.format(measure, _told(some[0]) if len(some) == 1 else "the lowest seeds of its setting")
    if () in tuning:
        where = "" if len(tuning) == 1 else "In some settings the seeds are fewer. "
        yield where + _CHOSEN_RATES.format(measure, FEWEST_TO_SPLIT)


def _several_rates(digest: Digest, setting: Setting) -> bool:
    samples = digest.everything.within(setting)
    return len({sample.contender for sample in samples}) < len(samples)


def _told(seeds: Sequence[int]) -> str:
    """Seeds in a row: "seeds 0 and 1", "seeds 0 to 6"."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if len(seeds) > 2 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seeds {prose.listed([str(seed) for seed in seeds])}"


def _about_measures(digest: Digest) -> list[str]:
    chose = " and chose its learning rate" if digest.everything.swept else ""
    unranked = {board.measure.column: board for board in digest.boards if not board.ranked}
    said = [_PARTIAL.format(b.measure.quantity.title, prose.listed(b.owners), chose) for b in unranked.values()]
    return said if digest.boards else [*said, _UNMEASURED]


def _about_divergence(digest: Digest) -> list[str]:
    return [_DIVERGED] if digest.diverged else []


def _about_gaps(digest: Digest) -> list[str]:
    chosen = digest.chosen
    complete = len(chosen.contenders) * len(chosen.settings) == len(chosen.samples)
    return [] if complete else ["Not every loss was trained in every setting."]
