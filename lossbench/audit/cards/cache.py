"""Cards that were made before, found again by the content of everything that they depend on."""

import json
import os
from pathlib import Path

from lossbench.atomic import write_whole
from lossbench.audit.cards.card import Card, from_plain, to_plain
from lossbench.errors import BadInput, Failure


def folder() -> Path:
    """Where cards are kept: LOSSBENCH_CACHE, else the user's cache folder."""
    chosen = os.environ.get("LOSSBENCH_CACHE")
    if chosen:
        return Path(chosen) / "audit"
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "lossbench" / "audit"


def recall(key: str) -> Card | None:
    """The card of a key; None where there is none that can be read."""
    try:
        return from_plain(json.loads((folder() / f"{key}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(key: str, card: Card) -> None:
    """Keep a card that was measured in full. A folder that cannot be written to costs the next audit time and nothing else."""
    if not card.complete:
        return
    try:
        write_whole(folder() / f"{key}.json", json.dumps(to_plain(card)).encode())
    except (BadInput, Failure):
        return
