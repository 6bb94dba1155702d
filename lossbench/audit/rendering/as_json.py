"""Cards as JSON, for what reads them next."""

import json
import math
from collections.abc import Sequence
from typing import Any

from lossbench.audit.cards.card import Card, to_plain
from lossbench.audit.cards.verdict import verdict


def as_json(cards: Sequence[Card]) -> str:
    """Every card with its verdict, as a list. What is no number in JSON is a word: "inf", "-inf", "nan"."""
    plain = [{"name": card.name, "verdict": verdict(card), **to_plain(card)} for card in cards]
    return json.dumps(_finite(plain), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
