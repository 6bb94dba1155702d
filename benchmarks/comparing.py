"""A comparison of losses on a table, from the command to the verdict and the page."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from sklearn.datasets import make_classification

from benchmarks.command import lossbench
from benchmarks.contest import Contest, Contestant, Goal, Taken

COMPARE = "`lossbench compare`"
ROWS, FEATURES = 10_000, 30
LOSSES = ("ce", "focal", "mse", "hinge", "absolute_error")
WIDE = ("--margin", "0.1")  # so that every pair has a verdict, and the exit code is 0
SETTINGS = ("--seeds", "20", "--set", "epochs=20", "--set", "model.hidden=[64]", "--metric", "accuracy", *WIDE)


def comparing() -> Contest:
    """Five losses at six rates in 20 seeds, on a table of 10,000 rows."""
    return Contest(
        title=f"Five losses compared on a table of {ROWS:,} × {FEATURES}",
        text="From start to end of the command: 600 networks of 64 hidden units, 20 epochs each, their verdicts and the page.",
        unit="s a comparison",
        scale=1,
        contestants=[Contestant(name=COMPARE, units=1, work=_compared, note="the command", warms_up=False)],
        goals=[Goal(label=COMPARE, number=lambda taken: taken[COMPARE].seconds, shown="{:.0f} s", kind="at most", bound=90)],
        check=lambda: "",
        repetitions=2,
    )


def _compared() -> Taken:
    x, y = make_classification(ROWS, FEATURES, n_informative=10, flip_y=0.05, random_state=0)
    with TemporaryDirectory() as name:
        pd.DataFrame(x, columns=[f"f{n}" for n in range(FEATURES)]).assign(y=y).to_csv(Path(name) / "table.csv", index=False)
        return lossbench(["compare", *LOSSES, "--data", "table.csv", "--target", "y", *SETTINGS], Path(name))
