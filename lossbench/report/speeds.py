"""Who reaches a setting's level when, in sentences computed from the numbers."""

from collections.abc import Sequence

import numpy as np

from lossbench.analysis import formatting
from lossbench.analysis.scoreboard import LossScores, PairedComparison, Scoreboard
from lossbench.plots.captioned import Caption
from lossbench.report.captions import ALIKE, ALL_TOLD

MOST_NAMED = 2  # losses that are equally fast, told by name; of more how many


def speeds(boards: Sequence[Scoreboard]) -> list[Caption]:
    """Who reaches the level when, in the settings where that differs most."""
    shown = sorted((board for board in boards if board.level is not None), key=delay, reverse=True)[:ALL_TOLD]
    return [Caption(board.setting.label, speed(board)) for board in boards if board in shown]


def speed(board: Scoreboard) -> str:
    """When losses reach the level: "A reaches 90 % after 120 steps (median), B after 2,300: 19 times as many"."""
    level = f"{formatting.measured(board.level or 0.0, board.measure.quantity)} {board.measure.quantity.title}"
    order = sorted((s for s in board.standings if np.isfinite(s.step.centre)), key=lambda s: s.step.centre)
    never = [_name(s) for s in board.standings if not np.isfinite(s.step.centre)]
    if not order:
        return f"No loss reaches {level} in more than half of its runs."
    first, last = order[0], order[-1]
    text = f"{first_there(board)} {level} after {formatting.in_steps(first.step.centre)}"
    text += " (median)" if first.step.n > 1 else ""
    if last.step.centre > first.step.centre:
        ratio = last.step.centre / first.step.centre if first.step.centre else np.inf
        more = f": {formatting.times(ratio)} as many" if ALIKE < ratio < np.inf else ""
        slowest = _named([s for s in order if s.step.centre == last.step.centre], board)
        text += f", {slowest} after {formatting.steps(last.step.centre)}{more}"
    if never:
        verb = "does" if len(never) == 1 else "do"
        several = first.step.n > 1
        always = several and all(np.isinf(s.steps).all() for s in board.standings if not np.isfinite(s.step.centre))
        text += f"; {formatting.listed(never)} {f'never {verb}' if always else f'{verb} not'}"
        text += ", in at least half of the runs" if several and not always else ""
    return formatting.capitalised(f"{text}.")


def first_there(board: Scoreboard) -> str:
    """Who reaches the level first, with the verb: "a reaches", "a and b reach", "5 of 14 losses reach"."""
    least = min(standing.step.centre for standing in board.standings)
    first = [standing for standing in board.standings if standing.step.centre == least]
    return f"{_named(first, board)} {'reaches' if len(first) == 1 else 'reach'}"


def most_apart(boards: Sequence[Scoreboard]) -> Scoreboard:
    """Of at least one setting that in which losses differ most: in their steps to the level, and then in final results."""
    return max(boards, key=lambda board: (delay(board), _gap(board)))


def delay(board: Scoreboard) -> float:
    """How many times as long the slowest loss takes to the level as the fastest; infinite where it never gets there."""
    steps = [standing.step.centre for standing in board.standings]
    return max(steps) / min(steps) if 0 < min(steps) < np.inf else 0.0


def _named(standings: Sequence[LossScores], board: Scoreboard) -> str:
    names = [_name(standing) for standing in standings]
    return formatting.listed(names) if len(names) <= MOST_NAMED else f"{len(names)} of {len(board.standings)} losses"


def _gap(board: Scoreboard) -> float:
    """How far the best and the worst median final result lie apart."""
    centres = [standing.final.centre for standing in board.standings]
    return max(centres) - min(centres) if max(centres) > min(centres) else 0.0


def arrivals(boards: Sequence[Scoreboard], matches: Sequence[PairedComparison]) -> list[Caption]:
    """Which share of the runs ever reaches the level, and how sure it is who gets there first, in a few settings."""
    timed = sorted((board for board in boards if board.level is not None), key=delay, reverse=True)[:ALL_TOLD]
    return [Caption(board.setting.label, _arrival(board, matches)) for board in boards if board in timed]


def _arrival(board: Scoreboard, matches: Sequence[PairedComparison]) -> str:
    missing = [(s, int(np.isinf(s.steps).sum())) for s in board.standings]
    late = [f"{n} of {formatting.counted(len(s.steps), 'run')} under {_name(s)}" for s, n in missing if n]
    if len(late) > ALL_TOLD:
        runs = formatting.counted(sum(len(s.steps) for s in board.standings), "run")
        late = [f"{sum(n for _, n in missing)} of {runs}, under {len(late)} of {len(missing)} losses,"]
    never = formatting.capitalised(f"{formatting.listed(late)} never get there") if late else "Every run gets there"
    own = [match for match in matches if match.board is board and match.score == "steps"]
    surest = max(own, key=lambda match: abs(match.improvement.centre - 0.5), default=None)
    if surest is None or surest.improvement.centre == 0.5:
        return f"{never}."
    e, d = surest.improvement, surest.difference
    ahead = e.centre > 0.5
    first, second, times = (surest.one, surest.other, d.lower) if ahead else (surest.other, surest.one, d.higher)
    low, high = (f"{100 * end:.0f}{formatting.SPACE}%" for end in ((e.low, e.high) if ahead else (1 - e.high, 1 - e.low)))
    text = f"{first.label} is there before {second.label} on {times} of {formatting.counted(e.n, 'seed')}"
    if ties := e.n - d.lower - d.higher:
        text += f" and neither before nor after it on {ties}, which count half"
    return f"{never}. {formatting.capitalised(text)}, on a new one with a probability of {low} to {high}."


def _name(standing: LossScores) -> str:
    return standing.sample.contender.label
