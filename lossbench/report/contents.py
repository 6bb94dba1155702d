"""The table of contents: what stands on a page, in its order, and the names by which the parts are linked."""

from collections.abc import Mapping, Sequence
from typing import Any

from lossbench.plots.captioned import CaptionedFigure

Section = tuple[str, str]  # the anchor, and the heading


def anchored(captioned: Sequence[CaptionedFigure]) -> list[tuple[str, CaptionedFigure]]:
    """Figures with their anchors. These count, as headings are other people's text."""
    return [(f"figure-{number}", figure) for number, figure in enumerate(captioned, start=1)]


def contents(page: Mapping[str, Any]) -> list[Section]:
    """The sections of a page that there are."""
    figures = [(anchor, figure.heading) for anchor, figure in page["figures"]]
    first = [section for section in figures if section[1] == page["overview"]]
    seeds = "block by block" if page.get("splits") else "seed by seed"
    parts: list[tuple[Any, list[Section]]] = [
        (page["argument"] and page["argument"].lines, [("claims", "Claims and verdicts")]),
        (first, first),
        (page["scoreboard"], [("scoreboard", "Scoreboard")]),
        (page["explorer"], [("explore", "Explore")]),
        (page["summary"], [("summary", "What came out")]),
        (page["explanations"], [("explanations", "Why it does not learn")]),
        (True, [section for section in figures if section not in first]),
        (page["differences"], [("differences", f"Differences, {seeds}")]),
        (page["facts"], [("settings", "Everything else")]),
        (True, [("made", "How this was made")]),
    ]
    return [section for shown, sections in parts if shown for section in sections]
