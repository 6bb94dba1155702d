"""Kept invocations: what was typed, what it was composed to, and on what it ran; read without believing their form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lossbench.errors import BadInput
from lossbench.files.json import LARGEST, parse_json
from lossbench.files.regular import read_bytes
from lossbench.tables.columns import INVOCATIONS
from lossbench.tables.hashes import content_hash


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One command. `altered` says that the file's content is not the one that it is named by."""

    overrides: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    altered: bool = False


def read_invocation(folder: Path, name: str) -> Invocation | None:
    """The invocation of a study by its id; None where it was not kept, or is none. What in it has another type is left out."""
    if not re.fullmatch(r"\w{1,64}", name):  # an id names a file, and must lead nowhere else
        return None
    path = folder / INVOCATIONS / f"{name}.json"
    try:
        written = read_bytes(path, LARGEST)
        content = parse_json(written, str(path))
    except BadInput:
        return None
    if not isinstance(content, dict):
        return None
    overrides = content.get("words")
    return Invocation(
        overrides=tuple(map(str, overrides)) if isinstance(overrides, list) else (),
        config=_mapping(content.get("config")),
        provenance=_mapping(content.get("provenance")),
        altered=re.fullmatch(r"[0-9a-f]{16}", name) is not None and content_hash(written) != name,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
