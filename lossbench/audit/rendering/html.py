"""Cards as one page of HTML that needs nothing else."""

import base64
from collections.abc import Sequence
from functools import cache

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lossbench.audit.cards.card import Card
from lossbench.audit.cards.sections import overview, sections
from lossbench.audit.cards.verdict import is_grave, verdict
from lossbench.plots import escape, profile
from lossbench.plots.picture import Picture

_FARTHEST = 20.0
_POINTS = 150  # of a line: as many as can be told apart
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
    return Markup(f"data:image/svg+xml;base64,{base64.b64encode(picture.svg).decode()}")  # noqa: S704 base64 holds no markup


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
