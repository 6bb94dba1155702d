"""A time limit for code that may never answer."""

import faulthandler
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

_GRACE = 5.0  # seconds that a block has to end after it was interrupted, before its process is ended
_SHORTEST = 0.01
_reports: list[TextIO] = []


class TooSlow(RuntimeError):
    """The time was up before an answer came."""


def end_process_when_late(report: TextIO) -> None:
    """From now on, end this process where a block runs past its limit all the same, as in compiled code; say so in `report`."""
    _reports[:] = [report]


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the block after so many seconds with TooSlow, not counting those in which the machine was busy with others.

    By signal: it stops Python code and sleeps, not one long call into compiled code, nor code that catches the exception and
    goes on; `end_process_when_late` is for those. Without effect where there are no such signals (Windows, threads other
    than the main one).
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    started, waited = time.monotonic(), _waited()

    def stop(_number: int, _frame: FrameType | None) -> None:
        left = seconds - (time.monotonic() - started) + (_waited() - waited)
        if left < _SHORTEST:
            raise TooSlow(f"no answer within {seconds:g} s")
        _arm(left)

    previous = signal.signal(signal.SIGALRM, stop)
    _arm(seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, previous)


def _arm(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    if _reports:
        faulthandler.dump_traceback_later(seconds + _GRACE, exit=True, file=_reports[0])


def _waited() -> float:
    """The seconds that this process was ready and another had the processor; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
