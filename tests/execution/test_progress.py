"""Progress: few lines where nobody watches, a bar that moves inside a cohort where somebody does."""

import re
import sys
import time
from dataclasses import replace
from html import unescape

import pytest

from lossbench.datasets.noisy import Noisy
from lossbench.datasets.xor import Xor
from lossbench.execution import patience, progress
from lossbench.execution.bars import NotebookBar, bar_for_display
from lossbench.execution.progress import CohortCost, Progress, label, rate
from lossbench.inits.normal import Normal
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec

GREY = "\x1b[90m"  # what rich begins the unfilled part of a bar with
LOSSES = (CrossEntropy(), CrossEntropy(), HalfSquaredError())


class Clock:
    """A clock that stands still until it is moved."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    held = Clock()
    monkeypatch.setattr(progress, "time", held)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return held


def work(steps: int, record_seconds: float = 0.0) -> CohortCost:
    one = RunSpec(loss=LOSSES[0], model=MLP(), init=Normal(), dataset=Xor(), optimizer=SGD(), data="d", seed=0, steps=steps)
    runs = tuple(replace(one, loss=loss, seed=seed) for seed, loss in enumerate(LOSSES))
    recording = Recording(schedule=RecordingSchedule(kind="linear", points=5))
    return CohortCost(cohort=Cohort(runs=runs, recording=recording), step_seconds=1.0, record_seconds=record_seconds)


def test_without_a_terminal_there_is_a_line_at_the_start_and_one_where_nothing_is_seen_for_long(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a step takes so long that nobody looks: here none does."""
    monkeypatch.setattr(patience, "SECONDS", 0.01)
    with Progress("demo", [work(100), work(100)]) as told:
        assert capsys.readouterr().err.startswith("demo: 6 runs to train, in 2 cohorts.\n")
        clock.seconds, told.steps[0] = 10.0, 40
        line = "demo · xor · mlp · cross_entropy, half_squared_error: 0/6 runs, 12 run-steps/s, 0:00:40 left"
        assert told.line() == line
        written = ""
        while f"{line}\n" not in written:  # without a line the time limit of a test ends this
            time.sleep(0.01)
            written += capsys.readouterr().err


def test_on_a_terminal_a_bar_moves_inside_a_cohort(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with Progress("demo", [work(100), work(100)]) as told:
        drawn = []
        for step in (10, 50, 90):
            clock.seconds += 1
            told.at(0, step)
            drawn.append(capsys.readouterr().err.split("\r")[-1])
        told.end(0, stored=True)
    assert all("demo · xor · mlp · cross_entropy, half_squared_error" in text for text in drawn)
    assert "30 run-steps/s 0:00:19 left" in drawn[0]
    assert "75 run-steps/s 0:00:06 left" in drawn[1]
    filled = [text.partition(GREY)[0].count("━") for text in drawn]
    assert filled == [0, 3, 5]
    assert "3/6 runs" in capsys.readouterr().err


class Notebook:
    """What IPython is to a program within a notebook's kernel: it shows bundles of formats, and updates them in place."""

    def __init__(self) -> None:
        self.kernel = object()
        self.shown: list[dict[str, str]] = []

    def get_ipython(self) -> "Notebook":
        return self

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: bool) -> "Notebook":
        assert raw
        assert display_id
        self.shown.append(bundle)
        return self

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(bundle)


def test_in_a_notebook_one_element_moves_and_at_the_end_tells_no_times(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = Notebook()
    for name in ("IPython", "IPython.display"):
        monkeypatch.setitem(sys.modules, name, notebook)
    with Progress("<demo>", [work(100), work(100)]) as told:
        clock.seconds = 1.0
        told.at(0, 50)
        told.end(0, stored=True)
        told.end(1, stored=True)
    drawn = [bundle["text/html"] for bundle in notebook.shown]
    assert [re.findall('<progress value="(.+?)" max="1"', text) for text in drawn] == [["0.000"], ["0.250"], ["1.000"]]
    texts = [unescape(re.sub("<.+?>", "", text)).strip() for text in drawn]
    assert texts[1] == "<demo> · xor · mlp · cross_entropy, half_squared_error · 0/6 runs · 150 run-steps/s · 0:00:03 left"
    assert texts[2] == "<demo> · 6/6 runs"
    assert capsys.readouterr().err == ""


def test_a_shell_of_ipython_without_a_kernel_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Notebook()
    del shell.kernel
    monkeypatch.setitem(sys.modules, "IPython", shell)
    assert not isinstance(bar_for_display(), NotebookBar)


def test_time_left_counts_what_records_take(clock: Clock) -> None:
    """Of 100 steps of one second with 5 records of 20, half are done after 40 steps and 2 records; 80 seconds took 80."""
    with Progress("demo", [work(100, record_seconds=20.0)]) as told:
        clock.seconds = 80.0
        told.at(0, 40)
        assert told.line().endswith("0:01:40 left")
    assert work(100, record_seconds=20.0).seconds(40) == 40 + 2 * 20
    assert work(100, record_seconds=20.0).seconds(100) == 100 + 4 * 20


def test_a_lost_cohort_ends_without_storing_runs() -> None:
    with Progress("demo", [work(10), work(10)]) as told:
        told.end(0, stored=False)
        assert "0/6 runs" in told.line()


def test_a_label_names_data_model_and_each_loss_once() -> None:
    cohort = work(9).cohort
    noisy = tuple(replace(run, dataset=Noisy(of=Xor(), rate=0.1)) for run in cohort.runs)
    assert label(replace(cohort, runs=noisy)) == "noisy xor · mlp · cross_entropy, half_squared_error"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (9.99, "9.99"), (999, "999"), (12345, "12.3k"), (4.56e6, "4.56M"), (7.8e9, "7.8e+03M")]
)
def test_rates_have_three_digits(value: float, text: str) -> None:
    assert rate(value) == text
