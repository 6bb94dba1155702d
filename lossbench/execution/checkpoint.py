"""Long cohorts in progress: a study's folder `checkpoints/<hash>.npz` holds what a cohort's training has come to."""

import contextlib
import hashlib
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lossbench.atomic import write_whole
from lossbench.errors import BadInput, Failure
from lossbench.files.npz import read_npz
from lossbench.planning.spec import Cohort, Recording, RunSpec

CHECKPOINTS = "checkpoints"
SECONDS = 60.0  # between two of a cohort
RUNS = "runs"  # the array that names a checkpoint's runs, in the cohort's order
HASH = "content_hash"  # the array that holds the SHA-256 of all others, so that an edited checkpoint is not gone on from
DAMAGED = ".damaged"
ATTEMPTS = 100  # to write into a folder that is just being removed: one is nearly always enough
Arrays = Mapping[str, np.ndarray[tuple[int, ...], np.dtype[Any]]]


@dataclass(frozen=True)
class CohortFile:
    """The checkpoint of one cohort, as the engine asks for it."""

    path: Path
    runs: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """How long to train between two checkpoints."""
        return SECONDS

    def load(self) -> Arrays | None:
        """What was saved last; None where nothing was, or where it cannot be read."""
        return _read(self.path)

    def save(self, arrays: Arrays) -> None:
        """Keep this instead, whole or not at all."""
        content = io.BytesIO()
        kept = {RUNS: np.array(self.runs), **arrays}
        np.savez(content, allow_pickle=False, **{HASH: np.array(_hash(kept))}, **kept)
        _write_whole(self.path, content.getvalue())

    def discard(self) -> None:
        """Remove it, for its runs are stored; and its folder, where it was the last."""
        self.path.unlink(missing_ok=True)
        # Not asked first whether the folder is empty or there: another cohort may end, or begin, in between.
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file whose folder another cohort may remove at any moment, when it discards the last checkpoint there."""
    for _ in range(ATTEMPTS):
        try:
            return write_whole(path, content)
        except (BadInput, Failure) as error:
            if not isinstance(error.__cause__, FileNotFoundError | FileExistsError):
                raise
    return write_whole(path, content)


def cohort_file(folder: Path, cohort: Cohort) -> CohortFile:
    """Where the cohort's checkpoint is: by its runs and recording, and by torch's version, whose bits may differ."""
    runs = tuple(run.id for run in cohort.runs)
    key = json.dumps([runs, cohort.recording.describe(), torch.__version__])
    return CohortFile(folder / CHECKPOINTS / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz", runs)


def resumable_cohorts(folder: Path, runs: Sequence[RunSpec], recording: Recording) -> Iterator[Cohort]:
    """The cohorts, among runs still to be trained, that a checkpoint lets go on."""
    waiting = {run.id: run for run in runs}
    for path in sorted((folder / CHECKPOINTS).glob("*.npz")):
        ids = [str(run) for run in (_read(path) or {}).get(RUNS, ())]
        if ids and waiting.keys() >= set(ids):
            cohort = Cohort(runs=tuple(waiting[run] for run in ids), recording=recording)
            if cohort_file(folder, cohort).path == path:
                yield cohort
                waiting = {run: spec for run, spec in waiting.items() if run not in ids}


def _read(path: Path) -> Arrays | None:
    """A checkpoint's arrays; None where there is none. One that is damaged or was edited is set aside, told on stderr."""
    if not path.is_file():
        return None
    try:
        arrays = read_npz(path)
    except BadInput as error:
        _set_aside(path, str(error))
        return None
    stored = arrays.pop(HASH, None)
    if stored is None or str(stored) != _hash(arrays):
        _set_aside(path, f"{path} is damaged: its arrays are not those that were saved.")
        return None
    return arrays


def _set_aside(path: Path, message: str) -> None:
    aside = path.with_name(path.name + DAMAGED)
    with contextlib.suppress(OSError):  # another process set it aside first, or the folder is read-only
        path.replace(aside)
        sys.stderr.write(f"{message} It is now {aside.name}, and its cohort begins anew.\n")


def _hash(arrays: Arrays) -> str:
    """The SHA-256 of arrays: their names, types, shapes and bytes, in the order of their names."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(json.dumps([name, np.asarray(array).dtype.str, np.shape(array)]).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
