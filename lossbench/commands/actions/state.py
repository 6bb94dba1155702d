"""How far a study is: what is stored, which sweeps train into it, and what sweeps that ended early have left to do."""

import shlex
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import click

from lossbench.errors import counted, printable
from lossbench.storage.sweep_status import SweepStatus, read_statuses
from lossbench.tables import OUTCOME, RUN, Gone, each_part, read_invocation, read_manifest, read_part

ENDS = {"stopped": "was stopped", "failed": "failed", "killed": "ended without a word, so it was killed"}


def print_status(folder: Path) -> bool:
    """Print how far the study in a folder is; whether no sweep failed or was killed. Raises BadInput for no study."""
    read_manifest(folder)
    sweeps = read_statuses(folder)
    click.echo(_stored(folder))
    for sweep in sweeps:
        click.echo(printable(_running(sweep) if sweep.state == "running" else _ended(folder, sweep)))
    if not sweeps:
        click.echo("No sweep trains into it, and none was left unfinished.")
    return not any(sweep.state in ("failed", "killed") for sweep in sweeps)


def _stored(folder: Path) -> str:
    outcomes: dict[str, str] = {}
    parts = each_part(folder, _outcomes_in)
    for ended, _ in parts.values():
        outcomes |= ended
    counts = Counter(outcomes.values())
    last = f"; the last {_ago(max(written for _, written in parts.values()))}" if parts else ""
    diverged = f", {counts['diverged']:,} of them diverged" if counts["diverged"] else ""
    return f"{folder}: {counted(len(outcomes), 'run')} stored{diverged}{last}."


def _outcomes_in(path: Path) -> tuple[dict[str, str], float]:
    """How each run of a part ended, and when the part was written."""
    part = read_part(path, [RUN, OUTCOME])
    try:
        written = path.stat().st_mtime
    except FileNotFoundError as error:
        raise Gone(f"{path} was there and is gone.") from error
    return dict(zip(part[RUN].to_pylist(), part[OUTCOME].to_pylist(), strict=True)), written


def _running(sweep: SweepStatus) -> str:
    left = "not yet known" if sweep.seconds_left is None else str(timedelta(seconds=round(sweep.seconds_left)))
    where = f"process {sweep.pid} on {sweep.host}, since {time.strftime('%H:%M:%S', time.localtime(sweep.started))}"
    done = f"{sweep.stored:,} of its {counted(sweep.runs, 'run')} stored, {sweep.share:.0%} of the work done"
    heard = f"told {_ago(sweep.updated)}"
    return f"Running: {where}: {done}, time left {left} ({heard}). Now {sweep.now or 'starting'}.\nStop it: kill {sweep.pid}"


def _ended(folder: Path, sweep: SweepStatus) -> str:
    what = f"The sweep of process {sweep.pid} on {sweep.host} {ENDS[sweep.state]} {_ago(sweep.updated)}"
    lines = [f"{what}: at least {sweep.stored:,} of its {counted(sweep.runs, 'run')} are stored."]
    lines += [sweep.message] if sweep.message else []
    invocation = read_invocation(folder, sweep.invocation)
    if invocation is not None:
        lines.append(f"Continue with: {shlex.join(['lossbench', 'run', *invocation.overrides])}")
    return "\n".join(lines)


def _ago(moment: float) -> str:
    return f"{timedelta(seconds=max(0, round(time.time() - moment)))} ago"
