"""Studies made up for the report: curves from the exact dynamics of single neurons, stored as the window asks."""

import json
import zlib
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lossbench import tables
from lossbench.analysis.presets import presets
from lossbench.report.study_report import write_report
from lossbench.tables.hashes import content_hash, run_id

TOTAL = 400
STEPS = np.unique(np.rint(np.expm1(np.linspace(0, np.log1p(TOTAL), 30))).astype(int)).tolist()
EXAMPLES = 100
FITS = ("loss", "accuracy", "log_loss", "brier")
BY_LAYER = ("gradient_norm_weights", "gradient_norm_biases", "saturated", "activation_mean", "activation_spread", "update_ratio")
GENTLE, SATURATED = presets("init")["gentle"], presets("init")["saturated"]
CE = {"word": "cross_entropy", "link": "sigmoid"}
MSE = {"word": "half_squared_error", "link": "sigmoid"}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A made-up run: its description, and curves {quantity: T values} at T steps."""

    spec: dict
    steps: list
    curves: dict
    outcome: str = "finished"
    task: str = "classification"

    def diverged(self, after: int):
        """The same run, broken off after so many records."""
        curves = {name: values[:after] for name, values in self.curves.items()}
        return replace(self, outcome="diverged", steps=self.steps[:after], curves=curves)

    def regression(self):
        """The same curves taken for those of a regression."""
        curves = {name.replace("brier", "squared_error"): values for name, values in self.curves.items()}
        return replace(
            self, task="regression", curves={n: v for n, v in curves.items() if not n.endswith(("accuracy", "log_loss"))}
        )

    def only(self, *names: str):
        """The same run with fewer probes."""
        return replace(self, curves={name: self.curves[name] for name in names})


def spec(**changed):
    """A run's description; `optimizer__lr=0.3` changes one option."""
    words = {
        "loss": CE,
        "model": {"word": "mlp", "hidden": [32], "activation": "sigmoid"},
        "init": GENTLE,
        "dataset": {"word": "digits", "seed": 0},
        "optimizer": {"word": "sgd", "lr": 0.1, "momentum": 0.0, "nesterov": False, "l2": 0.0},
        "seed": 0,
        "steps": TOTAL,
        "batch": 32,
        "order": "shuffled",
        "dtype": "float32",
    }
    for name, value in changed.items():
        noun, _, option = name.partition("__")
        words[noun] = words[noun] | {option: value} if option else value
    words["data"] = f"{zlib.crc32(json.dumps(words['dataset'], sort_keys=True).encode()):016x}"
    return words


def learn(**changed):
    """A run with the curves of 100 sigmoid neurons that start on the wrong side, far out where the start is saturated."""
    words = spec(**changed)
    squared = words["loss"]["word"] == "half_squared_error"
    z = np.random.default_rng(words["seed"]).normal(4.0 if words["init"] == SATURATED else 0.0, 1.5, EXAMPLES)
    rows, recorded = [], set(STEPS)
    for step in range(TOTAL + 1):
        a = 1 / (1 + np.exp(-z))
        error, slope = a if squared else 1 + np.exp(z), a * (1 - a)
        if step in recorded:
            rows.append(_row(z, a, error, slope, squared=squared))
        z = z - 2 * words["optimizer"]["lr"] * error * slope
    return Made(spec=words, steps=STEPS, curves={name: [row[name] for row in rows] for name in rows[0]})


def _row(z, a, error, slope, *, squared):
    fits = (0.5 * a**2 if squared else np.logaddexp(0, z), z < 0, np.logaddexp(0, z), 2 * a**2)
    row = {f"train_{name}": values.mean() for name, values in zip(FITS, fits, strict=True)}
    row |= {f"test_{name}": values[:80].mean() for name, values in zip(FITS, fits, strict=True)}
    row |= {"output_gradient": (error * slope).mean(), "output_error": error.mean(), "output_slope": slope.mean()}
    stuck = (4 * slope < 0.05).mean()
    units = dict(zip(BY_LAYER, (row["output_gradient"], row["output_gradient"] / 3, stuck, a.mean(), a.std(), 0.01), strict=True))
    row |= {tables.layer_column(name, layer): value * layer / 2 for name, value in units.items() for layer in (1, 2)}
    return {name: float(value) for name, value in row.items()}


def write(folder, runs, invocation=None):
    """Store made-up runs as a study, in the order given; a run's id comes from its description."""
    runs, kept = list(runs), json.dumps(invocation).encode()
    rows = {
        tables.RUN: [run_id(run.spec) for run in runs],
        tables.SPEC: [json.dumps(run.spec) for run in runs],
        tables.RECORDING: ["{}"] * len(runs),
        tables.INVOCATION: [content_hash(kept)] * len(runs),
        tables.TASK: [run.task for run in runs],
        tables.OUTCOME: [run.outcome for run in runs],
        tables.STOPPED: [run.steps[-1] if run.steps else 0 for run in runs],
        tables.SECONDS: [0.1] * len(runs),
        tables.DEVICE: ["cpu"] * len(runs),
        tables.STEPS: [run.steps for run in runs],
    }
    arrays = {name: pa.array(values, tables.RUN_COLUMNS[name]) for name, values in rows.items()}
    for name in sorted({name for run in runs for name in run.curves}):
        arrays[tables.CURVE + name] = pa.array([run.curves.get(name) for run in runs], pa.list_(pa.float64()))
    (folder / tables.PARTS).mkdir(parents=True)
    pq.write_table(pa.table(arrays), folder / tables.PARTS / "part-made.parquet")
    (folder / tables.MANIFEST).write_text(json.dumps({"format": tables.FORMAT, "name": folder.name}))
    if invocation is not None:
        (folder / tables.INVOCATIONS).mkdir()
        (folder / tables.INVOCATIONS / f"{content_hash(kept)}.json").write_bytes(kept)
    return folder


@pytest.fixture(scope="session", autouse=True)
def small():
    """Pictures of few pixels, which are drawn faster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossbench.plots.style.DPI", 30)
        yield


@pytest.fixture(scope="session")
def made():
    """The makers of studies, by name."""
    return SimpleNamespace(learn=learn, write=write, spec=spec, CE=CE, MSE=MSE, GENTLE=GENTLE, SATURATED=SATURATED, STEPS=STEPS)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A reported study of two losses, two starts, three rates and six seeds, in which one rate is too high for cross entropy."""
    runs = [
        learn(loss=loss, init=init, optimizer__lr=rate, seed=seed)
        for loss in (CE, MSE)
        for init in (GENTLE, SATURATED)
        for rate in (0.03, 0.3, 1.0)
        for seed in range(6)
    ]
    wild = [run.diverged(10) if run.spec["loss"] == CE and run.spec["optimizer"]["lr"] == 1.0 else run for run in runs]
    folder = write(tmp_path_factory.mktemp("studies") / "demo", wild)
    write_report(folder)
    return folder
