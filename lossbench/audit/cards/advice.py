"""Recommendations drawn from the cards of all losses: which loss for which purpose."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from lossbench.analysis import formatting
from lossbench.audit.cards.card import Card, exponent_text


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """One purpose, and sentences that name the losses which serve it and the reason."""

    purpose: str
    sentences: tuple[str, ...]


def recommendations(cards: Sequence[Card]) -> list[Recommendation]:
    """Recommendations for six purposes; incomplete cards and losses with two raw outputs a target are left out."""
    complete = [card for card in cards if card.complete and card.raw_outputs == 1]
    return [
        _probabilities(complete),
        _bad_start(complete),
        _noise(complete),
        _convexity(complete),
        _decisions(complete),
        _numbers(complete),
    ]


def is_yes(card: Card, name: str) -> bool:
    """Whether the named property was measured as "yes"."""
    return any(verdict.name == name and verdict.measured == "yes" for verdict in card.verdicts)


def slowest(card: Card) -> float:
    """The larger saturation exponent of the two wrong sides."""
    return max(tail.exponent for tail in card.saturation.wrong) if card.saturation is not None else inf


def escape_time(card: Card, start: float) -> float:
    """2ηT from one of the measured starts."""
    return card.saturation.predicted[card.saturation.starts.index(start)] if card.saturation is not None else inf


def _probabilities(cards: Sequence[Card]) -> Recommendation:
    proper = [card for card in cards if card.link != "identity" and is_yes(card, "strictly proper")]
    quick = [card for card in proper if -0.01 < slowest(card) < 0.01]
    slow = [card for card in proper if slowest(card) >= 0.01]
    wild = [card for card in proper if slowest(card) <= -0.01]
    return Recommendation(
        purpose="The output is to be a probability",
        sentences=(
            f"Strictly proper, and the gradient keeps up with the mistake: {names(quick)}.",
            f"Strictly proper, but the gradient dies on the wrong side: {names(slow)}.",
            "Both kinds estimate the same probability; the second takes exponentially longer to leave a bad start.",
            f"Strictly proper, but the gradient grows with the mistake, so that one bad example decides a step: {names(wild)}.",
        ),
    )


def _bad_start(cards: Sequence[Card]) -> Recommendation:
    dying = [card for card in cards if slowest(card) >= 0.01]
    kept = [card for card in cards if slowest(card) < 0.01]
    return Recommendation(
        purpose="Training must leave a confidently wrong start",
        sentences=(
            f"From z₀ = 10, losses whose gradient does not die (s ≤ 0) need 2ηT between {_range(kept)}.",
            f"The others need between {_range(dying)}: {names(dying)}.",
        ),
    )


def _range(cards: Sequence[Card]) -> str:
    times = [time for card in cards if (time := escape_time(card, 10.0)) == time]
    return f"{formatting.number(min(times))} and {formatting.number(max(times))}" if times else "–"


def _noise(cards: Sequence[Card]) -> Recommendation:
    tolerant = [card for card in cards if is_yes(card, "noise-tolerant")]
    others = [card for card in cards if card not in tolerant and is_yes(card, "bounded")]
    exponents = sorted({round(slowest(card), 2) for card in tolerant})
    sentences = [f"The sum over all labels is constant, which bears uniform label noise: {names(tolerant)}."]
    if exponents and exponents[0] > 0:
        exponent_texts = formatting.listed([exponent_text(exponent) for exponent in exponents])
        sentences.append(f"Not one of them keeps its gradient: the exponents are all {exponent_texts}.")
        sentences.append("What ignores a wrong label also ignores a right one about which the model is confidently wrong.")
    between = [card for card in others if 0.01 < slowest(card) < 0.99]
    sentences.append(f"Bounded, with an exponent between 0 and 1: {names(between)}.")
    return Recommendation(purpose="Some labels are wrong", sentences=tuple(sentences))


def _convexity(cards: Sequence[Card]) -> Recommendation:
    convex = [card for card in cards if is_yes(card, "convex")]
    canonical = [card for card in convex if is_yes(card, "canonical")]
    return Recommendation(
        purpose="One minimum, for a model that is linear in its parameters",
        sentences=(
            f"Convex in the raw outputs: {names(convex)}.",
            f"Of these, link and loss are canonical (dℓ/dz is a multiple of a − y) in: {names(canonical)}.",
        ),
    )


def _decisions(cards: Sequence[Card]) -> Recommendation:
    only = [card for card in cards if _propriety_field(card, "estimates") == "only which class is more probable"]
    failing = [card for card in cards if _propriety_field(card, "for_three") is False]
    return Recommendation(
        purpose="Only the decision counts",
        sentences=(
            f"These find the more probable of two classes and say nothing of how probable it is: {names(only)}.",
            f"With three classes, none of which has the majority, these can miss the most probable one: {names(failing)}.",
        ),
    )


def _numbers(cards: Sequence[Card]) -> Recommendation:
    kinds = ("the mean", "the median", "the logarithm of the mean")
    by_kind = {kind: [card for card in cards if _propriety_field(card, "on_numbers") == kind] for kind in kinds}
    between = [card for card in cards if "where the mean" in str(_propriety_field(card, "on_numbers"))]
    return Recommendation(
        purpose="The target is a number",
        sentences=(
            *(f"Least at {kind}: {names(of)}." for kind, of in by_kind.items() if of),
            f"Least elsewhere: {names(between)}.",
        ),
    )


def _propriety_field(card: Card, field: str) -> Any:
    """What was measured of what a card's loss asks for, None where nothing was."""
    return getattr(card.propriety, field, None)


def names(cards: Sequence[Card]) -> str:
    """Losses in a row, each once, with the links on which it is among them."""
    links: dict[str, list[str]] = {}
    for card in cards:
        links.setdefault(card.title, []).append(card.link)
    return formatting.listed([f"{title.replace('_', ' ')} ({', '.join(of)})" for title, of in links.items()]) or "none"
