"""The examples of CONTRIBUTING.md are whole files: they train, are recorded, compared and reported as ours are."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from lossbench.tables import read_study

HOUSE = Path(__file__).parents[1]
PAGE = (HOUSE / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^### An? [\w ]+: `(\w+\.py)`$.*?^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^lossbench (?:run|report) (?:[^\n\\]|\\\n)+", PAGE, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's commands, typed in a folder that holds the page's files."""
    folder = tmp_path_factory.mktemp("mine")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for command in COMMANDS:
        words = shlex.split(command.replace("\\\n", " "))[1:]
        program = "import sys; from lossbench.commands.cli import answer; sys.exit(answer(sys.argv[1:]))"
        environment = os.environ | {"PYTHONPATH": str(HOUSE)}
        line = [sys.executable, "-c", program, *words]
        done = subprocess.run(line, check=False, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return folder / "results" / "mine"


@pytest.mark.slow
def test_there_is_an_example_of_every_noun_and_all_of_them_train(study: Path) -> None:
    nouns = ("loss", "model", "init", "dataset", "optimizer", "schedule", "metric", "probe")
    assert set(FILES) == {f"my_{noun}.py" for noun in nouns}
    found = read_study(study)
    assert len(found.runs) == 6
    assert set(found.runs["outcome"]) == {"finished"}
    assert set(found.runs["schedule"]) == {"square_root"}
    last = found.records.groupby("run").last()
    assert last["test_geometric_recall"].between(0, 1).all()
    assert last["test_geometric_recall"].max() > 1 / 3  # 0 where a class is never decided for
    assert last["loudest_layer"].between(1, 3).all()


@pytest.mark.slow
def test_a_metric_of_the_page_stands_in_every_table_of_the_report(study: Path) -> None:
    tables = {path.stem: pd.read_csv(path) for path in (study / "tables").glob("*.csv")}
    told = {name for name, table in tables.items() if table.to_csv().count("geometric")}
    assert {"scoreboard", "differences", "scores"} <= told
