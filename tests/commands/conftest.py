"""On a busy machine the lines that say what takes long would stand among what a test reads."""

import pytest


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossbench.execution.patience.SECONDS", 1e6)
