"""What is to be stored as bytes: made on one machine and written on another, the files are the same."""

from pathlib import Path
from typing import Any

import numpy as np

from lossbench.datasets.xor import Xor
from lossbench.inits.normal import Normal
from lossbench.interfaces import Dense
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Recording, RunSpec, Trace
from lossbench.storage.parquet_part import Origin
from lossbench.storage.store import append, remember, write, written


def test_what_was_written_elsewhere_is_stored_as_the_same_bytes(tmp_path: Path) -> None:
    named: dict[str, Any] = {"loss": CrossEntropy(), "model": MLP(), "init": Normal(), "dataset": Xor(), "optimizer": SGD(lr=0.1)}
    runs = [RunSpec(data="d", seed=seed, steps=9, **named) for seed in range(2)]
    layers = (Dense(np.ones((2, 2)), np.zeros((2, 1))),)
    values = {"train_loss": np.arange(2.0)}
    left: dict[str, Any] = {"outcome": "finished", "stopped": 9, "steps": (0, 9), "values": values, "parameters": layers}
    traces = [Trace(run=run, **left) for run in runs]
    kept = Recording(keep=("parameters",)).describe()
    origin = Origin(recording=kept, invocation="i", task="classification", device="cpu")
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        remember(folder, [], {}, {})
    append(folders[0], traces, origin)
    write(folders[1], written(traces, origin))
    here, there = ({file.relative_to(root): file.read_bytes() for file in root.glob("*/*")} for root in folders)
    assert here == there
    assert len(here) == 1 + 1 + 2  # the invocation, the part, and the parameters of two runs
