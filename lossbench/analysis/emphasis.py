"""Which of many losses figures set apart from the others: as many coloured lines as losses would tell nothing."""

from collections.abc import Sequence

import numpy as np

from lossbench.analysis.comparison import Comparison, Contender
from lossbench.analysis.scoreboard import LossScores, Scoreboard
from lossbench.analysis.scores import worst

MANY = 6  # so many lines can be followed by eye


def emphasised(comparison: Comparison, boards: Sequence[Scoreboard], reference: Contender | None) -> tuple[Contender, ...]:
    """Of more than six losses the reference, and those that end best and worst on average over the settings; else ()."""
    if len(comparison.contenders) <= MANY:
        return ()
    averages = {c: float(np.mean(own)) for c in comparison.contenders if (own := _ranks_of(c, boards))}
    ends = [min(averages, key=averages.__getitem__), max(averages, key=averages.__getitem__)] if averages else []
    chosen = {reference or comparison.contenders[0], *ends}
    return tuple(contender for contender in comparison.contenders if contender in chosen)


def _ranks_of(contender: Contender, boards: Sequence[Scoreboard]) -> list[float]:
    """In every setting that ranks the loss, how many others end better than it does, or as well and sooner."""
    ranks = []
    for board in (board for board in boards if board.ranked):
        merits = {standing.sample.contender: _merit(standing, board) for standing in board.standings}
        if contender in merits:
            ranks.append(float(sum(merit > merits[contender] for merit in merits.values())))
    return ranks


def _merit(standing: LossScores, board: Scoreboard) -> tuple[float, float]:
    sign, least = (1.0 if board.measure.better == "higher" else -1.0), worst(board.measure.better)
    return sign * float(np.nan_to_num(standing.final.centre, nan=least, posinf=np.inf, neginf=-np.inf)), -standing.step.centre
