"""Programs started anew, as a user starts them: their seconds from start to end, and the peak of their own memory."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import Taken

# A child's usage as its parent sees it counts the parent's own memory at the fork, so the child reads its own.
LOSSBENCH = """
import sys
from pathlib import Path
from lossbench.commands.cli import answer
code = answer(sys.argv[1:])
status = Path("/proc/self/status")
if status.exists():
    print(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")))
sys.exit(code)
"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def lossbench(words: Sequence[str], folder: Path) -> Taken:
    """Run `lossbench` with these words in a folder."""
    seconds, said = program([sys.executable, "-c", LOSSBENCH, *words], folder)
    last = said.splitlines()[-1].split()
    return Taken(seconds=seconds, peak=float(last[1]) * 1024 if last[0] == "VmHWM:" else float("nan"))


def program(words: Sequence[str], folder: Path) -> tuple[float, str]:
    """Run a program with one thread inside; its seconds and what it printed. Raises RuntimeError with what went wrong."""
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    started = time.perf_counter()
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **ONE_THREAD, "PYTHONPATH": path}, check=False, capture_output=True, text=True
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return seconds, done.stdout
