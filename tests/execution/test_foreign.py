"""Executors of other packages: the page's example trains, bit for bit; one that breaks its promise is told of in a sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from lossbench.commands.cli import answer
from lossbench.tables import read_study

HOUSE = Path(__file__).parents[2]
PAGE = (HOUSE / "docs" / "clusters.md").read_text(encoding="utf-8")
WORDS = ["study=mine", "loss=ce,mse", "dataset=xor", "model=logistic", "steps=3", "batch=null", "seed=range(3)"]
GOOD = """
from concurrent.futures import Future
from lossbench.execution.job import do_job, split_of
class Mine:
    slots, job_seconds = 2, 0.0
    def __init__(self, resources, workers, progress): pass
    def __enter__(self): return self
    def __exit__(self, *error): pass
    def submit(self, job):
        done = Future()
        done.set_result(do_job(job, split_of, lambda cohort, step: None))
        return done
"""
BREACHES = {  # of a promise, by what is changed; and what is said of it
    "cannot be imported": ("class Mine:", "import nowhere\nclass Mine:", "cannot be imported: ModuleNotFoundError"),
    "no class": ("class Mine:", "Mine = 3\nclass Other:", "is no executor"),
    "without submit": ("def submit", "def begin", "is no executor"),
    "not made": ("progress): pass", "progress): 1 / 0", "cannot be made: ZeroDivisionError"),
    "no slots": ("slots, job_seconds = 2, 0.0", "slots, job_seconds = 0, 0.0", "has slots 0"),
    "odd seconds": ("job_seconds = 2, 0.0", "job_seconds = 2, 'long'", "has job_seconds 'long'"),
    "nothing returned": (
        "done.set_result(do_job(job, split_of, lambda cohort, step: None))\n        return done",
        "return None",
        "returned NoneType for a job",
    ),
    "submit raises": ("done = Future()", "raise RuntimeError('full')", "takes no job: RuntimeError full"),
    "another result": ("do_job(job, split_of, lambda cohort, step: None)", "7", "returned 7 for a job"),
    "context lost": ("return self", "return None", "'mine:Mine'|NoneType"),
}


def install(folder: Path, word: str, value: str) -> None:
    """What an installed package leaves on the path of its entry points."""
    metadata = folder / "mine-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[lossbench.executors]\n{word} = {value}\n")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(tmp_path, "mine", "mine:Mine")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    return tmp_path / "mine.py"


@pytest.mark.slow
def test_the_example_of_the_page_trains_the_same_bits(tmp_path: Path) -> None:
    (entry,) = re.findall(r'^\[project.entry-points."lossbench.executors"\]\n(\w+) = "([\w:]+)"$', PAGE, re.MULTILINE)
    (code,) = re.findall(r"^## An executor of your own$.*?^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "my_executor.py").write_text(code)
    install(tmp_path, *entry)
    program = "import sys; from lossbench.commands.cli import answer; sys.exit(answer(sys.argv[1:]))"
    environment = os.environ | {"PYTHONPATH": f"{HOUSE}{os.pathsep}{tmp_path}"}
    found = []
    for word in ("pool", "serial"):
        (tmp_path / word).mkdir()
        words = ["run", *WORDS, f"engine.executor={word}", "engine.workers=2"]
        subprocess.run([sys.executable, "-c", program, *words], check=True, cwd=tmp_path / word, env=environment)
        found.append(read_study(tmp_path / word / "results" / "mine").records.sort_values(["run", "step"], ignore_index=True))
    pd.testing.assert_frame_equal(*found, check_exact=True)


def test_an_executor_that_keeps_its_promise_trains(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package.write_text(GOOD)
    assert answer(["run", *WORDS, "engine.executor=mine"]) == 0
    assert "6 runs trained" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("breach", BREACHES)
def test_one_that_breaks_its_promise_is_refused(breach: str, package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    promised, broken, message = BREACHES[breach]
    assert promised in GOOD
    package.write_text(GOOD.replace(promised, broken))
    assert answer(["run", *WORDS, "engine.executor=mine"]) == 2
    said = capsys.readouterr().err
    assert re.search(message, said)
    assert "Traceback" not in said
    assert not Path("results/mine").exists()


@pytest.mark.slow
def test_a_job_that_fails_ends_the_sweep_and_a_word_that_nobody_brings_is_refused(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package.write_text(GOOD.replace("done.set_result(do_job", "done.set_exception(OSError('gone'))  # (do_job"))
    assert answer(["run", *WORDS, "engine.executor=mine"]) == 1
    assert "The executor 'mine' (mine:Mine) failed at a job: OSError gone" in capsys.readouterr().err
    assert answer(["run", *WORDS, "engine.executor=main"]) == 2
    assert "No executor is called 'main'. Did you mean 'mine'?" in capsys.readouterr().err
