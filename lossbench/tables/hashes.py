"""The hashes by which stored things are named, so that what was changed afterwards is found out."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SEED = "seed"
COMPACT = (",", ":")  # between the items of the JSON that ids are made from, and between a key and its value


def content_hash(content: bytes) -> str:
    """16 hexadecimal digits of the SHA-256, by which stored things are named."""
    return hashlib.sha256(content).hexdigest()[:16]


def run_id(spec: Mapping[str, Any]) -> str:
    """The id that a run has by its spec."""
    return content_hash(json.dumps(spec, sort_keys=True, separators=COMPACT).encode())


def around_seed(spec: Mapping[str, Any], separators: tuple[str, str] = COMPACT) -> tuple[str, str]:
    """A spec as JSON with its keys in order, cut in two where its seed's digits stand.

    So the ids of runs that differ by seed alone cost a hash each, and no writing of JSON. The spec has keys on both sides.
    """
    sides = ({key: spec[key] for key in spec if key < SEED}, {key: spec[key] for key in spec if key > SEED})
    before, after = (json.dumps(side, sort_keys=True, separators=separators) for side in sides)
    item, colon = separators
    return f'{before[:-1]}{item}"{SEED}"{colon}', f"{item}{after[1:]}"
