"""Faults of losses, as the audit's cards have them, with names that stay when a number in a sentence changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lossbench.audit.cards.card import Card
from lossbench.audit.cards.sections import miss_text

REASONS = {
    "declared": "What the loss declares of itself is not what is measured.",
    "numerics": "A value or a gradient is wrong where training feels it, or is another loss's than the claimed one.",
    "claim": "It does not compute the loss that it is claimed to be.",
    "sign": "It rewards mistakes.",
    "link": "A link is applied twice, or is missing.",
    "gradient": "Its gradient is not the derivative of its value.",
    "precision": "It computes with fewer digits than it is given.",
    "nondeterminism": "The same input gives different results.",
    "coupling": "An example's number depends on the other examples.",
    "mutation": "It changes its input.",
    "incomplete": "Not everything could be measured.",
}
ASKED_FOR = tuple(reason for reason in REASONS if reason != "incomplete")  # which no reason leaves out


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault: the card's name, the reason, what in the card it is about ("" for the loss itself), and a sentence."""

    loss: str
    reason: str
    about: str = ""
    sentence: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What a baseline knows it by; the sentence may name numbers that another version moves a little."""
        return self.loss, self.reason, self.about

    def __str__(self) -> str:
        return f"{self.loss}: {self.sentence}"


def faults(cards: Sequence[Card], reasons: Sequence[str]) -> list[Fault]:
    """Every fault that one of the reasons covers, card by card.

    Numerics fail where an error is felt in training (`HARM`) or where the loss is not the claimed one, not for rounding. A
    wrong sign and what could not be measured are faults whatever the reasons.
    """
    return [fault for card in cards for fault in _faults(card, reasons)]


def _faults(card: Card, reasons: Sequence[str]) -> Iterator[Fault]:
    name = card.name
    for verdict in card.disagreements if "declared" in reasons else ():
        sentence = f"{verdict.name} is declared {verdict.declared} and measured {verdict.measured}."
        yield Fault(loss=name, reason="declared", about=verdict.name, sentence=sentence)
    for row in card.numerics.accuracies if "numerics" in reasons and card.numerics is not None else ():
        about = f"{row.quantity} in {row.dtype}"
        if row.harm is not None:
            yield Fault(loss=name, reason="numerics", about=about, sentence=f"{about} is {miss_text(row.harm)}.")
    if "gradient" in reasons and card.slopes is not None and not card.slopes.right:
        yield Fault(loss=name, reason="gradient", sentence="its gradient is not the derivative of its value.")
    wanted = {*reasons, "sign", *(("claim",) if "numerics" in reasons else ())}  # a loss that rewards mistakes passes nothing
    for finding in card.findings:
        if finding.reason in wanted:
            yield Fault(loss=name, reason=finding.reason, sentence=finding.sentence)
    if not card.complete and not any(finding.reason == "sign" for finding in card.findings):
        yield Fault(loss=name, reason="incomplete", sentence="not everything could be measured.")
