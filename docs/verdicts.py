"""The verdicts' page: `python docs/verdicts.py` writes docs/verdicts.md from claims and stored results. It trains nothing."""

from collections import Counter
from pathlib import Path

from lossbench.analysis.curves import read_curves
from lossbench.claims.experiments import experiments, find_experiment
from lossbench.claims.measurement import Records
from lossbench.claims.schema import VERDICTS, Experiment
from lossbench.claims.text import Line, line
from lossbench.claims.verdict import Judgement, Unjudged, judge_all
from lossbench.errors import BadInput
from lossbench.report.page import plain
from lossbench.tables import read_study

PAGE = Path(__file__).with_suffix(".md")
RESULTS = Path(__file__).parents[1] / "results"
HEAD = """\
# What was published, and what we found

*Written by `python docs/verdicts.py` from stored results. `lossbench reproduce --all` trains what is missing and judges anew.*

A published number **holds** where what we measured lies within the tolerance of it. It is **within scatter** where it lies
beyond, but where our own seeds lie: chance alone could make the difference, and nothing is claimed. Else it **differs**. A
bound holds where our whole interval keeps to it, a range where its middle does. There is **no power** where a difference
that would matter could hardly have been seen: its chance, which stands beside the verdict, is below 80 %. Measured values
are medians over seeds with 95 % intervals unless the claim says otherwise. Each experiment's README tells the protocol, what
was expected before the run, and why a number differs. [How claims are written](claims.md)
"""


def judged(name: str) -> tuple[Experiment, list[Judgement | Unjudged]]:
    """An experiment and its claims, judged by what is stored; none where nothing is."""
    experiment = find_experiment(name)
    try:
        study = read_study(RESULTS / name)
    except BadInput:
        return experiment, []
    return experiment, judge_all(
        experiment, Records(runs=study.runs, curves=read_curves(study.records, study.quantities), tuning=experiment.tuning)
    )


def summary(found: dict[str, tuple[Experiment, list[Judgement | Unjudged]]]) -> list[str]:
    """A table of all experiments."""
    rows = []
    for name, (experiment, claims) in found.items():
        counted = Counter(line(claim).verdict for claim in claims)
        numbers = " | ".join(str(counted[verdict] or "–") for verdict in VERDICTS)
        rows.append(f"| [{name}](#{name}) | {plain(experiment.title)} | {numbers} |")
    return [f"| experiment | | {' | '.join(VERDICTS)} |", f"| --- | --- |{' --- |' * len(VERDICTS)}", *rows, ""]


def section(name: str, experiment: Experiment, lines: list[Line]) -> list[str]:
    """One experiment's claims."""
    rows = [f"| {' | '.join(map(plain, cells(told)))} |" for told in lines]
    head = ["| claim | source | published | measured | tolerance | verdict |", "| --- | --- | --- | --- | --- | --- |"]
    links = f"[Why, and what was expected](../experiments/{name}/README.md) · [the report](../results/{name}/report.md)"
    return [
        f"## {name}",
        "",
        f"{plain(experiment.title)}. {links}",
        "",
        *(head + rows if rows else ["No results are stored."]),
        "",
    ]


def cells(told: Line) -> list[str]:
    claim = f"{told.claim}: {told.row}" if told.row else told.claim
    measured = f"{told.measured} ({told.interval})" if told.interval else told.measured
    verdict = f"{told.verdict} ({told.power})" if told.power else told.verdict
    return [claim, told.source, told.published, measured, told.tolerance, verdict]


def page() -> str:
    """The page in Markdown."""
    found = {name: judged(name) for name in experiments()}
    parts = [part for name, (one, claims) in found.items() for part in section(name, one, [line(claim) for claim in claims])]
    return "\n".join([HEAD, *summary(found), *parts])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
