"""The verdict of a card in sentences: what is wrong first, then what the loss is."""

from math import inf

from lossbench.analysis import formatting
from lossbench.audit.cards.card import Card, exponent_text
from lossbench.audit.measurements.numerics import Accuracy, Numerics

GRAVE = ("sign", "link", "claim", "coupling", "nondeterminism", "mutation")  # findings that a verdict begins with
_DENIALS = {"proper": "not proper", "convex": "not convex", "calibrated for two classes": "not calibrated"}


def verdict(card: Card) -> str:
    """One or a few sentences: faults of the code, then properties, how its gradient dies, and how right its numbers are."""
    if card.refused:
        return card.refused
    faults = [finding.sentence for reason in GRAVE for finding in card.findings if finding.reason == reason]
    if card.slopes is not None and not card.slopes.right:
        faults.append("Its gradient is not the derivative of its value.")
    faults += [f"Declared and measured differ: {formatting.listed([item.name for item in card.disagreements])}."] * bool(
        card.disagreements
    )
    sentences = [*faults, *_properties(card), *_dying(card), *_numbers(card.numerics)]
    if not card.complete and not any(finding.reason == "sign" for finding in card.findings):
        sentences.append("Not everything could be measured: see the notes.")
    return " ".join(sentences)


def is_grave(card: Card) -> bool:
    """Whether a verdict begins with a fault, or the card with a refusal."""
    harmed = card.numerics is not None and any(row.harm is not None for row in card.numerics.accuracies)
    wrong = card.slopes is not None and not card.slopes.right
    return bool(card.refused or card.disagreements or harmed or wrong) or any(
        finding.reason in GRAVE for finding in card.findings
    )


def _properties(card: Card) -> list[str]:
    measured = {row.name: row.measured for row in card.verdicts}
    texts = [no.removeprefix("not ") if measured[name] == "yes" else no for name, no in _DENIALS.items() if name in measured]
    texts += ["bounded"] if measured.get("bounded") == "yes" else []
    if measured.get("strictly proper") == "yes":
        texts[0] = "strictly proper"
    return [f"It is {formatting.listed(texts)}."] if texts else []


def _dying(card: Card) -> list[str]:
    if card.saturation is None:
        return []
    tails = card.saturation.wrong
    slowest = max(tail.exponent for tail in tails)
    dead = [tail.dead_from for tail in tails if tail.dead_from is not None and tail.exponent == inf]
    if dead:
        return [f"Its gradient is exactly 0 when the output is wrong by {min(dead):.4g} or more."]
    if slowest > 0.01:
        return [f"Its gradient dies like e^(−{exponent_text(slowest)}·z) when the output is wrong by z."]
    if min(tail.exponent for tail in tails) < -0.01:
        return ["Its gradient grows exponentially with the mistake."]
    return ["Its gradient does not die when the output is wrong."]


def _numbers(numbers: Numerics | None) -> list[str]:
    if numbers is None or not numbers.accuracies:
        return []
    harmed = [row for row in numbers.accuracies if row.harm is not None]
    if harmed:
        fault_texts = formatting.listed([_fault_text(row) for row in harmed])
        return [f"Its numbers go wrong where training feels it: {fault_texts}."]
    if all(row.passes for row in numbers.accuracies):
        return [f"Its numbers are right to the bar, held against {numbers.against}."]
    return ["Its numbers lose digits next to 0 only, where training does not feel it."]


def _fault_text(row: Accuracy) -> str:
    where = f", from z = {row.harm.size:g} on" if row.harm is not None else ""
    return f"{row.quantity} in {row.dtype}{where}"
