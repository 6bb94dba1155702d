"""The report's answer in one sentence."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from lossbench.analysis import formatting
from lossbench.analysis.results import Results
from lossbench.analysis.scoreboard import SIGNIFICANT, LossScores, PairedComparison, Scoreboard
from lossbench.claims.text import Line
from lossbench.report.captions import ALIKE
from lossbench.report.speeds import delay, first_there, most_apart
from lossbench.report.summary import between, judged, testable

_UNMEASURED = "No verdict: no measure was recorded by which losses may be ranked."
_UNRANKED = "No verdict: the only measure that was recorded is minimised by one of the losses, so it ranks nobody."
_OUTCOMES = {  # of a claim: in words of one, and of several
    "holds": ("holds", "hold"),
    "within scatter": ("lies within scatter", "lie within scatter"),
    "differs": ("differs", "differ"),
    "no power": ("has no power", "have no power"),
    "not judged": ("is not judged", "are not judged"),
}


def verdict(results: Results) -> str:
    """Who learns faster, and who better, in the setting in which losses differ most; or why nothing can be said."""
    ranked = [board for board in results.boards if board.ranked]
    if not ranked:
        return _UNRANKED if results.boards else _UNMEASURED
    board = most_apart(ranked)
    clauses = [clause for clause in (_speed(board, results.matches), _end(board, results.matches)) if clause]
    text = f"{', and '.join(clauses)}."
    if len(ranked) == 1:
        return formatting.capitalised(text)
    return formatting.capitalised(f"{board.setting.label} (of {len(ranked)} settings the one where losses differ most): {text}")


def verdict_on_claims(lines: Sequence[Line]) -> str:
    """How many of an experiment's claims hold, and what became of the others; nothing where there are none."""
    counts = Counter(line.verdict for line in lines)
    clauses = [
        f"{counts[outcome]}{formatting.SPACE}{singular_and_plural[counts[outcome] > 1]}"
        for outcome, singular_and_plural in _OUTCOMES.items()
        if counts[outcome]
    ]
    return f"Of {formatting.counted(len(lines), 'claim')} {formatting.listed(clauses)}." if clauses else ""


def _speed(board: Scoreboard, matches: Sequence[PairedComparison]) -> str:
    if board.level is None:
        return ""
    level = f"{formatting.measured(board.level, board.measure.quantity)} {board.measure.quantity.title}"
    order = sorted(board.standings, key=lambda standing: standing.step.centre)
    first, last = order[0], order[-1]
    if not np.isfinite(first.step.centre):
        return f"no loss reaches {level} in more than half of its runs"
    if first is last:
        return f"{first_there(board)} {level} after {formatting.in_steps(first.step.centre)}"
    late = [standing for standing in order if not np.isfinite(standing.step.centre)]
    if late:
        names = formatting.listed([*map(_name, late)]) if len(late) <= 2 else f"{len(late)} of {len(order)} losses"
        their = "its" if len(late) == 1 else "their"
        never = "never" if all(np.isinf(standing.steps).all() for standing in late) else f"in at most half of {their} runs"
        return f"{first_there(board)} {level} after {formatting.in_steps(first.step.centre)}, {names} {never}"
    ratio = delay(board)
    if ratio < ALIKE:
        return f"the losses reach {level} after about as many steps"
    steps = f"{formatting.steps(first.step.centre)} steps against {formatting.steps(last.step.centre)}"
    chance = judged(between(first, last, board, matches, "steps"), matches)
    return f"{first_there(board)} {level} {formatting.times(ratio)} as fast as {_name(last)}, {steps}{chance}"


def _end(board: Scoreboard, matches: Sequence[PairedComparison]) -> str:
    order = sorted(board.standings, key=lambda standing: standing.final.centre, reverse=board.measure.better == "higher")
    best, worst = order[0], order[-1]
    ends = [formatting.measured(standing.final.centre, board.measure.quantity) for standing in (best, worst)]
    if best is worst:
        return f"its final {board.measure.quantity.title} is {ends[0]}"
    if not np.isfinite(best.final.centre):
        return "at least half of the runs diverge, under every loss"
    if best.final.centre == worst.final.centre:
        return f"all end at {ends[0]}"
    match = between(best, worst, board, matches)
    tested = match if match is not None and testable(match, matches) else None
    if tested is not None and tested.corrected >= SIGNIFICANT:
        return f"in the end {_name(best)} ({ends[0]}) and {_name(worst)} ({ends[1]}) are not told apart"
    surely = "" if tested is None else " beyond chance"
    if len(order) > 2:
        return f"in the end {_name(best)} comes first and {_name(worst)}{surely} last, {ends[0]} against {ends[1]}"
    return f"in the end {_name(best)} is{surely} the better, {ends[0]} against {ends[1]} under {_name(worst)}"


def _name(standing: LossScores) -> str:
    return standing.sample.contender.label
