"""What the cards of all losses come to, in sentences: which loss for which purpose, as measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from lossbench.analysis import formatting
from lossbench.audit.cards.card import Card, exponent_text


@dataclass(frozen=True, kw_only=True)
class Counsel:
    """A purpose, what serves it, and why."""

    purpose: str
    sentences: tuple[str, ...]


def counsels(cards: Sequence[Card]) -> list[Counsel]:
    """Counsel for six purposes, drawn from what the cards measured."""
    complete = [card for card in cards if card.complete and not card.paired]
    return [
        _probabilities(complete),
        _bad_start(complete),
        _noise(complete),
        _convexity(complete),
        _decisions(complete),
        _numbers(complete),
    ]


def said(card: Card, name: str) -> bool:
    """Whether a property was measured as yes."""
    return any(verdict.name == name and verdict.measured == "yes" for verdict in card.verdicts)


def slowest(card: Card) -> float:
    """The larger saturation exponent of the two wrong sides."""
    return max(tail.exponent for tail in card.saturation.wrong) if card.saturation is not None else inf


def escape_time(card: Card, start: float) -> float:
    """2ηT from one of the measured starts."""
    return card.saturation.predicted[card.saturation.starts.index(start)] if card.saturation is not None else inf


def _probabilities(cards: Sequence[Card]) -> Counsel:
    proper = [card for card in cards if card.link != "identity" and said(card, "strictly proper")]
    quick = [card for card in proper if -0.01 < slowest(card) < 0.01]
    slow = [card for card in proper if slowest(card) >= 0.01]
    wild = [card for card in proper if slowest(card) <= -0.01]
    return Counsel(
        purpose="The output is to be a probability",
        sentences=(
            f"Strictly proper, and the gradient keeps up with the mistake: {names(quick)}.",
            f"Strictly proper, but the gradient dies on the wrong side: {names(slow)}.",
            "Both kinds estimate the same probability; the second takes exponentially longer to leave a bad start.",
            f"Strictly proper, but the gradient grows with the mistake, so that one bad example decides a step: {names(wild)}.",
        ),
    )


def _bad_start(cards: Sequence[Card]) -> Counsel:
    dying = [card for card in cards if slowest(card) >= 0.01]
    kept = [card for card in cards if slowest(card) < 0.01]
    return Counsel(
        purpose="Training must leave a confidently wrong start",
        sentences=(
            f"From z₀ = 10, losses whose gradient does not die (s ≤ 0) need 2ηT between {_range(kept)}.",
            f"The others need between {_range(dying)}: {names(dying)}.",
        ),
    )


def _range(cards: Sequence[Card]) -> str:
    times = [time for card in cards if (time := escape_time(card, 10.0)) == time]
    return f"{formatting.number(min(times))} and {formatting.number(max(times))}" if times else "–"


def _noise(cards: Sequence[Card]) -> Counsel:
    tolerant = [card for card in cards if said(card, "noise-tolerant")]
    others = [card for card in cards if card not in tolerant and said(card, "bounded")]
    exponents = sorted({round(slowest(card), 2) for card in tolerant})
    sentences = [f"The sum over all labels is constant, which bears uniform label noise: {names(tolerant)}."]
    if exponents and exponents[0] > 0:
        said_exponents = formatting.listed([exponent_text(exponent) for exponent in exponents])
        sentences.append(f"Not one of them keeps its gradient: the exponents are all {said_exponents}.")
        sentences.append("What ignores a wrong label also ignores a right one about which the model is confidently wrong.")
    between = [card for card in others if 0.01 < slowest(card) < 0.99]
    sentences.append(f"Bounded, with an exponent between 0 and 1: {names(between)}.")
    return Counsel(purpose="Some labels are wrong", sentences=tuple(sentences))


def _convexity(cards: Sequence[Card]) -> Counsel:
    convex = [card for card in cards if said(card, "convex")]
    canonical = [card for card in convex if said(card, "canonical")]
    return Counsel(
        purpose="One minimum, for a model that is linear in its parameters",
        sentences=(
            f"Convex in the raw outputs: {names(convex)}.",
            f"Of these, link and loss are canonical (dℓ/dz is a multiple of a − y) in: {names(canonical)}.",
        ),
    )


def _decisions(cards: Sequence[Card]) -> Counsel:
    only = [card for card in cards if _asks(card, "estimates") == "only which class is more probable"]
    failing = [card for card in cards if _asks(card, "for_three") is False]
    return Counsel(
        purpose="Only the decision counts",
        sentences=(
            f"These find the more probable of two classes and say nothing of how probable it is: {names(only)}.",
            f"With three classes, none of which has the majority, these can miss the most probable one: {names(failing)}.",
        ),
    )


def _numbers(cards: Sequence[Card]) -> Counsel:
    kinds = ("the mean", "the median", "the logarithm of the mean")
    found = {kind: [card for card in cards if _asks(card, "on_numbers") == kind] for kind in kinds}
    between = [card for card in cards if "where the mean" in str(_asks(card, "on_numbers"))]
    return Counsel(
        purpose="The target is a number",
        sentences=(
            *(f"Least at {kind}: {names(of)}." for kind, of in found.items() if of),
            f"Least elsewhere: {names(between)}.",
        ),
    )


def _asks(card: Card, field: str) -> Any:
    """What was measured of what a card's loss asks for, None where nothing was."""
    return getattr(card.propriety, field, None)


def names(cards: Sequence[Card]) -> str:
    """Losses in a row, each once, with the links on which it is among them."""
    links: dict[str, list[str]] = {}
    for card in cards:
        links.setdefault(card.title, []).append(card.link)
    return formatting.listed([f"{title.replace('_', ' ')} ({', '.join(of)})" for title, of in links.items()]) or "none"
