"""Kills a worker, the scheduler or the driver of a Dask cluster at random moments, and compares what is stored in the end.

    PYTHONPATH=tests/execution python tests/kill_clusters.py --times 30 --seed 0

Each time a sweep is begun, one process of the three kinds is killed, what was killed is started again, and the same call is made
until it succeeds. The tables must be those of a sweep that nobody disturbed. One line a time; exit code 1 for a difference.
"""

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import mortal
import pandas as pd
from local_clusters import LocalCluster

from lossbench.tables import read_study

DELAY = 0.01  # seconds, of each step of half of the runs
LONGEST = 8.0  # seconds after which a sweep is over on a quiet machine
ATTEMPTS = 4  # at the same call, once the cluster is whole again
VICTIMS = ("worker", "scheduler", "driver")


def tables(root: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a study holds, less what tells one invocation from another."""
    study = read_study(root / "mortal")
    runs = study.runs.drop(columns=["seconds", "invocation"]).sort_values("run", ignore_index=True)
    return runs, study.records.sort_values(["run", "step"], ignore_index=True)


def sweep(root: Path, how: str, **resources: Any) -> multiprocessing.Process:
    """The sweep in a process that is forked off, which spares the imports; what it says goes to a file in its folder."""

    def program() -> None:
        os.chdir(Path(__file__).parent / "execution")
        os.dup2(os.open(root / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        mortal.sweep(str(root), how, DELAY, **resources)

    process = multiprocessing.get_context("fork").Process(target=program)
    process.start()
    return process


def kill(victim: str, cluster: LocalCluster, driver: multiprocessing.Process) -> None:
    """Kill one process, as a machine that fails would."""
    worker, scheduler = cluster.workers[0], cluster.scheduler
    assert scheduler
    number = {"worker": worker.pid, "scheduler": scheduler.pid, "driver": driver.pid or 0}[victim]
    os.kill(number, signal.SIGKILL)


def mend(cluster: LocalCluster) -> None:
    """Start again what is not there any more; workers end with their scheduler."""
    assert cluster.scheduler
    if cluster.scheduler.poll() is not None:
        cluster.stop()
        cluster.start_scheduler()
    cluster.workers = [worker for worker in cluster.workers if worker.poll() is None]
    while len(cluster.workers) < 2:
        cluster.start_worker()


def once(root: Path, victim: str, after: float, storage: str, cluster: LocalCluster) -> tuple[str, int]:
    """Begin, kill, mend, go on; what the driver said last when it was disturbed, and how many calls it took afterwards."""
    driver = sweep(root, "dask", address=cluster.address, storage=storage)
    time.sleep(after)
    kill(victim, cluster, driver)
    driver.join()
    said = (root / "said").read_text().splitlines()
    for attempt in range(1, ATTEMPTS + 1):
        mend(cluster)
        again = sweep(root, "dask", address=cluster.address, storage=storage)
        again.join()
        if again.exitcode == 0:
            return (said or [""])[-1], attempt
    raise SystemExit(f"{victim}: the same call failed {ATTEMPTS} times: {(root / 'said').read_text()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    draw = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "home").mkdir()
        sweep(folder / "home", "serial").join()
        expected = tables(folder / "home")
        cluster = LocalCluster(folder, {"TMPDIR": name})
        cluster.start_scheduler()
        try:
            for number in range(asked.times):
                mend(cluster)
                victim, after = VICTIMS[number % 3], draw.uniform(0, LONGEST)
                root, storage = folder / str(number), ("shared", "driver")[number // 3 % 2]
                root.mkdir()
                said, attempts = once(root, victim, after, storage, cluster)
                same = all(map(pd.DataFrame.equals, tables(root), expected))
                told = f"{victim} after {after:.2f} s, {storage}; {'same' if same else 'OTHER'}; calls {attempts}; said: {said}"
                sys.stdout.write(f"{number + 1}: {told}\n")
                sys.stdout.flush()
                if not same:
                    sys.exit(1)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
