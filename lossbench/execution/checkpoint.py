"""Long cohorts in progress: a study's folder `checkpoints/<hash>.npz` holds what a cohort's training has come to."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lossbench.atomic import write_whole
from lossbench.planning.spec import Cohort, Recording, RunSpec

CHECKPOINTS = "checkpoints"
SECONDS = 60.0  # between two of a cohort
RUNS = "runs"  # the array that names a checkpoint's runs, in the cohort's order
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
        np.savez(content, allow_pickle=False, **{RUNS: np.array(self.runs)}, **arrays)
        self.path.parent.mkdir(exist_ok=True)
        write_whole(self.path, content.getvalue())

    def discard(self) -> None:
        """Remove it, for its runs are stored; and its folder, where it was the last."""
        self.path.unlink(missing_ok=True)
        if self.path.parent.is_dir() and not any(self.path.parent.iterdir()):
            self.path.parent.rmdir()


def cohort_file(folder: Path, cohort: Cohort) -> CohortFile:
    """Where the cohort's checkpoint is: by its runs and recording, and by torch's version, whose bits may differ."""
    runs = tuple(run.id for run in cohort.runs)
    key = json.dumps([runs, cohort.recording.describe(), torch.__version__])
    return CohortFile(folder / CHECKPOINTS / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz", runs)


def begun(folder: Path, runs: Sequence[RunSpec], recording: Recording) -> Iterator[Cohort]:
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
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile):
        return None
