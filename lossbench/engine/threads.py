"""Threads for what is too large for one. Where it is cut follows from its shape, so that bits do not depend on their number."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

Task = Callable[[], None]


class Threads:
    """Some threads, of which this one is one; the others begin when they are first needed."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._others: ThreadPoolExecutor | None = None

    def do(self, tasks: Sequence[Task]) -> None:
        """Do all tasks, of which no two write to the same place, and return when the last has ended."""
        if self._others is None:
            self._others = ThreadPoolExecutor(max(1, self.count - 1))
        others = [self._others.submit(task) for task in tasks[1:]]
        tasks[0]()
        for other in others:
            other.result()

    def end(self) -> None:
        """Wait for the other threads to end."""
        if self._others is not None:
            self._others.shutdown()


_lent = [Threads(1)]


@contextmanager
def lent_threads(count: int) -> Iterator[None]:
    """While it is open, large products share so many threads, or as many as were lent before, if those are more."""
    _lent.append(Threads(max(count, _lent[-1].count)))
    try:
        yield
    finally:
        _lent.pop().end()


def threads() -> Threads:
    """The threads that are lent now."""
    return _lent[-1]
