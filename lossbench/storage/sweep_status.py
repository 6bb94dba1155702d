"""How far a sweep is, in a small file in its study's folder, so that another shell can ask while it runs and after it was killed.

`.sweeps/PID.json` is there while process PID trains, and stays where it was stopped, failed or was killed. A sweep that comes to
its end removes it, and the next sweep of the study removes what others left.
"""

import contextlib
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from lossbench.atomic import write_whole
from lossbench.errors import BadInput, Failure, printable
from lossbench.files.json import read_json

SWEEPS = ".sweeps"
TELL_SECONDS = 2.0  # between two tellings
LARGEST = 2**16  # bytes of a status
SILENT_SECONDS = 60.0  # of a sweep on another machine, after which it is taken for ended
State = Literal["running", "stopped", "failed", "killed"]


@dataclass(frozen=True, kw_only=True)
class SweepStatus:
    """A sweep as it last told of itself: of `runs` to train so many are stored, and a share of the work, 0 to 1, is done.

    `started` and `updated` are seconds since the epoch. `born` tells the process from a later one of the same number.
    """

    pid: int
    host: str
    born: str
    invocation: str
    runs: int
    started: float
    updated: float
    stored: int = 0
    share: float = 0.0
    now: str = ""
    state: State = "running"
    message: str = ""

    @property
    def seconds_left(self) -> float | None:
        """What the rest will take at the pace so far; None before there is one."""
        return (self.updated - self.started) * (1 - self.share) / self.share if self.share > 0 else None


class StatusFile:
    """The file in which this process tells how far its sweep is. A disk that refuses it stops no training."""

    def __init__(self, folder: Path, invocation: str, runs: int) -> None:
        pid, now = os.getpid(), time.time()
        host, born = platform.node(), _born(pid)
        self._folder = folder
        self._status = SweepStatus(pid=pid, host=host, born=born, invocation=invocation, runs=runs, started=now, updated=now)

    def begin(self) -> None:
        """Tell that the sweep begins, and remove what sweeps that ended otherwise have left."""
        with contextlib.suppress(OSError):
            for other in read_statuses(self._folder):
                if other.state != "running":
                    _path(self._folder, other).unlink(missing_ok=True)
        self._write()

    def tell(self, *, stored: int, share: float, now: str, at_once: bool = False) -> None:
        """So many runs are stored, a share of the work is done, and this is being trained; told every few seconds, or at once."""
        if at_once or time.time() - self._status.updated > TELL_SECONDS:
            self._status = replace(self._status, stored=stored, share=share, now=now, updated=time.time())
            self._write()

    def end(self, error: BaseException | None) -> None:
        """The sweep has ended, whole where there is no error. What is refused as bad input leaves nothing behind."""
        if error is None or isinstance(error, BadInput):
            with contextlib.suppress(OSError):
                _path(self._folder, self._status).unlink(missing_ok=True)
                (self._folder / SWEEPS).rmdir()  # where no other sweep tells of itself
            return
        stopped = isinstance(error, KeyboardInterrupt)
        state: State = "stopped" if stopped else "failed"
        self._status = replace(self._status, state=state, message="" if stopped else str(error), updated=time.time())
        self._write()

    def _write(self) -> None:
        with contextlib.suppress(OSError, BadInput, Failure):
            write_whole(_path(self._folder, self._status), (json.dumps(asdict(self._status)) + "\n").encode())


def read_statuses(folder: Path) -> Sequence[SweepStatus]:
    """Every sweep that a study's folder tells of, the earliest first; one whose process is gone without a word was killed."""
    known = [status for path in (folder / SWEEPS).glob("*.json") if (status := _read(path)) is not None]
    return sorted(known, key=lambda status: status.started)


def _read(path: Path) -> SweepStatus | None:
    """The status in a file; None where it is none, as where it is removed just now."""
    try:
        content = read_json(path, LARGEST)
        status = SweepStatus(**{field.name: _shown(content[field.name]) for field in fields(SweepStatus)})
        gone = status.state == "running" and not _runs(status)
    except (BadInput, OSError, KeyError, TypeError, ValueError):
        return None
    return replace(status, state="killed") if gone else status


def _shown(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


def _runs(status: SweepStatus) -> bool:
    """Whether the process of a status is there: on this machine by its number and birth, on another by having told lately."""
    if status.host != platform.node():
        return time.time() - status.updated < SILENT_SECONDS
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is there, and another user's
    return _born(status.pid) == status.born


def _born(pid: int) -> str:
    """When a process began, by the kernel's count, "zombie" where it has ended; "" where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *rest = text.rpartition(")")[2].split()
    return "zombie" if state == "Z" else rest[18]


def _path(folder: Path, status: SweepStatus) -> Path:
    return folder / SWEEPS / f"{status.pid}.json"
