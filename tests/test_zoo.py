import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch.nn.modules.loss

from lossbench.interfaces import Loss

DOCS = Path(__file__).parents[1] / "docs"


def page_module() -> Any:
    spec = importlib.util.spec_from_file_location("zoo_page", DOCS / "zoo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGE = page_module()
ENTRIES = [*PAGE.JANOCHA_CZARNECKI, *PAGE.TORCH, *PAGE.OPTAX]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.theirs for entry in ENTRIES])
def test_a_loss_of_somebody_elses_is_here_or_the_reason_is(entry: Any) -> None:
    if entry.ours:
        loss = PAGE.built(entry)
        assert isinstance(loss, Loss)
        assert loss.on("classification" if "classification" in loss.tasks else "regression", 3).word == entry.ours.split()[0]
    assert entry.remark


def test_no_loss_of_torch_is_passed_over() -> None:
    assert set(torch.nn.modules.loss.__all__) <= {entry.theirs for entry in PAGE.TORCH}


def test_all_twelve_of_janocha_and_czarnecki_are_here() -> None:
    assert sum(bool(entry.ours) for entry in PAGE.JANOCHA_CZARNECKI) == 12


@pytest.mark.slow
def test_the_page_is_what_its_command_writes() -> None:
    assert (DOCS / "zoo.md").read_text(encoding="utf-8") == PAGE.page(), "run: python docs/zoo.py"
