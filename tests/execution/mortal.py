"""A sweep to be interrupted, run as a program of its own: `python -c "import mortal; mortal.sweep(root, executor)"`."""

import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from lossbench.data.loading import load
from lossbench.datasets.xor import Xor
from lossbench.errors import BadInput, Failure, Stopped
from lossbench.execution.executor import run_plan
from lossbench.inits.normal import Normal
from lossbench.interfaces import Loss
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.plan import Plan
from lossbench.planning.spec import Recording, RecordingSchedule, Resources, RunSpec

STEPS = 40
SEEDS = 8


@dataclass(frozen=True, kw_only=True)
class Mortal(Loss):
    """Half squared error that takes `delay` seconds, and kills its process once while the file named by MORTAL exists."""

    link: Literal["auto", "sigmoid"] = "auto"
    delay: float = 0.0

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        marker = os.environ.get("MORTAL")
        if marker and Path(marker).exists():
            Path(marker).unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.delay)
        return HalfSquaredError(link="sigmoid").value(z, y)


def runs(delay: float) -> tuple[RunSpec, ...]:
    """Eight seeds of half squared error and of its mortal twin."""
    xor = Xor()
    one = RunSpec(
        loss=HalfSquaredError(link="sigmoid"),
        model=MLP(hidden=(3,)),
        init=Normal(),
        dataset=xor,
        optimizer=SGD(lr=0.5),
        data=load(xor).fingerprint,
        seed=0,
        steps=STEPS,
    )
    mortal = replace(one, loss=Mortal(link="sigmoid", delay=delay))
    return tuple(replace(kind, seed=seed) for kind in (one, mortal) for seed in range(SEEDS))


def plan(executor: str, delay: float = 0.0, **resources: Any) -> Plan:
    """Sixteen runs in cohorts of four."""
    recording = Recording(schedule=RecordingSchedule(kind="linear", points=5), probes=("loss",))
    named = Resources(executor=executor, workers=2, tile=4, **resources)
    return Plan(study="mortal", runs=runs(delay), recording=recording, resources=named)


def sweep(root: str, executor: str, delay: float = 0.0, **resources: Any) -> None:
    """Run the plan as the command line does: 2 for bad input, 1 for failure, 130 for Ctrl-C, and a sentence."""
    try:
        sys.stderr.write(f"{run_plan(plan(executor, delay, **resources), Path(root), ['study=mortal'], {}).sentence()}\n")
    except (BadInput, Failure) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2 if isinstance(error, BadInput) else 1)
    except Stopped as stopped:
        sys.stderr.write(f"{stopped}\n")
        sys.exit(130)
