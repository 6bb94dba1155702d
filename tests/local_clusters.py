"""A Dask cluster on loopback: a scheduler and workers, each a process of its own, as `dask scheduler` and `dask worker` are."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 60.0  # for a process to start on a machine that has much else to do
QUIET = {"DASK_DISTRIBUTED__DASHBOARD__LINK": "", "PYTHONWARNINGS": "ignore"}


@dataclass
class LocalCluster:
    """A scheduler on a free port, and the workers that were started for it. Their output goes to files in a folder."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start_scheduler(self) -> None:
        self.scheduler = self._start("dask_scheduler", ["--host", "127.0.0.1", "--port", str(self.port)])
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, (self.folder / "dask_scheduler.log").read_text()
            time.sleep(0.1)

    def start_worker(self) -> None:
        words = [self.address, "--nthreads", "1", "--no-nanny", "--death-timeout", "60"]
        self.workers.append(self._start("dask_worker", words))

    def stop(self) -> None:
        for process in (*self.workers, *([self.scheduler] if self.scheduler else [])):
            process.kill()
            process.wait()
        self.workers.clear()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _start(self, program: str, words: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{program}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *words, "--no-dashboard"],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=os.environ | QUIET | self.environment,
            )
