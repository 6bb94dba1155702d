"""A sweep in a process of its own, which goes on when the shell that began it is closed."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lossbench.engines import engine_of
from lossbench.errors import Failure, counted
from lossbench.planning.plan import Plan
from lossbench.storage.store import missing, study_folder
from lossbench.storage.sweep_status import read_statuses

PROGRAM = "from lossbench.commands.cli import main; main()"
LOG = ".log"
BEGIN_SECONDS, LOOK_SECONDS = 60.0, 0.1


def detached(plan: Plan, root: Path, arguments: Sequence[str]) -> str:
    """Begin `lossbench run` with the arguments in a session of its own, and say how to look at it and how to stop it.

    What it would print goes to root/STUDY.log. Raises BadInput, before anything is begun, where the plan cannot be trained.
    """
    for model in {run.model for run in plan.runs}:
        engine_of(model)
    folder = study_folder(root, plan.study)
    todo = missing(folder, plan.runs, plan.recording)
    if not todo:
        return f"{folder}: {counted(len(plan.runs), 'run')}, all there already; nothing to train."
    log = root / f"{plan.study}{LOG}"
    root.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - this very program, with the words that it was given
            [sys.executable, "-c", PROGRAM, "run", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _await_begin(process, folder, log)
    return (
        f"Process {process.pid} trains {counted(len(todo), 'run')} into {folder}, and goes on when this shell is closed.\n"
        f"How far it is: lossbench status {folder}\n"
        f"What it says:  {log}\n"
        f"Stop it:       kill {process.pid}   (what is stored is kept; the same command goes on)"
    )


def _await_begin(process: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    """Wait until the sweep tells of itself, or has ended. Raises Failure where it ended in failure."""
    until = time.monotonic() + BEGIN_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if any(sweep.pid == process.pid for sweep in read_statuses(folder)):
            return
        time.sleep(LOOK_SECONDS)
    if process.poll():
        raise Failure(f"It ended with exit code {process.returncode}; {log} says why.")
