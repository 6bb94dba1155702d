"""What was trained is kept: appended in whole parts, found again by id, never trained twice.

A study's folder: `study.json` (format and name), `invocations/<id>.json` (what was typed, composed and run on),
`runs/part-<sequence>-<hash>.parquet` (a row a run) and `parameters/<run>.npz` where parameters are kept. Parts are
only ever added, under names that no two writers share, so that processes need not know of one another.
"""

import contextlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from lossbench.atomic import TEMPORARY, clear_leftovers, refused, write_whole
from lossbench.errors import BadInput, printable
from lossbench.files.json import read_json
from lossbench.files.npz import is_whole
from lossbench.planning.spec import Recording, RunSpec
from lossbench.storage.parquet_part import Origin, StoredTrace, parameters_content, part_content
from lossbench.tables import (
    FORMAT,
    INVOCATIONS,
    MANIFEST,
    OUTCOME,
    PARAMETERS,
    PARTS,
    RECORDING,
    RUN,
    Damaged,
    Gone,
    content_hash,
    each_part,
    part_files,
    read_manifest,
    read_part,
)

DAMAGED = ".damaged"


def study_folder(root: Path, study: str) -> Path:
    """The folder of a study. Raises BadInput where the study's name is not a plain folder name."""
    if re.fullmatch(r"\w[\w.+-]{0,99}", study):
        return root / study
    near = re.sub(r"[^\w.+-]+", "_", study).strip("_.+-")[:100]
    hint = f" Did you mean {near!r}?" if near else ""
    odd = " ".join(map(repr, dict.fromkeys(re.findall(r"[^\w.+-]", study))))
    reason = f" Not possible in it: {odd}." if odd else ""
    raise BadInput(
        f"The study's name is {study!r}, which is not a plain folder name.{reason}{hint} "
        "Up to 100 letters, digits, '_', '-', '+' and '.' are possible, the first a letter, a digit or '_'."
    )


def missing(folder: Path, plan_runs: Sequence[RunSpec], recording: Recording) -> list[RunSpec]:
    """The runs, each once and in the order asked, that the study does not hold under this recording.

    Where a run is stored more than once its last row decides, as it does for readers. Where parameters are to be kept, those
    of a finished run must be there too; a diverged one has none. A damaged part is set aside as `<name>.damaged`, told on
    stderr, and its runs count as missing. Raises BadInput for a folder that is not a study's.
    """
    asked = {run.id: run for run in plan_runs}
    if not _is_study(folder):
        return list(asked.values())
    stored: dict[str, str | None] = {}
    wanted = recording.describe()
    for outcomes in each_part(folder, lambda path: _outcomes(path, wanted)).values():
        stored.update(outcomes)
    kept = {path.stem for path in (folder / PARAMETERS).glob("*.npz") if is_whole(path)} if recording.keep else set()

    def is_complete(run: str) -> bool:
        outcome = stored.get(run)
        parameters = () if outcome == "diverged" else (kept_name(run, word) for word in recording.keep)
        return outcome is not None and kept.issuperset(parameters)

    return [run for name, run in asked.items() if not is_complete(name)]


def kept_name(run: str, word: str) -> str:
    """The name of a run's kept parameters: its id for the final ones, id and moment, such as id-epoch-5, for others."""
    return run if word == "parameters" else f"{run}-{word.replace(':', '-')}"


def remember(folder: Path, arguments: Sequence[str], config: Any, provenance: Mapping[str, Any]) -> str:
    """Make the folder a study's, and keep what was typed (arguments), what it was composed to (config) and on what it runs.

    Returns the invocation's id, 16 hexadecimal digits of the SHA-256 of all three: the same invocation is kept once.
    Leftovers of killed writers are cleared. Raises BadInput or Failure where the folder is foreign or cannot be written.
    """
    if not _is_study(folder):
        write_whole(folder / MANIFEST, _json({"format": FORMAT, "name": folder.name}))
    for subfolder in (folder, folder / PARTS, folder / PARAMETERS, folder / INVOCATIONS):
        clear_leftovers(subfolder)
    return _kept_invocation(folder, {"words": list(arguments), "config": config, "provenance": provenance})


def remember_elsewhere(folder: Path, invocation: str, provenance: Mapping[str, Any]) -> str:
    """Keep that some of an invocation's runs were trained on other ground, as an invocation beside it; returns that one's id.

    Raises BadInput or Failure where the folder cannot be read or written.
    """
    return _kept_invocation(folder, read_json(folder / INVOCATIONS / f"{invocation}.json") | {"provenance": provenance})


