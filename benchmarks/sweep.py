"""A sweep from the command line, everything included: start, composition, training, records on disk."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks.command import lossbench, program
from benchmarks.contest import Contest, Contestant, Disagreement, Goal, Taken, times_slower
from benchmarks.lesson import DIGITS
from benchmarks.training import OURS, WORKERS
from lossbench.tables import TRAIN, read_study

HYDRA = "Hydra, eager PyTorch"
STEPS, SEEDS = 2000, 25
FEW, MORE = 4, 24  # runs that the rival is timed with
RUNS = 2 * len(DIGITS.rates) * SEEDS
TOLERANCE = 1e-3
JOBLIB = find_spec("hydra_plugins") is not None and find_spec("hydra_plugins.hydra_joblib_launcher") is not None
NOTE = (
    f"Hydra's joblib launcher, {WORKERS} processes"
    if JOBLIB
    else f"Hydra's basic launcher, its time divided by {WORKERS} for want of the joblib launcher, which is not installed"
)


def sweep() -> Contest:
    """1,000 runs of 2,000 steps on digits."""
    return Contest(
        title=f"A sweep of {RUNS:,} runs of {STEPS:,} steps from the command line",
        text=(
            f"Digits 64-32-10, batch 32, 2 losses × {len(DIGITS.rates)} rates × {SEEDS} seeds. Everything counts: "
            "starting, composing and checking the configs, training, loss and accuracy on all training and test data and the "
            "gradients' norms at 60 moments of each run, records on disk."
        ),
        unit="s a sweep",
        scale=1,
        contestants=[
            Contestant(name=OURS, units=1, work=_ours, note="`lossbench run` with all runs", warms_up=False),
            Contestant(
                name=HYDRA,
                units=1,
                work=_theirs,
                note=f"{NOTE}; from the times of {FEW} and of {MORE} runs, by a straight line",
                warms_up=False,
            ),
        ],
        goals=[Goal(label=f"times as fast as {HYDRA}", number=times_slower(HYDRA, OURS), shown="{:.1f}×", bound=20, hoped=60)],
        check=_check,
        repetitions=3,
    )


def _ours() -> Taken:
    with TemporaryDirectory() as folder:
        return lossbench(_words(DIGITS.rates, SEEDS, STEPS), Path(folder))


def _theirs() -> Taken:
    with TemporaryDirectory() as folder:
        few, more = (_hydra(DIGITS.rates[: runs // 4], 2, STEPS, Path(folder) / str(runs)) for runs in (FEW, MORE))
    return Taken(seconds=few + (more - few) / (MORE - FEW) * (RUNS - FEW))


def _words(rates: Sequence[float], seeds: int, steps: int) -> list[str]:
    swept = ["loss=ce,mse", f"optimizer.lr={','.join(map(str, rates))}", f"seed={','.join(map(str, range(seeds)))}"]
    return ["run", "study=bench", *swept, "init=scaled_normal", f"steps={steps}", "probes=[loss,accuracy,gradient_norms]"]


def _hydra(rates: Sequence[float], seeds: int, steps: int, folder: Path) -> float:
    """Seconds of a sweep of 2 losses × rates × seeds by Hydra, its records in the folder."""
    folder.mkdir()
    launcher = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={WORKERS}"] if JOBLIB else []
    swept = [
        "loss=cross_entropy,half_squared_error",
        f"rate={','.join(map(str, rates))}",
        f"seed={','.join(map(str, range(seeds)))}",
    ]
    words = [sys.executable, "-m", "benchmarks.rivals.hydra_eager", "--multirun", *swept, f"steps={steps}", *launcher]
    seconds, _ = program([*words, "hydra.sweep.dir=."], folder)
    return seconds if JOBLIB else seconds / WORKERS


def _check() -> str:
    """The same training losses in both programs' records, over the first 20 steps of four runs."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        lossbench(_words(DIGITS.rates[-1:], 2, 20), folder)
        _hydra(DIGITS.rates[-1:], 2, 20, folder / "hydra")
        records = read_study(folder / "results" / "bench").records
        ours = np.sort([list(curve) for _, curve in records.groupby("run")[f"{TRAIN}loss"]], 0)
        theirs = np.sort([pd.read_csv(path)["train_loss"] for path in sorted((folder / "hydra").glob("*/records.csv"))], 0)
    largest = np.max(np.abs(ours / theirs - 1)) if ours.shape == theirs.shape else np.inf
    if not largest <= TOLERANCE:
        raise Disagreement(f"The records of lossbench and of {HYDRA} differ by up to {largest:.1e}, relative.")
    return f"Both record the same training losses over 20 steps of four runs; largest relative difference {largest:.0e}."
