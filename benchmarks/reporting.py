"""The report of a large study."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.command import lossbench
from benchmarks.contest import Contest, Contestant, Goal, Taken
from benchmarks.invented import store, traces
from lossbench.planning.spec import Trace

REPORT = "`lossbench report`"
RUNS, MOMENTS = 1000, 100


def reporting() -> Contest:
    """1,000 runs with 100 recorded steps each."""
    work = partial(_reported, traces(runs=RUNS, moments=MOMENTS))
    return Contest(
        title=f"The report of {RUNS:,} runs with {MOMENTS} recorded steps",
        text="From start to end of the command: reading, statistics, figures and the page. The curves are invented.",
        unit="s a report",
        scale=1,
        contestants=[Contestant(name=REPORT, units=1, work=work, note="the command", warms_up=False)],
        goals=[
            Goal(label=REPORT, number=lambda taken: taken[REPORT].seconds, shown="{:.1f} s", kind="at most", bound=15, hoped=5),
            Goal(
                label="its peak memory", number=lambda taken: taken[REPORT].peak / 1e9, shown="{:.2f} GB", kind="at most", bound=1
            ),
        ],
        check=lambda: "",
        repetitions=3,
    )


def _reported(invented: list[Trace]) -> Taken:
    with TemporaryDirectory() as name:
        folder = Path(name) / "bench"
        store(folder, invented)
        return lossbench(["report", str(folder)], Path(name))
