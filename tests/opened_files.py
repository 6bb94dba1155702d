"""Damaged files, opened as lossbench opens them: each comes back, or is refused in a sentence; anything else is a fault.

`tests/files/test_damage.py` opens a few. By hand, from the folder of tests, `python -m opened_files 10000` opens as many as one
likes, and prints what it counted.
"""

import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
from damaged_files import KINDS, LAYERS, RECORDING, damage, runs, write_folder

from lossbench.analysis.curves import read_curves
from lossbench.analysis.results import results
from lossbench.claims.figures import read_figures
from lossbench.claims.measurement import Records
from lossbench.claims.schema import read_experiment
from lossbench.claims.text import line
from lossbench.claims.verdict import judge_all
from lossbench.config.compose import compose
from lossbench.datasets.table import Table
from lossbench.errors import BadInput, Failure
from lossbench.execution.checkpoint import resumable_cohorts
from lossbench.execution.verification import _elsewhere, _recording, _rows, refuse_missing_plugins
from lossbench.files.json import parse_json
from lossbench.files.npz import is_whole, read_npz
from lossbench.inits.given import File
from lossbench.planning.plan import make_plan, stored_run
from lossbench.report.invocations import fingerprints, invocations
from lossbench.storage.store import missing
from lossbench.tables import read_invocation, read_study

SECONDS = 20  # of computing, in which every file is read or refused
SHARES = {"part": 20, "claims": 20, "config": 2}  # of the kinds, by hand; Hydra takes its time


def open_study(folder):
    """Everything that a report reads of a study, and what `run` and `verify` read of it."""
    study = read_study(folder / "study")
    results(study)
    invocations(folder / "study", study.runs)
    fingerprints(study.runs)
    missing(folder / "study", runs(), RECORDING)
    list(resumable_cohorts(folder / "study", runs(), RECORDING))
    rows = _rows(folder / "study")
    for row in rows.values():
        refuse_missing_plugins(folder / "study", row)
        _recording(row["recording"])
    with patch("lossbench.execution.verification.provenance", lambda *_: {}):
        list(_elsewhere(folder / "study", rows.values()))
    for row in rows.values():
        stored_run(parse_json(row["spec"], "a spec"))


def open_parameters(folder):
    """Kept parameters as an initialisation reads them, and as `run` looks whether they are there."""
    missing(folder / "study", runs(), RECORDING)
    for path in (folder / "study" / "parameters").glob("*.npz"):
        File(path=str(path)).draw(LAYERS, np.random.default_rng(0))


def open_claims(folder):
    """A claims file, judged on a whole study."""
    experiment = read_experiment(folder / "claims")
    study = read_study(folder / "study")
    records = Records(runs=study.runs, curves=read_curves(study.records, study.quantities), tuning=experiment.tuning)
    for claim in judge_all(experiment, records):
        line(claim)
    read_figures(experiment)


def open_config(folder):
    """An experiment's config, composed and planned."""
    make_plan(compose(["experiment=mine"], [f"--config-dir={folder / 'conf'}"]))


def open_table(folder):
    """Somebody's tables."""
    for name in ("table.csv", "table.parquet"):
        Table(path=str(folder / name), target="kind").examples()


READERS = {
    "study": open_study, "parameters": open_parameters, "claims": open_claims, "config": open_config, "table": open_table,
}  # fmt: skip


def contradicted(folder, whole):
    """What of a study whose bytes were damaged is taken for what was stored, and is not: "" where nothing is.

    A part's name is the hash of its content, and so is an invocation's; an array has a checksum.
    """
    try:
        study, stored = read_study(folder / "study"), _stored(whole / "study")
        if not (study.runs.equals(stored.runs) and study.records.equals(stored.records)):
            return "a part"
    except BadInput:
        pass
    for path in (whole / "study" / "invocations").glob("*.json"):
        kept, before = (read_invocation(at / "study", path.stem) for at in (folder, whole))
        if kept is not None and not kept.altered and kept != before:
            return "an invocation"
    for path in (whole / "study" / "parameters").glob("*.npz"):
        damaged = folder / path.relative_to(whole)
        if is_whole(damaged) and not same(read_npz(damaged), read_npz(path)):
            return "parameters"
    return ""


@cache
def _stored(folder):
    return read_study(folder)


def same(one, other):
    """Whether two archives hold the same arrays by the same names."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def tried(kind, whole, folder, draw):
    """Damage a file of a kind in a fresh copy of a whole folder, and open it: "read", "refused", or the fault."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    harm = damage(kind, folder, draw)
    if harm == "bytes" and KINDS[kind].reader in ("study", "parameters") and (silent := contradicted(folder, whole)):
        return f"{silent} was accepted in silence"
    try:
        READERS[KINDS[kind].reader](folder)
    except (BadInput, Failure) as error:
        return "refused" if str(error).strip() and len(str(error)) < 5000 else f"an error of {len(str(error))} characters"
    except (Exception, SystemExit) as error:  # noqa: BLE001 whatever it is, it is the fault that is looked for
        return f"{type(error).__name__}: {error}\n{''.join(traceback.format_tb(error.__traceback__)[-6:])}"
    return "read"


def _too_long(*_):
    raise TimeoutError(f"{SECONDS} s are over")


def main(count, first):
    """Open so many damaged files, the seeds from `first` on, and print how many of each kind came to what."""
    signal.signal(signal.SIGPROF, _too_long)
    counts, faults, started = Counter(), Counter(), time.perf_counter()
    with TemporaryDirectory() as place:
        write_folder(Path(place, "whole"))
        for seed in range(first, first + count):
            kind = Random(seed).choices(list(KINDS), [SHARES.get(kind, 10) for kind in KINDS])[0]
            signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of this process's own work: the machine may have other things to do
            outcome = tried(kind, Path(place, "whole"), Path(place, "damaged"), Random(seed))
            signal.setitimer(signal.ITIMER_PROF, 0)
            counts[kind, outcome if outcome in ("read", "refused") else "FAULT"] += 1
            if outcome not in ("read", "refused"):
                faults[outcome[-300:]] += 1
                if faults[outcome[-300:]] == 1:
                    sys.stdout.write(f"--- {kind}, seed {seed}: {outcome}\n")
    for (kind, outcome), times in sorted(counts.items()):
        sys.stdout.write(f"{kind:15} {outcome:8} {times:,}\n")
    sys.stdout.write(f"{sum(faults.values())} faults in {count:,} files, {time.perf_counter() - started:.0f} s\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
