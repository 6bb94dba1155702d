"""Cards as one page of HTML that needs nothing else."""

import re
from collections.abc import Sequence
from functools import cache
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lossbench.audit.cards.card import Card
from lossbench.audit.cards.sections import overview, sections
from lossbench.audit.cards.verdict import is_grave, verdict
from lossbench.plots import escape, profile
from lossbench.plots.picture import Picture

_FARTHEST = 20.0
_POINTS = 100  # of a line: as many as can be told apart
_KEPT = " <>'/:;=,.()-_+*!?&[]"  # what an attribute in double quotes and a data URL hold as it is
_LINKS = ("sigmoid", "softmax", "identity")


def as_html(cards: Sequence[Card]) -> str:
    """The page: every card with its picture; for several cards the chart and the table of all come first."""
    several = len(cards) > 1
    return (
        _environment()
        .get_template("cards.html.jinja")
        .render(
            title="Loss cards" if several else cards[0].name,
            chart=escape_chart(cards) if several else None,
            overview=overview(cards) if several else None,
            cards=[(card, verdict(card), is_grave(card), sections(card), _profile(card)) for card in cards],
        )
    )


def escape_chart(cards: Sequence[Card]) -> Picture | None:
    """The chart of escape times: a line for each word, on its sigmoid, else softmax, else identity. None without any."""
    order = sorted(cards, key=lambda card: _LINKS.index(card.link) if card.link in _LINKS else len(_LINKS))
    chosen = {card.title: card.saturation for card in reversed(order) if card.saturation is not None}
    rows = []
    for name, tails in sorted(chosen.items()):
        exponent = max(tail.exponent for tail in tails.wrong)
        for start, predicted, descended in zip(tails.starts, tails.predicted, tails.descended, strict=True):
            if start <= _FARTHEST:
                rows.append((name.replace("_", " "), start, predicted, descended, exponent))
    if not rows:
        return None
    return escape.draw(pd.DataFrame(rows, columns=["loss", "start", "predicted", "descended", "exponent"]))


def _profile(card: Card) -> Picture | None:
    if card.shape is None:
        return None
    curve = card.shape.curves[0]
    columns = ("z", "value", "gradient", "error", "slope", "curvature")
    table = pd.DataFrame({name: getattr(curve, name) for name in columns})
    return profile.draw(table.iloc[:: max(1, len(table) // _POINTS)], card.name)


def _embedded(picture: Picture) -> Markup:
    """The picture within an attribute, a third smaller than in base64; quote leaves nothing that could end it."""
    return Markup(f"data:image/svg+xml,{quote(_smaller(picture.svg.decode()), safe=_KEPT)}")  # noqa: S704


def _smaller(svg: str) -> str:
    """The same picture without comments, metadata and line breaks, lines to a hundredth of a point."""
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<\?xml[^>]*>|<!DOCTYPE[^>]*>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path.group()), svg)
    return re.sub(r">\s+<", "><", re.sub(r"\s+", " ", svg)).replace('"', "'").strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lossbench.audit.rendering"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["embedded"] = _embedded
    return environment
