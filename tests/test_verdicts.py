"""The verdicts' page is what its command writes, and every stored verdict is the recorded one."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from lossbench.claims.experiments import experiments
from lossbench.claims.verdict import Judgement

DOCS = Path(__file__).parents[1] / "docs"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page() -> Any:
    spec = importlib.util.spec_from_file_location("verdicts_page", DOCS / "verdicts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_its_command_writes(page: Any) -> None:
    assert (DOCS / "verdicts.md").read_text(encoding="utf-8") == page.page(), "run: python docs/verdicts.py"


@pytest.mark.parametrize("name", experiments())
def test_stored_results_give_the_recorded_verdicts(page: Any, name: str) -> None:
    _, claims = page.judged(name)
    assert claims, f"results/{name} is missing"
    assert [claim for claim in claims if not isinstance(claim, Judgement)] == []
    assert [claim.claim.name for claim in claims if not claim.as_recorded] == []
