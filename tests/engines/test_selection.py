"""Which engine trains a model, and what becomes of one that none can train."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lossbench import registry
from lossbench.config.compose import compose
from lossbench.engine.dense import DenseEngine
from lossbench.engines.selection import engine_of
from lossbench.errors import BadInput
from lossbench.execution.executor import run_plan
from lossbench.interfaces import Model
from lossbench.planning.cohorts import run_size
from lossbench.planning.plan import make_plan


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setattr(registry, "_classes", {noun: dict(classes) for noun, classes in registry._classes.items()})

    @dataclass(frozen=True, kw_only=True)
    class Tree(Model):
        """A model that is no chain of layers."""

    return Tree()


def plan(**parts: Any) -> Any:
    (point,) = compose(["dataset=xor", "batch=null", "steps=2", "engine=serial"])
    return make_plan([point | parts])


@pytest.mark.slow
def test_a_chain_of_layers_is_trained_by_the_dense_engine() -> None:
    (run,) = plan().runs
    engine = engine_of(run.model)
    assert isinstance(engine, DenseEngine)
    assert engine.size(run) == run_size(run)


@pytest.mark.slow
def test_a_model_that_no_engine_can_train_is_refused_before_anything_is_written(tree: Model, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No engine can train the model 'tree'"):
        run_plan(plan(model=tree), tmp_path, [], {})
    assert not list(tmp_path.iterdir())
