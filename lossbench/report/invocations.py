"""How a study was made: commands, versions and machines, as its invocations were kept. Nothing is expected of their form."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from lossbench import tables
from lossbench.analysis import formatting

FACTS = ("commit", "device", "versions")  # that a figure for print holds
_DIGITS_OF_COMMIT = 10
_AS_BEFORE = ("trained", "with the same versions and on the same machine as the runs above")
_OBJECTS = re.compile(r"\w+=(.*,)?\{word:")  # how the Python door writes objects down


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One command, the number of runs that it left, and on what they were trained, as (name, text)."""

    command: str
    runs: int
    facts: tuple[tuple[str, str], ...]


def invocations(folder: Path, runs: pd.DataFrame) -> list[Invocation]:
    """The invocations that the study's runs come from, the one with most runs first."""
    counts = runs[tables.INVOCATION].fillna("").value_counts().to_dict()
    read = [_read(folder, str(name), int(n)) for name, n in counts.items()]
    return sorted(
        (invocation for invocation in read if invocation),
        key=lambda invocation: (-invocation.runs, invocation.command, invocation.facts),
    )


def told_once(kept: Sequence[Invocation]) -> list[Invocation]:
    """Invocations on the same ground as the one before them say so, instead of the same facts again."""
    shown = list(kept[:1])
    for before, one in pairwise(kept):
        shown.append(replace(one, facts=(_AS_BEFORE,)) if one.facts and one.facts == before.facts else one)
    return shown


def fingerprints(runs: pd.DataFrame) -> list[tuple[str, str]]:
    """Fingerprints of the examples by data set; of many, how many there are and the first."""
    marks_by_dataset = []
    for dataset, part in runs.groupby("dataset"):
        marks = sorted(part["data"].astype(str).unique())
        more = f" and {len(marks) - 1} more, as the data vary with the settings or the seed" if len(marks) > 1 else ""
        marks_by_dataset.append((str(dataset), marks[0] + more))
    return marks_by_dataset


def provenance(folder: Path, runs: pd.DataFrame) -> str:
    """On what the runs were trained: versions, commit, device and data, in a line."""
    kept = invocations(folder, runs)
    facts = [f"{name}: {text}" for name, text in kept[0].facts if name in FACTS] if kept else []
    return "; ".join([*facts, *(f"data {name}: {marks}" for name, marks in fingerprints(runs))])


def _read(folder: Path, name: str, runs: int) -> Invocation | None:
    kept = tables.read_invocation(folder, name)
    if kept is None:
        return None
    command = _command(kept.overrides) if kept.overrides else ""
    facts = [("kept", "the file was changed since: its content is not the one that it is named by")] if kept.altered else []
    return Invocation(command=command, runs=runs, facts=(*facts, *_facts(kept.provenance)))


def _command(overrides: Sequence[str]) -> str:
    """The command that makes the runs again; of objects that no command line can say, that they were made from Python."""
    if any(_OBJECTS.match(word) for word in overrides):
        return f"lossbench.run(…) in Python, with {' '.join(overrides)}"
    return shlex.join(["lossbench", "run", *overrides])


def _facts(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = [(str(name).replace("_", " "), _text(value)) for name, value in provenance.items()]
    return [(name, text) for name, text in pairs if text]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        commit = value.get("hash")
        if isinstance(commit, str):
            return commit[:_DIGITS_OF_COMMIT] + (", with changes that were not committed" if value.get("changed") else "")
        return ", ".join(f"{name} {text}" for name, item in value.items() if (text := _text(item)))
    return ", ".join(map(_text, value)) if isinstance(value, list) else formatting.spoken(value)
