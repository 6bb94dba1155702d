"""What came out, setting by setting."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lossbench.analysis import formatting
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.results import Results
from lossbench.analysis.scoreboard import SIGNIFICANT, LossScores, PairedComparison, Score, Scoreboard, can_tell
from lossbench.analysis.statistics import FEWEST
from lossbench.plots.captioned import Caption
from lossbench.report.captions import Contrast, blame, order_of, output_contrasts
from lossbench.report.speeds import most_apart, speed

MOST_LISTED = 3  # settings told one by one; of more only how often which loss is ahead
PLAIN = 2.0  # gradients that differ less at the start explain little
SLOWER = 1.5  # times as many steps to the level, below which a smaller gradient explains little


def summary(results: Results) -> list[Caption]:
    """What was run and what came out, sentence by sentence."""
    outcomes = _tally(results) if len(results.boards) > MOST_LISTED else [_outcome(board, results) for board in results.boards]
    ranks = [Caption("", order_of(results.ranking))] if results.ranking else []
    return [Caption("", _counts(results)), *outcomes, *ranks, *_cause(results)]


def _counts(results: Results) -> str:
    everything = results.everything
    runs = sum(len(sample.runs) for sample in everything.samples)
    losses = formatting.listed([contender.label for contender in everything.contenders])
    parts = [f"{len(everything.settings)} settings"] if len(everything.settings) > 1 else []
    parts += [_rates(everything)] if everything.swept else []
    parts += [formatting.counted(everything.splits, "split")] if everything.splits > 1 else []
    parts += [formatting.spread(everything.seeds_of_each, "seed")]
    diverged = f" {formatting.counted(results.diverged, 'run')} diverged." if results.diverged else ""
    return f"{formatting.counted(runs, 'run')} of {losses}: {formatting.listed(parts)}.{diverged}"


def _rates(everything: Comparison) -> str:
    """How many learning rates there are: "7 learning rates", or, where losses have not all the same, "6 … for each loss"."""
    counts = Counter((sample.setting, sample.contender) for sample in everything.samples).values()
    alike = len({sample.rate for sample in everything.samples}) == max(counts)
    return formatting.spread(counts, "learning rate") + ("" if alike else " for each loss")


def _outcome(board: Scoreboard, results: Results) -> Caption:
    if not board.ranked:
        return Caption(board.setting.label, _values(board))
    matches = results.matches
    sentences = (_ending(board, matches), _beside_reference(board, results), _timing(board, matches))
    return Caption(board.setting.label, " ".join(filter(None, sentences)))


def _values(board: Scoreboard) -> str:
    """Final results side by side, of losses of which one minimises the measure."""
    ends = formatting.listed([f"{_final(standing, board)} under {_name(standing)}" for standing in board.standings])
    verb = "minimises" if len(board.owners) == 1 else "minimise"
    owned = f"{formatting.capitalised(formatting.listed(board.owners))} {verb} it, so it ranks nobody."
    return f"The final {board.measure.quantity.title} is {ends}. {owned}"


def _ending(board: Scoreboard, matches: Sequence[PairedComparison]) -> str:
    """Final results of the best and the worst loss, and whether the difference is more than scatter."""
    order = sorted(board.standings, key=lambda s: s.final.centre, reverse=board.measure.better == "higher")
    best, worst = order[0], order[-1]
    if all(all(s.sample.diverged) for s in order):
        return "Every run diverged."
    if not np.isfinite(best.final.centre):
        return "At least half of the runs diverged, under every loss."
    tied = [_name(s) for s in order if s.final.centre == best.final.centre]
    names = formatting.listed(tied) if len(tied) <= MOST_LISTED else f"{len(tied)} of {len(order)} losses"
    text = f"The final {board.measure.quantity.title} is {_final(best, board)} under {names}"
    if len(tied) == len(order):
        return f"{text}."
    if not np.isfinite(worst.final.centre):
        return f"{text}; {_name(worst)} diverged in at least half of its runs."
    return f"{text} and {_final(worst, board)} under {_name(worst)}{judged(between(best, worst, board, matches), matches)}."


def _beside_reference(board: Scoreboard, results: Results) -> str:
    """What the tests say of the best and the worst loss, where these are not compared with one another but with a reference."""
    order = sorted(board.standings, key=lambda s: s.final.centre, reverse=board.measure.better == "higher")
    reference = next((s for s in order if s.sample.contender == results.family.reference), None)
    if reference is None or reference in (order[0], order[-1]) or order[0].final.centre == order[-1].final.centre:
        return ""
    tested = [(s, judged(between(reference, s, board, results.matches), results.matches)) for s in (order[0], order[-1])]
    ways = {True: "better", False: "worse"}
    verdicts = [f"{_name(s)} is {ways[s is order[0]]}{outcome}" for s, outcome in tested if outcome]
    if not verdicts:
        return ""
    own = [m for m in results.matches if m.board is board and m.score == "final"]
    sure = sum(m.corrected < SIGNIFICANT for m in own)
    differ = "differs" if sure == 1 else "differ"
    many = f" Of {len(own)} losses {sure or 'none'} {differ} from it beyond chance." if len(own) > MOST_LISTED else ""
    return f"Next to {_name(reference)}, {_final(reference, board)}, {formatting.listed(verdicts)}.{many}"


def _timing(board: Scoreboard, matches: Sequence[PairedComparison]) -> str:
    """Who reaches the level when, and whether the difference between the first and the last is more than scatter."""
    if board.level is None:
        return ""
    order = sorted(board.standings, key=lambda s: s.step.centre)
    match = between(order[0], order[-1], board, matches, "steps")
    outcome = judged(match, matches) if order[0].step.centre < order[-1].step.centre else ""
    return speed(board).removesuffix(".") + outcome + "."


def _cause(results: Results) -> list[Caption]:
    """Where the gradient goes missing, if it plainly does: where losses differ most, or else where that is plainest."""
    contrasts = [contrast for contrast in output_contrasts(results.chosen, results.curves) if contrast.ratio >= PLAIN]
    if not contrasts:
        return []
    timed = [board for board in results.boards if board.level is not None]
    headline = most_apart(timed).setting if timed else None
    plainest = max(contrasts, key=lambda contrast: contrast.ratio)
    shown = next((contrast for contrast in contrasts if contrast.setting == headline), plainest)
    where = f" ({shown.setting.label})" if shown.setting.label else ""
    return [
        Caption(f"{'why' if _explains(shown, results) else 'gradients'}{where}", blame(shown, results.chosen, results.curves))
    ]


def _explains(contrast: Contrast, results: Results) -> bool:
    """Whether the loss with the smaller gradient is slower, and moves less in the first step: its rate may make up for it."""
    steps = {s.sample.contender: s.step.centre for b in results.boards if b.setting == contrast.setting for s in b.standings}
    rates = {sample.contender: sample.rate for sample in results.chosen.within(contrast.setting)}
    large, small = contrast.large, contrast.small
    moves = [size * np.nan_to_num(rates[one], nan=1.0) for size, one in zip(contrast.sizes, (large, small), strict=True)]
    return steps.get(small, 0) > SLOWER * steps.get(large, np.inf) and moves[0] >= PLAIN * moves[1]


def _final(standing: LossScores, board: Scoreboard) -> str:
    estimate, quantity = standing.final, board.measure.quantity
    if estimate.method in ("none", "range", "equal"):
        return formatting.measured(estimate.centre, quantity)
    low, high = formatting.measured(estimate.low, quantity), formatting.measured(estimate.high, quantity)
    return f"{formatting.measured(estimate.centre, quantity)} ({low} to {high})"


def testable(match: PairedComparison, matches: Sequence[PairedComparison]) -> bool:
    """Whether the test of a comparison could have found something: of fewer than 6 pairs no p falls below 0.05."""
    return match.difference.median.n >= FEWEST and can_tell(matches)


def judged(match: PairedComparison | None, matches: Sequence[PairedComparison]) -> str:
    """What the paired test says, to be hung on a sentence; nothing where it could not say anything else."""
    if match is None or not testable(match, matches):
        return ""
    p = formatting.tested(match.corrected)
    over = f"over {formatting.counted(match.difference.median.n, 'seed' if _lone_split(match) else 'block')}, {p}"
    return f" (beyond chance {over})" if match.corrected < SIGNIFICANT else f" (not beyond chance {over})"


def _lone_split(match: PairedComparison) -> bool:
    """Whether seeds are all that runs differ by: none of them met several splits of the data."""
    return all(len(set(standing.sample.splits)) == 1 for standing in match.board.standings)


def _tally(results: Results) -> list[Caption]:
    """In how many settings each loss ends best and is fastest, what of it is more than chance, and the strongest contrast."""
    ranked = [board for board in results.boards if board.ranked]
    if not ranked:
        return []
    timed = [board for board in ranked if board.level is not None]
    sentences = [f"The best median final result is reached {_won(ranked, _best)}."]
    sentences += [f"The level is reached first {_won(timed, _first)}."] if timed else []
    tested = [m for m in results.matches if m.score == "final" and m.difference.median.n >= FEWEST]
    if tested and can_tell(results.matches):
        compared = formatting.counted(len(tested), "comparison")
        over = "seeds" if all(map(_lone_split, tested)) else "blocks of seed and split"
        sure = sum(m.corrected < SIGNIFICANT for m in tested)
        sentences.append(f"Of {compared} of final results {sure} show more than chance over {over} explains (Holm).")
    strongest = most_apart(timed) if timed else None
    extreme = [Caption(strongest.setting.label, speed(strongest))] if strongest else []
    return [*(Caption("", sentence) for sentence in sentences), *extreme]


def _won(boards: Sequence[Scoreboard], winner: Callable[[Scoreboard], str]) -> str:
    """By whom how often: "by cross entropy in 6 of 12 settings and by several alike in 6"."""
    counts = Counter(map(winner, boards))
    order = sorted(counts, key=lambda name: (name == "", -counts[name], name))
    parts = [f"by {name or 'several alike'} in {counts[name]}" for name in order]
    return formatting.listed([f"{parts[0]} of {len(boards)} settings", *parts[1:]])


def _best(board: Scoreboard) -> str:
    sign = 1 if board.measure.better == "higher" else -1
    return _top({_name(s): sign * s.final.centre for s in board.standings})


def _first(board: Scoreboard) -> str:
    return _top({_name(s): -s.step.centre for s in board.standings})


def _top(merits: Mapping[str, float]) -> str:
    """The name with the most merit; "" where several share it, or none has any."""
    most = max(merits.values())
    names = [name for name, merit in merits.items() if merit == most]
    return names[0] if len(names) == 1 and np.isfinite(most) else ""


def between(
    one: LossScores, other: LossScores, board: Scoreboard, matches: Sequence[PairedComparison], score: Score = "final"
) -> PairedComparison | None:
    """The comparison of two losses of a setting, whichever comes first in it; None where they are not compared."""
    pair = {one.sample.contender, other.sample.contender}
    return next((m for m in matches if m.board is board and m.score == score and {m.one, m.other} == pair), None)


def _name(standing: LossScores) -> str:
    return standing.sample.contender.label
