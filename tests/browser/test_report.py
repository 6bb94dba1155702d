"""The demo's report, as its reader meets it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DEMO = ("run", "experiment=demo"), ("report", "results/demo")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that the demo's two commands leave in an empty folder."""
    folder = tmp_path_factory.mktemp("demo")
    program = Path(sys.executable).with_name("lossbench")
    for words in DEMO:
        done = subprocess.run([program, *words], cwd=folder, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return folder / "results/demo/report.html"


@pytest.mark.slow
def test_the_demo_ends_in_a_page_without_defect(page: Path, defects: Callable[[Path], list[str]]) -> None:
    assert defects(page) == []


@pytest.mark.slow
def test_the_page_stands_alone(page: Path, tmp_path: Path, defects: Callable[[Path], list[str]]) -> None:
    moved = tmp_path / "moved.html"
    moved.write_bytes(page.read_bytes())
    assert defects(moved) == []
