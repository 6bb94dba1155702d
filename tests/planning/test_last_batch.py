"""The rest of an epoch, as plans see it: steps, ids, and what is refused."""

from typing import Any

import pytest

from lossbench.data.loading import describe
from lossbench.datasets.classic import Iris
from lossbench.errors import BadInput
from lossbench.inits.uniform import Glorot
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import Logistic
from lossbench.models.feedforward import Perceptron
from lossbench.optimizers.sgd import SGD
from lossbench.planning.run_builder import Parts, RunBuilder, TrainingOptions
from lossbench.planning.spec import RunSpec
from lossbench.registry import construct
from lossbench.schedules.decays import Constant

PARTS: dict[str, Any] = {
    "dataset": Iris(), "model": Logistic(), "loss": CrossEntropy(), "init": Glorot(), "optimizer": SGD(), "schedule": Constant(),
}  # fmt: skip
OPTIONS: dict[str, Any] = {
    "seed": 0, "batch": 10, "order": "shuffled", "last_batch": "kept", "epochs": 4, "steps": None, "dtype": "float32",
    "label_noise": 0, "validation": 0, "clip_norm": None, "class_weights": None, "pos_weight": None, "weighted_mean": "examples",
}  # fmt: skip
ROWS = describe(Iris()).shape.rows


def run(**changes: Any) -> RunSpec:
    parts = {name: changes.pop(name, part) for name, part in PARTS.items()}
    return RunBuilder().run(Parts(**parts), construct(TrainingOptions, OPTIONS | changes))


def test_a_rest_that_is_kept_is_a_step_of_every_epoch_and_makes_another_run() -> None:
    assert ROWS % 10, "or there is no rest"
    assert run().steps == 4 * -(-ROWS // 10)
    assert run().describe()["last_batch"] == "kept"
    assert run(last_batch="dropped").steps == 4 * (ROWS // 10)
    assert "last_batch" not in run(last_batch="dropped").describe()


def test_where_there_is_no_rest_the_run_is_what_it_was() -> None:
    whole = next(size for size in range(2, ROWS) if ROWS % size == 0)
    for batch in (whole, None, ROWS):
        assert run(batch=batch).id == run(batch=batch, last_batch="dropped").id


def test_a_rest_that_cannot_be_kept_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="model=perceptron is a torch module, which trains on whole mini-batches only"):
        run(model=Perceptron())
    with pytest.raises(BadInput, match="Did you mean 'kept'"):
        run(last_batch="keep")
    monkeypatch.setattr(CrossEntropy, "per_example", False)
    with pytest.raises(BadInput, match="cross_entropy looks at a whole mini-batch"):
        run()
