"""The hashes by which stored things are named, so that what was changed afterwards is found out."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def content_hash(content: bytes) -> str:
    """16 hexadecimal digits of the SHA-256, by which stored things are named."""
    return hashlib.sha256(content).hexdigest()[:16]


def run_id(spec: Mapping[str, Any]) -> str:
    """The id that a run has by its spec."""
    return content_hash(json.dumps(spec, sort_keys=True, separators=(",", ":")).encode())
