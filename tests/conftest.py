"""What holds for the whole session: one thread, seeded streams, and in CI no test that quietly does not run."""

import gc
import os
import random
import sys
from collections.abc import Generator
from typing import TypeVar

import hypothesis
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
MAY_BE_MISSING_IN_CI = ("no CUDA device", "no MNIST: LOSSBENCH_DATA is not set", "no Slurm")

hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "here")


def pytest_collection_finish() -> None:
    """What importing and collecting left behind stays to the end: no collection of garbage need look through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Each test meets the global streams in the same state, whatever ran before it."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the lines that say what takes long would stand among what a test reads."""
    monkeypatch.setattr("lossbench.execution.patience.SECONDS", 1e6)


@pytest.fixture
def tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is computed tensor by tensor, as on a graphics card, and nothing by compiled loops."""
    monkeypatch.setattr("lossbench.kernels.link_kernels.plain", lambda *_: False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _refuse_a_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _refuse_a_skip((yield))


def _refuse_a_skip(report: Report) -> Report:
    """In CI a skip is a failure, except for what a machine may lack; an expected failure is not a skip."""
    if not IN_CI or not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return report
    path, line, said = report.longrepr
    reason = said.removeprefix("Skipped: ")
    if not reason.startswith(MAY_BE_MISSING_IN_CI):
        report.outcome = "failed"
        report.longrepr = f"{path}:{line}: skipped in CI, where every test must run: {reason}"
    return report
