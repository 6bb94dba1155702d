"""The tutorial runs from its first cell to its last, and shows what is stored in it."""

import importlib
import re
from pathlib import Path

import nbformat
import pytest

DOCS = Path(__file__).parents[2] / "docs"
VERDICTS = r"better than|practically the same as|not enough data"


def kinds(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """What each cell shows: tables, pictures, text."""
    return [
        [kind for output in cell.outputs for kind in (output.get("data") or {output.get("name"): ""})]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def shown_by(cell: nbformat.NotebookNode) -> str:
    """All that a cell shows as text or HTML."""
    return "".join(output.get("text", "") + "".join((output.get("data") or {}).values()) for output in cell.outputs)


def bars_of(cell: nbformat.NotebookNode) -> list[str]:
    """What the bars of a cell say at the end."""
    return re.findall('<progress value="1.000" .*<small>(.+)</small>', shown_by(cell)) if cell.cell_type == "code" else []


@pytest.mark.slow
def test_the_tutorial_runs_and_shows_what_is_stored_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    stored = nbformat.read(DOCS / "tutorial.ipynb", as_version=4)
    tutorial = importlib.import_module("notebook")
    whole = tutorial.executed(tmp_path)
    assert [bar for cell in whole.cells for bar in bars_of(cell)] == [
        *("neuron · 2/2 runs", "digits · 20/20 runs", "tumours · 150/150 runs", "own · 64/64 runs")
    ]
    executed = tutorial.cleaned(whole, tmp_path)
    assert kinds(executed) == kinds(stored)
    assert sum(map(len, kinds(stored))) > 10
    shown = [shown_by(cell) for cell in executed.cells if cell.cell_type == "code"]
    assert not [text for text in shown if str(tmp_path) in text]
    integral = next(text for text in shown if "by the integral" in text)
    assert re.findall(r"<td>([\d.]+)</td>", integral) == ["16", "16.6", "231", "230.1"]
    (verdict,) = [text for text in shown if "<svg" in text]
    assert re.search(VERDICTS, verdict, flags=re.IGNORECASE)
    assert (tmp_path / "results" / "tumours").is_dir()
