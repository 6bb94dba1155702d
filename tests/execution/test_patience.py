"""What takes long is told, and what does not is not."""

import time

import pytest

from lossbench.execution import patience
from lossbench.execution.patience import told_when_slow


@pytest.mark.slow
@pytest.mark.parametrize(("takes", "told"), [(0.0, ""), (0.3, "Counting …\n")])
def test_what_takes_long_is_told(
    takes: float, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.1)
    with told_when_slow("Counting …"):
        time.sleep(takes)
    time.sleep(0.2 - takes if takes < 0.2 else 0)
    assert capsys.readouterr().err == told
