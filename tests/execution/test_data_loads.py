"""How often a sweep loads its data."""

from pathlib import Path

import pytest

from lossbench.data import loading
from lossbench.datasets.classic import Iris
from lossbench.execution.executor import run_plan
from lossbench.inits.normal import Normal
from lossbench.interfaces import Split
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.plan import Plan
from lossbench.planning.spec import Recording, RecordingSchedule, Resources, RunSpec


@pytest.mark.slow
def test_a_data_set_is_loaded_once_from_plan_to_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    honest = Iris.load

    def counted(self: Iris) -> Split:
        called.append(self.seed)
        return honest(self)

    monkeypatch.setattr(loading, "_arrays", {})
    monkeypatch.setattr(loading, "_descriptions", {})
    monkeypatch.setattr(Iris, "load", counted)
    sets = {seed: Iris(seed=seed) for seed in range(60)}
    runs = tuple(
        RunSpec(
            loss=CrossEntropy(link="softmax"),
            model=MLP(hidden=(3,)),
            init=Normal(),
            dataset=data,
            optimizer=SGD(lr=0.5),
            data=loading.describe(data).fingerprint,
            seed=seed,
            steps=2,
        )
        for seed, data in sets.items()
    )
    recording = Recording(schedule=RecordingSchedule(kind="linear", points=2), probes=("loss",))
    plan = Plan(study="study", runs=runs, recording=recording, resources=Resources(executor="serial"))
    assert run_plan(plan, tmp_path, [], None).trained == len(runs)
    assert called == list(sets)
