"""The reservations that belong beside a report's first paragraph."""

from collections.abc import Iterator

import pandas as pd

from lossbench.analysis import formatting
from lossbench.analysis.comparison import Comparison, Setting
from lossbench.analysis.results import Results
from lossbench.analysis.scoreboard import Scoreboard, can_tell
from lossbench.analysis.selection import FEWEST_TO_SPLIT
from lossbench.analysis.statistics import FEWEST

REGRESSED = ("mean_absolute_error", "squared_error")  # by one of these most losses of a regression may be ranked
_ONE_SEED = "There is one seed: no intervals and no tests, and another seed may tell another story."
_NOTHING_DRAWN = "Nothing in these runs is drawn: any seed would give the same, and there are no intervals and no tests."
NOT_DRAWN = ("answer", "given", "two_weights")  # initialisations that are numbers
_FEW_SEEDS = "With {} there is no 95\N{NO-BREAK SPACE}% interval of a median: the tables show the smallest and the largest value."
_FEW_IN_A_SETTING = (
    "In {} there are {}, too few for a 95\N{NO-BREAK SPACE}% interval and for any test: there the tables show the smallest and "
    "the largest value."
)
_BLIND = (
    "With {} and {} no corrected p-value can fall below 0.05, however large the difference: "
    "look at the values themselves, or run more seeds."
)
_SPLITS = (
    "A seed on a split of the data is a block, and losses are compared block by block. What is beyond chance is so for new seeds "
    "on these {} splits; how losses fare on other splits, or other data, the test does not say."
)
_SAME_RATE = (
    "All losses were trained with the same learning rate, which does not mean the same to each: a sweep over rates would tell."
)
_TUNED = (
    "Each loss is shown at the learning rate with its best median final {} on {}, and judged on the other seeds. The "
    "sensitivity figure shows all rates and all seeds, and so does the page's part to explore."
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
    "but losses are not ranked by it, and no difference is tested.{}"
)
_NEUTRAL = " With probes=[{}] one is recorded that none of them minimises."
_UNMEASURED = "No measure of fit but the losses' own was recorded, and losses are never ranked by those."
_DIVERGED = (
    "A run that diverged counts as worse than every run that finished, and as never reaching a level. "
    "Curves are those of the runs that are still going, and end where fewer than half are left."
)


def reservations(results: Results) -> list[str]:
    """What a reader must know before believing the numbers."""
    return [
        *_about_seeds(results),
        *_about_rates(results),
        *_about_measures(results),
        *_about_divergence(results),
        *_about_gaps(results),
    ]


def _about_seeds(results: Results) -> list[str]:
    n, everything, chosen = results.chosen.blocks, results.everything, results.chosen
    seeds = f"{chosen.spoken_blocks} left to judge" if n < everything.blocks else chosen.spoken_blocks
    if n == 1:
        return [_ONE_SEED if drawn(results.study.runs) else _NOTHING_DRAWN]
    sentences = [_FEW_SEEDS.format(seeds)] if n < FEWEST else list(_few_in_settings(chosen))
    blind = results.matches and not can_tell(results.matches)
    sentences += [_BLIND.format(seeds, formatting.counted(len(results.matches), "comparison"))] if blind else []
    return [*sentences, _SPLITS.format(chosen.splits)] if chosen.splits > 1 else sentences


def _few_in_settings(chosen: Comparison) -> Iterator[str]:
    """Of which settings the blocks are too few for an interval, where others have enough."""
    for setting in chosen.settings:
        within = chosen.within(setting)
        fewest = min(len(sample.seeds) for sample in within)
        if fewest < FEWEST:
            yield _FEW_IN_A_SETTING.format(setting.label, formatting.counted(fewest, "seed" if chosen.splits == 1 else "block"))


def drawn(runs: pd.DataFrame) -> bool:
    """Whether another seed may change a run: by its start, the order of mini-batches, or units that are dropped."""
    batches = runs["batch"].notna() & (runs["order"] != "sequential")
    dropout = [runs[name].fillna(0) != 0 for name in runs.columns if name.endswith("dropout")]
    return bool((~runs["init"].isin(NOT_DRAWN) | batches).any() or any(column.any() for column in dropout))


def _about_rates(results: Results) -> list[str]:
    if not results.everything.swept:
        rates: dict[str, set[float]] = {}
        for sample in results.everything.samples:
            rates.setdefault(sample.contender.label, set()).add(sample.rate)
        same = len(rates) > 1 and len(set(map(frozenset, rates.values()))) == 1
        return [_SAME_RATE] if same else []
    by = sorted({measure.quantity.title for measure in results.measures.values() if measure})
    if not by:
        return [_RATES_APART]
    return [*_about_tuning(results, formatting.listed(by, "or"))]


def _about_tuning(results: Results, measure: str) -> Iterator[str]:
    """On which seeds rates were chosen, in the settings in which some were."""
    settings = [s for s in results.everything.settings if results.measures[s] and _several_rates(results, s)]
    tuning = {results.tuning[setting] for setting in settings}
    if some := [seeds for seeds in tuning if seeds]:
        yield _TUNED.format(measure, formatting.seed_range(some[0]) if len(some) == 1 else "the lowest seeds of its setting")
    if () in tuning:
        where = "" if len(tuning) == 1 else "In some settings the seeds are fewer. "
        yield where + _CHOSEN_RATES.format(measure, FEWEST_TO_SPLIT)


def _several_rates(results: Results, setting: Setting) -> bool:
    samples = results.everything.within(setting)
    return len({sample.contender for sample in samples}) < len(samples)


def _about_measures(results: Results) -> list[str]:
    chose = " and chose its learning rate" if results.everything.swept else ""
    unranked = {board.measure.column: board for board in results.boards if not board.ranked}
    sentences = [
        _PARTIAL.format(b.measure.quantity.title, formatting.listed(b.owners), chose, _neutral(b, results))
        for b in unranked.values()
    ]
    return sentences if results.boards else [*sentences, _UNMEASURED]


def _neutral(board: Scoreboard, results: Results) -> str:
    """The probe of a regression that would rank its losses, in a sentence; "" where there is none."""
    loss_words = {standing.sample.contender.word for standing in board.standings}
    known = results.curves.quantities
    stems = [stem for stem in REGRESSED if stem in known and known[stem].neutral_among(loss_words)]
    return _NEUTRAL.format(stems[0]) if stems and board.setting.task == "regression" else ""


def _about_divergence(results: Results) -> list[str]:
    return [_DIVERGED] if results.diverged else []


def _about_gaps(results: Results) -> list[str]:
    chosen = results.chosen
    complete = len(chosen.contenders) * len(chosen.settings) == len(chosen.samples)
    return [] if complete else ["Not every loss was trained in every setting."]