def _kept_invocation(folder: Path, invocation: Mapping[str, Any]) -> str:
    content = _json(invocation)
    name = content_hash(content)
    path = folder / INVOCATIONS / f"{name}.json"
    if not path.exists():
        write_whole(path, content)
    return name


def forget(folder: Path, invocation: str) -> None:
    """Undo `remember` where nothing was stored: a run that was refused leaves no study behind. Never raises."""
    with contextlib.suppress(OSError):  # another process stores something just now, or took the folder away
        kept = {path.name for path in (folder / INVOCATIONS).iterdir()}
        if {path.name for path in folder.iterdir()} != {MANIFEST, INVOCATIONS} or kept != {f"{invocation}.json"}:
            return
        (folder / INVOCATIONS / f"{invocation}.json").unlink()
        (folder / INVOCATIONS).rmdir()
        (folder / MANIFEST).unlink()
        folder.rmdir()


def append(folder: Path, traces: Sequence[StoredTrace], origin: Origin) -> Path:
    """Store traces as one part, their kept parameters first; all of the part is there afterwards, or nothing of it.

    Parameters go to `parameters/<run>.npz` as plain arrays weight_1 (out, in), bias_1 (out, 1), weight_2, …, and those of a
    moment to `parameters/<run>-<moment>.npz`, such as <run>-epoch-5.npz. Raises Failure where the disk is full, BadInput where
    the folder cannot be written to.
    """
    return write(folder, written(traces, origin))


@dataclass(frozen=True, kw_only=True)
class Written:
    """Traces as the bytes that are stored of them: one part, and the parameters that are kept, by the names of their files."""

    part: bytes
    parameters: dict[str, bytes]


def written(traces: Sequence[StoredTrace], origin: Origin) -> Written:
    """What `append` stores of the traces, before it is in a folder."""
    kept = {trace.run.id: parameters_content(trace.parameters) for trace in traces if trace.parameters is not None}
    for trace in traces:
        kept |= {kept_name(trace.run.id, word): parameters_content(moment) for word, moment in trace.moments.items()}
    return Written(part=part_content(traces, origin), parameters=kept)


def write(folder: Path, content: Written) -> Path:
    """Store what `written` made, here or on another machine, as `append` does."""
    for name, parameters in content.parameters.items():
        write_whole(folder / PARAMETERS / f"{name}.npz", parameters)
    path = folder / PARTS / f"part-{_next(folder):08d}-{content_hash(content.part)}.parquet"
    write_whole(path, content.part)
    return path


def _is_study(folder: Path) -> bool:
    """Whether the folder is a study's; False where there is nothing yet, BadInput where it belongs to something else."""
    try:
        entries = sorted(path.name for path in folder.iterdir() if not path.name.endswith(TEMPORARY))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise refused(error, folder) from error
    # Looked for after the listing: a process that is just making the study writes its manifest first.
    if (folder / MANIFEST).is_file():
        read_manifest(folder)
        return True
    if entries:
        raise BadInput(
            f"{folder} is not empty and no lossbench study: it holds {entries[0]!r} and no {MANIFEST}. "
            "Nothing in it was touched. Choose another name with study=NAME, or another folder for results."
        )
    return False


def _outcomes(path: Path, recording: str) -> dict[str, str | None]:
    """How each run of a part ended, None where it was recorded otherwise; {} for a part that had to be set aside.

    The whole part is read, so that what a report would refuse is set aside here.
    """
    try:
        table = read_part(path)
    except Damaged as error:
        _set_aside(path, error)
        raise Gone(str(error)) from error
    same, diverged = pc.equal(table[RECORDING], recording).to_pylist(), pc.equal(table[OUTCOME], "diverged").to_pylist()
    ends = ("diverged" if bad else "finished" for bad in diverged)
    return {run: end if under else None for run, under, end in zip(table[RUN].to_pylist(), same, ends, strict=True)}


def _set_aside(path: Path, error: Damaged) -> None:
    aside = path.with_name(path.name + DAMAGED)
    try:
        path.replace(aside)
    except FileNotFoundError:
        return  # another process set it aside first
    except OSError as refusal:
        raise refused(refusal, path) from refusal
    sys.stderr.write(f"{printable(str(error.args[0]))} It is now {aside.name}, and its runs count as missing.\n")


def _next(folder: Path) -> int:
    numbers = [re.match(r"part-(\d{8})-", path.name) for path in part_files(folder)]
    return 1 + max((int(number[1]) for number in numbers if number), default=0)


def _json(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    return f"{text}\n".encode(errors="backslashreplace")
