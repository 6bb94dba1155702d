"""What is said of losses that did best at the edge of the learning rates that were tried."""

from collections.abc import Sequence

from lossbench.analysis import formatting
from lossbench.analysis.grid_edge import GridEdge, rates_beyond
from lossbench.analysis.labels import RATE

MOST_NAMED = 6  # losses, or settings, told by name; of more how many


def at_edges(edges: Sequence[GridEdge]) -> list[str]:
    """A sentence for each grid and edge: who did best there, on which seeds, and the words that widen the grid."""
    grids = dict.fromkeys((edge.rates, edge.side, edge.seeds) for edge in edges)
    return [_sentence([edge for edge in edges if (edge.rates, edge.side, edge.seeds) == grid]) for grid in grids]


def _sentence(edges: Sequence[GridEdge]) -> str:
    first = edges[0]
    losses = list(dict.fromkeys(edge.contender.label for edge in edges))
    settings = list(dict.fromkeys(edge.setting.label for edge in edges if edge.setting.label))
    names = formatting.listed(losses) if len(losses) <= MOST_NAMED else formatting.counted(len(losses), "loss", "losses")
    one = len(losses) == 1
    where = "" if not settings else f" ({', '.join(settings)})" if len(settings) == 1 else f" (in {len(settings)} settings)"
    chose = "" if not first.seeds else f"On {formatting.seed_range(first.seeds)}, which choose the learning rates, "
    further = ",".join(f"{rate:g}" for rate in rates_beyond(first.rates, first.side))
    return (
        f"{formatting.capitalised(chose + names)} {'does' if one else 'do'} best at {first.rate:g}, the {first.side} of the "
        f"{len(first.rates)} learning rates tried ({first.rates[0]:g} to {first.rates[-1]:g}){where}: "
        f"{'its' if one else 'their'} best may lie beyond, and what is said here holds at these rates only. "
        f"The study's command with {RATE}={further} adds rates beyond the edge."
    )
