"""Lines on stderr while something takes long: where nothing would be seen for two seconds, a line says what is being done.

Free of torch, so that a program can say that it loads torch.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

SECONDS = 2.0  # for which nobody wonders
SHARE = 0.1  # of the time that something has taken so far: a log of an hour has a hundred lines, not 1,800
LONGEST = 60.0
LOADING = "Loading PyTorch …"
_clock = {"said": 0.0}  # when the last line was said
_tasks: list[threading.Event] = []  # of which the innermost is told


@contextmanager
def told_when_slow(line: str | Callable[[], str]) -> Iterator[None]:
    """Say what is being done where nothing else is said for two seconds, then again and again, at growing distances.

    A line that is a text is followed by the time that it has taken so far. Of several tasks the innermost speaks.
    """
    with untold() as done:
        threading.Thread(target=_tell, args=(line, done), daemon=True).start()
        yield


@contextmanager
def untold() -> Iterator[threading.Event]:
    """Say nothing of what is being done, where something that moves shows it; the event is set at the end."""
    done = threading.Event()
    _tasks.append(done)
    try:
        yield done
    finally:
        done.set()
        _tasks.remove(done)


def say(line: str) -> None:
    """A plain line on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    _clock["said"] = time.monotonic()


def pause(seconds: float) -> float:
    """Seconds between two lines about what has taken so many already: two at first, then a tenth of it, a minute at most."""
    return max(SECONDS, min(SHARE * seconds, LONGEST))


def _tell(line: str | Callable[[], str], done: threading.Event) -> None:
    begun = time.monotonic()
    repeated = False
    while not done.wait(max(_due(begun) - time.monotonic(), 0.01)):
        if _tasks[-1:] != [done] or time.monotonic() < _due(begun):
            continue
        if not isinstance(line, str):
            say(line())
        else:
            say(f"{line} {timedelta(seconds=round(time.monotonic() - begun))}" if repeated else line)
        repeated = True


def _due(begun: float) -> float:
    """When the next line about what was begun at a time is to be said."""
    return max(begun, _clock["said"]) + pause(time.monotonic() - begun)
