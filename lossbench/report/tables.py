"""The report's two tables in words: the scoreboard and the differences between losses."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lossbench.analysis import formatting
from lossbench.analysis.comparison import Contender, Setting
from lossbench.analysis.results import Results
from lossbench.analysis.scoreboard import LossScores, PairedComparison, Score, Scoreboard
from lossbench.analysis.statistics import FEWEST, Estimate
from lossbench.plots.style import FAINT, drawn_strokes, strokes
from lossbench.tables.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A number in words, and its interval, "" where there is none."""

    text: str
    interval: str = ""


@dataclass(frozen=True, kw_only=True)
class Look:
    """A loss and its colour in the figures."""

    loss: str
    colour: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A loss in a setting, as the scoreboard shows it."""

    loss: str
    colour: str
    rate: str
    final: Cell
    best: Cell
    steps: Cell
    diverged: str


@dataclass(frozen=True, kw_only=True)
class ScoreboardPart:
    """A setting's part of the scoreboard; `level` is "" where nothing could be timed, `baseline` where none is known."""

    setting: str
    measure: str
    baseline: str
    level: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Two losses of a setting, as the table of differences shows them; `measure` is "" where the page has only one."""

    setting: str
    measure: str
    losses: str
    final: Cell
    final_better: Cell
    final_p: str
    steps: Cell
    steps_better: Cell
    steps_p: str


def scoreboard(results: Results) -> list[ScoreboardPart]:
    """The scoreboard by setting."""
    looks = drawn_strokes(results.everything)
    return [
        ScoreboardPart(
            setting=board.setting.label,
            measure=board.measure.quantity.title + _why_unranked(board),
            baseline=_baseline(board),
            level="" if board.level is None else formatting.measured(board.level, board.measure.quantity),
            rows=tuple(_row(s, board.measure.quantity, looks[s.sample.contender].colour) for s in board.standings),
        )
        for board in results.all_boards
    ]


def key(results: Results) -> list[Look]:
    """The colours of the losses, where there are several: beside figures on screens too small for the names in them.

    Of many losses figures set a few apart and draw the others faint, and so does the key.
    """
    everything = results.everything
    looks = strokes(everything.contenders)
    apart = everything.emphasised or everything.contenders
    others = len(looks) - len(apart)
    named = [Look(loss=one.label, colour=looks[one].colour) for one in looks if one in apart]
    faint = [Look(loss=formatting.counted(others, "other loss", "other losses"), colour=FAINT.colour)] if others else []
    return [*named, *faint] if len(looks) > 1 else []


def differences(results: Results) -> list[Contrast]:
    """The differences, one row a pair of losses and a measure: final result and steps side by side."""
    by_pair: dict[tuple[Setting, str, Contender, Contender], dict[Score, PairedComparison]] = {}
    for match in results.matches:
        measure = match.board.measure.quantity.title if results.further else ""
        by_pair.setdefault((match.board.setting, measure, match.one, match.other), {})[match.score] = match
    return [
        Contrast(
            setting=setting.label,
            measure=measure,
            losses=f"{one.label} − {other.label}",
            final=_difference(by_score.get("final")),
            final_better=_improvement(by_score.get("final")),
            final_p=_p(by_score.get("final")),
            steps=_difference(by_score.get("steps")),
            steps_better=_improvement(by_score.get("steps")),
            steps_p=_p(by_score.get("steps")),
        )
        for (setting, measure, one, other), by_score in by_pair.items()
    ]


def family(results: Results) -> str:
    """Which comparisons p-values are corrected over, in a sentence: how many there are, and of what."""
    n, pairs = len(results.matches), len({(m.board.setting, m.board.measure, m.one, m.other) for m in results.matches})
    scores = {"final": "the final result", "steps": "the steps to the level"}
    by = formatting.listed([text for score, text in scores.items() if any(m.score == score for m in results.matches)])
    settings = len({match.board.setting for match in results.matches})
    where = f" in {settings} settings" if settings > 1 else ""
    counts = f"{formatting.counted(n, 'comparison')}, of {formatting.counted(pairs, 'pair')} by {by}"
    return f"Compared is {results.family.spoken}{where}: {counts}."


def _baseline(board: Scoreboard) -> str:
    """What the measure is worth without learning, and whether any loss does better."""
    if board.baseline is None:
        return ""
    sign = 1 if board.measure.better == "higher" else -1
    beaten = any(sign * standing.final.centre > sign * board.baseline for standing in board.standings)
    return formatting.measured(board.baseline, board.measure.quantity) + ("" if beaten else ", which no loss exceeds")


def _why_unranked(board: Scoreboard) -> str:
    if board.ranked:
        return ""
    verb = "minimises" if len(board.owners) == 1 else "minimise"
    return f", which {formatting.listed(board.owners)} {verb}: no ranking"


def _row(standing: LossScores, quantity: Quantity, colour: str) -> Row:
    sample = standing.sample
    return Row(
        loss=sample.contender.label,
        colour=colour,
        rate="–" if np.isnan(sample.rate) else f"{sample.rate:g}",
        final=_measured(standing.final, quantity),
        best=_measured(standing.best, quantity),
        steps=_cell(standing.step, formatting.steps),
        diverged=f"{standing.diverged} of {len(sample.runs)}",
    )


def _measured(estimate: Estimate, quantity: Quantity) -> Cell:
    return _cell(estimate, lambda value: formatting.measured(value, quantity))


def _difference(match: PairedComparison | None) -> Cell:
    if match is None:
        return Cell(text="–")
    if match.score == "steps":
        return _cell(match.difference.median, lambda value: formatting.signed(value, formatting.steps))
    quantity = match.board.measure.quantity
    scale = 100 if quantity.share else 1
    return _cell(
        match.difference.median, lambda value: formatting.signed(scale * value, _points if quantity.share else formatting.number)
    )


def _improvement(match: PairedComparison | None) -> Cell:
    return Cell(text="–") if match is None else _cell(match.improvement, lambda value: f"{100 * value:.0f}\N{NO-BREAK SPACE}%")


def _points(value: float) -> str:
    return f"{value:.1f}"


def _p(match: PairedComparison | None) -> str:
    """Of fewer than six pairs no p can be small, and none is shown."""
    return "–" if match is None or match.difference.median.n < FEWEST else formatting.probability(match.corrected)


def _cell(estimate: Estimate, say: Callable[[float], str]) -> Cell:
    """The estimate and its interval in the same words; all values being equal is said so."""
    if estimate.method == "none":
        return Cell(text=say(estimate.centre))
    interval = "all alike" if estimate.method == "equal" else f"{say(estimate.low)} to {say(estimate.high)}"
    return Cell(text=say(estimate.centre), interval=interval)
