"""Faults that somebody has accepted, in a file beside the code: a check fails for new ones only."""

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from lossbench.atomic import write_whole
from lossbench.audit.check.faults import Fault
from lossbench.errors import BadInput
from lossbench.files.json import read_json

FORMAT = 1
LARGEST = 2**24  # bytes
KEYS = ("loss", "reason", "about")
Key = tuple[str, str, str]


def read_baseline(path: Path | None) -> frozenset[Key]:
    """The accepted faults of a file, by their keys; none for None. Raises BadInput where there is no such file."""
    if path is None:
        return frozenset()
    if not path.exists():
        raise BadInput(f"There is no baseline {path}. --write-baseline writes one: what the audit finds now counts as accepted.")
    content = read_json(path, LARGEST)
    accepted = content.get("accepted") if isinstance(content, dict) and content.get("format") == FORMAT else None
    if not isinstance(accepted, list) or not all(map(_is_entry, accepted)):
        raise BadInput(f"{path} is no baseline of format {FORMAT}. --write-baseline writes it anew.")
    return frozenset((entry["loss"], entry["reason"], entry["about"]) for entry in accepted)


def write_baseline(path: Path, faults: Iterable[Fault]) -> None:
    """Write a baseline of all these faults; the sentences are for people, and are not compared."""
    entries = [dict(zip(KEYS, fault.key, strict=True)) | {"sentence": fault.sentence} for fault in faults]
    content = {"format": FORMAT, "accepted": sorted(entries, key=lambda entry: [entry[key] for key in KEYS])}
    write_whole(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def gone(accepted: Collection[Key], faults: Iterable[Fault]) -> list[Key]:
    """The accepted faults that are no longer found, and may be taken out of the baseline."""
    return sorted(set(accepted) - {fault.key for fault in faults})


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in KEYS)
