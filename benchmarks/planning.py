"""What a run costs beside its training: planning and storing."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.command import lossbench
from benchmarks.contest import Contest, Contestant, Goal, Round, Taken
from benchmarks.invented import A_PART, store, traces
from lossbench.config.compose import compose
from lossbench.planning.plan import make_plan
from lossbench.storage.store import missing

BOTH, MANY, FEWER = "compose, plan and store 1,000 runs", "`lossbench plan`, 100,000 runs", "`lossbench plan`, 10,000 runs"
TEXT = (
    "Runs of digits by loss, rate and seed. Planning is composing the configs from words, checking them, and asking the store "
    f"what is missing. What is stored is invented, 60 recorded steps of every quantity, {A_PART} runs a file. The command's time "
    "is from its start to its end."
)


def planning() -> Contest:
    """1,000 runs planned and stored with nothing trained; 100,000 planned."""
    invented = traces(runs=1000, moments=60)

    def plan_and_store() -> None:
        with TemporaryDirectory() as name:
            plan = make_plan(compose(_words(1000)))
            missing(Path(name) / plan.study, plan.runs, plan.recording)
            store(Path(name) / plan.study, invented)

    return Contest(
        title="Planning and storing",
        text=TEXT,
        unit="ms a run",
        scale=1e3,
        contestants=[
            Contestant(name=BOTH, units=1000, work=plan_and_store, note="in one process"),
            Contestant(name=FEWER, units=10_000, work=lambda: _planned(10_000), note="the command", warms_up=False),
            Contestant(name=MANY, units=100_000, work=lambda: _planned(100_000), note="the command", warms_up=False),
        ],
        goals=[
            Goal(label=BOTH, number=_milliseconds, shown="{:.2f} ms a run", kind="at most", bound=1, hoped=0.3),
            Goal(
                label=MANY, number=lambda taken: taken[MANY].seconds * 1e5, shown="{:.1f} s", kind="at most", bound=60, hoped=15
            ),
            Goal(
                label=f"{MANY}, peak memory",
                number=lambda taken: taken[MANY].peak / 1e9,
                shown="{:.2f} GB",
                kind="at most",
                bound=2,
            ),
            Goal(label="a run of 100,000 against a run of 10,000", number=_growth, shown="{:.2f}×", kind="at most"),
        ],
        check=lambda: "",
        repetitions=3,
    )


def _milliseconds(taken: Round) -> float:
    return taken[BOTH].seconds * 1e3


def _growth(taken: Round) -> float:
    return taken[MANY].seconds / taken[FEWER].seconds


def _words(runs: int) -> list[str]:
    """A sweep of 2 losses × 20 rates × as many seeds as it takes."""
    rates = ",".join(str(round(0.01 * 1.3**place, 4)) for place in range(20))
    return ["study=bench", "loss=ce,mse", f"optimizer.lr={rates}", f"seed=range({runs // 40})"]


def _planned(runs: int) -> Taken:
    with TemporaryDirectory() as folder:
        return lossbench(["plan", *_words(runs)], Path(folder))
