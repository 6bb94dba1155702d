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

_GRACE = 2.0  # seconds that a block has to end after it was interrupted, before its process is ended
_DEAF = 20.0  # seconds that it may take, on a busy machine, until the interruption arrives
_IDLE = 3  # times the limit that a block may last where it is not the processor that it needs
_SHORTEST = 0.02
_reports: list[TextIO] = []


class TooSlow(RuntimeError):
    """The time was up before an answer came."""


def end_process_when_late(report: TextIO) -> None:
    """From now on, end this process where a block runs past its limit all the same, as in compiled code; say so in `report`."""
    _reports[:] = [report]


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the block with TooSlow after so many seconds of the processor, or three times as many in which it was free.

    So what is slow does not depend on how busy the machine is. By signal: it stops Python code and sleeps, not one long call
    into compiled code, nor code that catches the exception and goes on; `end_process_when_late` is for those. Without effect
    where there are no such signals (Windows, threads other than the main one).
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    used_before, quiet_before = time.process_time(), _quiet()

    def stop(_number: int, _frame: FrameType | None) -> None:
        left = seconds - (time.process_time() - used_before), _IDLE * seconds - (_quiet() - quiet_before)
        if min(left) < _SHORTEST:
            _end_process_in(_GRACE)
            raise TooSlow(f"no answer within {seconds:g} s")
        _arm(min(left))

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
    _end_process_in(_IDLE * seconds + _DEAF)


def _end_process_in(seconds: float) -> None:
    if _reports:
        faulthandler.dump_traceback_later(seconds, exit=True, file=_reports[0])


def _quiet() -> float:
    """Seconds on a clock that stands still while this process is ready and another has the processor, where that is known."""
    try:
        waited = int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        waited = 0.0
    return time.monotonic() - waited
