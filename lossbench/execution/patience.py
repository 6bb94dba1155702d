"""A line where nothing would be seen for long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lossbench.execution.progress import say

SECONDS = 2.0  # for which nobody wonders


@contextmanager
def told_when_slow(line: str) -> Iterator[None]:
    """Say on stderr what is being done, where it takes more than two seconds."""
    timer = threading.Timer(SECONDS, say, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
