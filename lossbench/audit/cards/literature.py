"""Published properties of losses (literature.csv), against which cards are compared."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from math import exp, inf

from lossbench.audit.cards.card import Card


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement about a loss on a link: a quantity of its card, the number or word, and who derived it."""

    loss: str
    link: str
    quantity: str
    says: str
    source: str


def statements() -> Iterator[Statement]:
    """Every statement, in the order of the file."""
    text = (files("lossbench.audit.cards") / "literature.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield Statement(**row)


def measured_text(card: Card, quantity: str) -> str:
    """The card's value of a quantity as text, numbers to seven digits; "" where it was not measured."""
    texts = {verdict.name: verdict.measured for verdict in card.verdicts}
    if card.propriety is not None:
        texts["estimates"] = card.propriety.estimates
    if card.saturation is not None:
        texts["2ηT(8)"] = f"{card.saturation.predicted[card.saturation.starts.index(8.0)]:.7g}"
    if card.shape is not None:
        texts["largest value"] = f"{card.shape.largest_value:.7g}"
        texts["largest gradient"] = f"{card.shape.largest_gradient:.7g}"
        texts["Lipschitz constant"] = f"{card.shape.lipschitz:.7g}"
        ends = [high for _, high in card.shape.curves[0].convex]
        texts["convex up to a ="] = f"{1 / (1 + exp(-max(ends, default=inf))):.7g}"
    return texts.get(quantity, "")


def agrees(answer: str, says: str) -> bool:
    """Whether an answer is the stated one: words to the letter, numbers to 1 %."""
    try:
        return abs(float(answer) - float(says)) <= 0.01 * abs(float(says))
    except ValueError:
        return answer == says
