"""The results as people and programs read them: a page in Markdown and a table in parquet."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.contest import Contest, Goal, Round
from benchmarks.profile import Profile
from benchmarks.timing import Spread, spread

PAGE, TABLE = "benchmarks.md", "benchmarks.parquet"
OPERATIONS_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Result:
    """A contest that was held: what its check found, and the rounds."""

    name: str
    contest: Contest
    agreed: str
    rounds: Sequence[Round]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """On what and how the benchmarks ran: the command, versions, threads and machine, the load when they started."""

    command: str
    provenance: Mapping[str, Any]
    load: float


def page(results: Sequence[Result], profiles: Mapping[str, Profile], where: Surroundings) -> str:
    """The whole page."""
    blocks = ["# Benchmarks", _opening(where)]
    if results:
        blocks += ["## Goals", _goals(results)]
    for result in results:
        blocks += _chapter(result)
    if profiles:
        blocks += ["## Where the time of a step goes", PROFILING]
    for title, seen in profiles.items():
        blocks += [f"### {title}", _limits(seen), _kinds(seen), _operations(seen)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def table(results: Sequence[Result], where: Surroundings) -> pd.DataFrame:
    """A row for each contest, contestant and round: seconds of one unit, the peak of memory in bytes, and the surroundings."""
    ran = {"command": where.command, "load": where.load, "provenance": json.dumps(where.provenance, sort_keys=True)}
    rows = [
        {"contest": result.name, "contestant": contestant.name, "round": number, "unit": result.contest.unit.partition(" ")[2]}
        | {"seconds": taken[contestant.name].seconds, "peak": taken[contestant.name].peak, "note": contestant.note}
        | ran
        for result in results
        for number, taken in enumerate(result.rounds, start=1)
        for contestant in result.contest.contestants
    ]
    return pd.DataFrame(rows)


def write(folder: Path, text: str, rows: pd.DataFrame) -> None:
    """Put the page and the table into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(text, encoding="utf-8")
    rows.to_parquet(folder / TABLE)


PROFILING = (
    "One tile of the sweep in one thread, the gradients' norms kept at every step, seen by Python's cProfile. Its own time "
    "weighs on cheap operations, so shares lean towards them; the times without it are given beside."
)


def _opening(where: Surroundings) -> str:
    machine, versions = where.provenance["machine"], where.provenance["versions"]
    named = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    return (
        f"Made by `{where.command}`, which writes this page and {TABLE}, every single time beside it.\n\n"
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; "
        f"load {where.load:.1f} when it started. {named}.\n\n"
        "All contestants of a contest take turns, A B C A B C …, after a first round that is thrown away. A ratio is made "
        "within a round; the table gives the median of the rounds, the least and the largest. Before anything is timed the "
        "contestants must compute the same numbers."
    )


def _goals(results: Sequence[Result]) -> str:
    rows = []
    for result in results:
        for goal in result.contest.goals:
            seen = spread([goal.number(taken) for taken in result.rounds])
            rows.append((result.contest.title, goal.label, _range(goal, seen), *_asked(goal), _verdict(goal, seen)))
    return _markdown(("work", "what", "measured", "asked for", "hoped for", "holds"), rows)


def _asked(goal: Goal) -> tuple[str, str]:
    bound = "" if goal.bound is None else f"{goal.kind} {goal.shown.format(goal.bound)}"
    return bound, "" if goal.hoped is None else goal.shown.format(goal.hoped)


def _range(goal: Goal, seen: Spread) -> str:
    least, median, most = (goal.shown.format(number) for number in seen)
    return f"**{median}** ({least} to {most})"


def _verdict(goal: Goal, seen: Spread) -> str:
    if goal.bound is None:
        return ""
    return "yes" if goal.holds(seen.median) else "**no**"


def _chapter(result: Result) -> list[str]:
    contest = result.contest
    if not contest.contestants:
        return [f"## {contest.title}", contest.text]
    rows = []
    for contestant in contest.contestants:
        times = spread([taken[contestant.name].seconds * contest.scale for taken in result.rounds])
        peak = max(taken[contestant.name].peak for taken in result.rounds)
        told = map(_number, (times.median, times.least, times.most))
        rate = _number(contest.scale / times.median) if contest.rate else ""
        rows.append((contestant.name, *told, rate, _gigabytes(peak), contestant.note))
    head = ("", f"{contest.unit}, median", "least", "most", f"{contest.rate} a second", "peak memory", "how")
    return [f"## {contest.title}", contest.text, result.agreed, _markdown(head, rows), f"Rounds: {len(result.rounds)}."]


def _limits(seen: Profile) -> str:
    shares = seen.shares()
    first, second, *_ = shares
    return (
        f"A step of {seen.runs} runs takes {_number(seen.plain * 1e6)} µs, {_number(seen.plain / seen.runs * 1e6)} µs a run-step "
        f"(under the profiler {_number(seen.profiled * 1e6)} µs). Most of it goes to {first} ({shares[first]:.0%}), then to "
        f"{second} ({shares[second]:.0%}). {_of_products(seen)}"
    )


def _of_products(seen: Profile) -> str:
    if seen.products > seen.plain:  # by themselves they are made otherwise than in the step
        return "What its matrix products take of that cannot be told apart."
    return (
        "Its matrix products, those within compiled layers timed by themselves, take "
        f"{_number(seen.products * 1e6)} µs, {seen.products / seen.plain:.0%} of the step; they run at "
        f"{seen.reached / seen.peak:.0%} of one core's peak, {seen.peak / 1e9:.0f}·10⁹ operations a second."
    )


def _kinds(seen: Profile) -> str:
    return _markdown(("kind of operation", "share"), [(kind, f"{share:.0%}") for kind, share in seen.shares().items()])


def _operations(seen: Profile) -> str:
    rows = [
        (f"`{one.name}`", one.kind, f"{one.calls:.1f}", _number(one.seconds * 1e6), f"{one.seconds / seen.profiled:.0%}")
        for one in seen.operations[:OPERATIONS_SHOWN]
    ]
    return _markdown(("operation", "kind", "calls a step", "µs a step", "share"), rows)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; columns in which nothing stands are left out."""
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    return "\n".join(_lines([head, ["---"] * len(head), *rows], kept))


def _lines(rows: Sequence[Sequence[str]], kept: Sequence[int]) -> Iterator[str]:
    for row in rows:
        yield f"| {' | '.join(row[place] for place in kept)} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _gigabytes(peak: float) -> str:
    return "" if math.isnan(peak) else f"{peak / 1e9:.2f} GB"
