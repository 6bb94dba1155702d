"""Threads for what is too large for one. Where it is cut follows from its shape, so that bits do not depend on their number."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Lock, Thread

Task = Callable[[], object]


class Threads:
    """Some threads, of which this one is one; the others begin when they are first needed."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._others: list[Helper] = []

    def do(self, tasks: Sequence[Task]) -> None:
        """Do at most as many tasks as there are threads, no two of which write to the same place; return when all have ended."""
        while len(self._others) < len(tasks) - 1:
            self._others.append(Helper())
        others = self._others[: len(tasks) - 1]
        for other, task in zip(others, tasks[1:], strict=True):
            other.begin(task)
        try:
            tasks[0]()
        finally:
            for other in others:
                other.wait()

    def end(self) -> None:
        """Wait for the other threads to end."""
        for other in self._others:
            other.end()


class Helper:
    """A thread that does one task after the other. Two bare locks: an executor's futures take longer than a small product."""

    def __init__(self) -> None:
        self._task: Task | None = None
        self._error: BaseException | None = None
        self._given, self._done = Lock(), Lock()
        self._given.acquire()
        self._done.acquire()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def begin(self, task: Task) -> None:
        """Hand over a task; `wait` belongs to it."""
        self._task = task
        self._given.release()

    def wait(self) -> None:
        """Return when the task has ended, and raise what it raised."""
        self._done.acquire()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def end(self) -> None:
        """End the thread, after its task if it is at one. A task that an interrupt came before may never begin."""
        self._task = None
        with suppress(RuntimeError):  # it was told to go on, and has not yet
            self._given.release()
        self._thread.join()

    def _work(self) -> None:
        while self._given.acquire() and self._task is not None:
            try:
                self._task()
            except BaseException as error:  # noqa: BLE001  (whoever waits raises it)
                self._error = error
            self._done.release()


_lent: ContextVar[Threads] = ContextVar("lent")  # each of a program's own threads has its own


@contextmanager
def lent_threads(count: int) -> Iterator[None]:
    """While it is open, large products share so many threads, or as many as were lent before, if those are more."""
    lent = Threads(max(count, threads().count))
    before = _lent.set(lent)
    try:
        yield
    finally:
        _lent.reset(before)
        lent.end()


def threads() -> Threads:
    """The threads that are lent now."""
    return _lent.get(None) or Threads(1)
