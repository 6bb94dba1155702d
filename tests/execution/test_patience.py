"""What takes long is told, and what does not is not."""

import time
from itertools import accumulate, takewhile

import pytest

from lossbench.execution import patience
from lossbench.execution.patience import pause, say, told_when_slow

SECONDS = patience.SECONDS  # which other tests never wait for


def wait_for(text: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What is written on stderr until the text is there; without it the time limit of a test ends this."""
    written = ""
    while text not in written:
        time.sleep(0.005)
        written += capsys.readouterr().err
    return written


def test_what_takes_long_is_told_again_and_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.02)
    with told_when_slow("Counting …"):
        written = wait_for("Counting … 0:00:00\n", capsys)
    assert written.startswith("Counting …\n")


def test_of_two_tasks_the_inner_one_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.02)
    with told_when_slow("Outer …"), told_when_slow(lambda: "Inner …"):
        time.sleep(0.02)
        assert "Outer" not in wait_for("Inner …\nInner …\n", capsys)


def test_what_is_over_soon_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    with told_when_slow("Counting …"):
        say("1, 2, 3.")
    assert capsys.readouterr().err == "1, 2, 3.\n"


def test_lines_come_every_two_seconds_at_first_and_a_hundred_in_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SECONDS", SECONDS)
    times = list(takewhile(lambda seconds: seconds < 3600, accumulate(range(1000), lambda now, _: now + pause(now), initial=0.0)))
    assert times[:11] == [*map(float, range(0, 22, 2))]
    assert 90 < len(times) < 110
