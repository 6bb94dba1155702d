"""From stored records to a claim's numbers: one for every seed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lossbench import tables
from lossbench.analysis import scores
from lossbench.analysis.curves import Curves
from lossbench.analysis.labels import RATE, SEED, natural
from lossbench.analysis.presets import presets
from lossbench.analysis.selection import RateTrial, best_rate, tuning_seeds
from lossbench.analysis.statistics import Values
from lossbench.claims.formula import evaluate
from lossbench.claims.schema import Measure, Score, Tuning
from lossbench.errors import BadInput, unknown
from lossbench.tables.quantity import Better

ALONG = ("x", "y")  # what formulas call the swept columns
STAR = "*"
_IDENTITY = {*tables.RUN_COLUMNS, SEED}  # columns that tell runs apart without deciding anything


def _slope(x: Any, y: Values) -> float:
    """The slope of the straight line through the points. Raises BadInput where x holds words."""
    if x.dtype.kind not in "iuf":
        raise BadInput(f"a slope wants numbers along it; seen: {', '.join(map(str, x))}.")
    return float(np.polyfit(x.astype(float), y, 1)[0])


_ACROSS: dict[str, Callable[[Values, float], Values]] = {
    "count below": lambda values, level: (values < level).sum(axis=0).astype(float),
    "count above": lambda values, level: (values > level).sum(axis=0).astype(float),
    "smallest": lambda values, _: np.min(values, axis=0),
    "largest": lambda values, _: np.max(values, axis=0),
    "mean": lambda values, _: np.mean(values, axis=0),
    "length": lambda values, _: np.sqrt(np.square(values).sum(axis=0)),
}
_REDUCE: dict[str, Callable[[Any, Values], float]] = {
    "mean": lambda _, y: float(np.mean(y)),
    "median": lambda _, y: float(np.median(y)),
    "smallest": lambda _, y: float(np.min(y)),
    "largest": lambda _, y: float(np.max(y)),
    "slope": _slope,
}


@dataclass(frozen=True, kw_only=True)
class Records:
    """A study's runs and curves, and how its rates are tuned."""

    runs: pd.DataFrame
    curves: Curves
    tuning: Tuning | None = None


def measure(measured: Measure, records: Records) -> "pd.Series[float]":
    """The measure for every seed that all its scores have, by seed; for every block, where the measure names what these are.

    Raises BadInput where something was not recorded.
    """
    named = {score.name: score_runs(score, records, measured.along) for score in measured.scores}
    frame = pd.concat(named, axis=1, join="inner").sort_index()
    if frame.empty:
        raise BadInput("the scores have no seed in common.")
    frame = frame.reset_index()
    if measured.along is not None:
        frame = frame.join(_ends(named), on=SEED)
    value = evaluate(measured.value, frame, "value")
    if measured.along is None:
        return pd.Series(value, index=frame[SEED])
    block, other = _blocks(measured)
    return reduced(measured.reduce, pd.Series(value, index=pd.MultiIndex.from_frame(frame[[block, other]])), block)


def reduced(way: str, values: "pd.Series[float]", block: str) -> "pd.Series[float]":
    """One number for each block of values, whose index has two levels: `block`, and what is gone along."""
    along = 1 - values.index.names.index(block)
    reduce = _chosen(way, _REDUCE, "way to reduce")
    parts = values.groupby(level=block)
    numbers = [reduce(part.index.get_level_values(along).to_numpy(), part.to_numpy(float)) for _, part in parts]
    return pd.Series(numbers, index=[one for one, _ in parts])


def _blocks(measured: Measure) -> tuple[str, str]:
    """The frame's column whose values are the blocks, and the one that `reduce` goes along."""
    if measured.blocks is None:
        return SEED, ALONG[0]
    if measured.blocks != measured.along:
        raise BadInput(f"blocks is {measured.blocks!r}; it names the one column that `along` sweeps, {measured.along!r}.")
    return ALONG[0], SEED


def _ends(named: Mapping[str, "pd.Series[float]"]) -> pd.DataFrame:
    """Each score's largest and smallest value along all that it has itself, by seed."""
    grouped = {name: values.groupby(level=SEED) for name, values in named.items()}
    largest = pd.DataFrame({f"{name}_largest": each.max() for name, each in grouped.items()})
    return largest.join(pd.DataFrame({f"{name}_smallest": each.min() for name, each in grouped.items()}))


def score_runs(score: Score, records: Records, along: tuple[str, ...] | str | None = None) -> "pd.Series[float]":
    """The score of every seed (and every value of the columns `along`), one run each; rates are chosen where there are several.

    Raises BadInput where runs are missing, or where several answer for one seed.
    """
    runs = selected(records.runs, score.of)
    if along is None:
        return _by_seed(score, runs, records)
    swept = [along] if isinstance(along, str) else list(along)
    if not 1 <= len(swept) <= len(ALONG):
        raise BadInput(f"along names {len(swept)} columns; one or two are swept along.")
    for name in swept:
        if name not in runs:
            raise unknown("column", name, _spec_columns(runs))
    axes = list(ALONG[: len(swept)])
    if records.tuning is None and not runs.duplicated([SEED, *swept]).any():  # thousands of runs in one go
        index = pd.MultiIndex.from_frame(runs[[SEED, *swept]], names=[SEED, *axes])
        return pd.Series(_run_scores(score, runs, records), index=index).sort_index()
    parts = {values: _by_seed(score, part, records) for values, part in runs.groupby(swept)}
    return pd.concat(parts, names=[*axes, SEED]).reorder_levels([len(axes), *range(len(axes))])


def selected(runs: pd.DataFrame, of: Mapping[str, Any]) -> pd.DataFrame:
    """The runs that have each of the named columns at the value, or at one of the values, given. Raises BadInput for none."""
    for name, wanted in _spelt_out(of).items():
        if name not in runs:
            raise unknown("column of the runs", name, _spec_columns(runs))
        values = wanted if isinstance(wanted, list) and wanted else [wanted]
        fits = pd.concat([_equal(runs[name], value) for value in values], axis=1).any(axis=1)
        if not fits.any():
            values_seen = sorted({_spoken(value) for value in runs[name]}, key=natural)
            raise BadInput(f"no run has {name} = {wanted}; seen: {', '.join(values_seen)}.")
        runs = runs[fits]
    return runs


def curve(score: Score, run: str, curves: Curves) -> Values:
    """A run's curve of a score's column, (T,); several columns become one. Raises BadInput for what nobody recorded."""
    names = [name for name in curves.columns if re.fullmatch(re.escape(score.column).replace(r"\*", "[^/]+"), name)]
    if not names:
        raise unknown("recorded quantity", score.column, set(curves.columns) - {tables.STEPS})
    values = np.array([curves.values(run, name) for name in sorted(names, key=natural)])
    if score.across is None:
        if len(values) > 1:
            raise BadInput(
                f"{score.column} stands for {len(values)} columns; `across` says what is made of them, such as 'mean'."
            )
        lone: Values = values[0]
        return lone
    match = re.fullmatch(r"(.*?)\s*(-?[\d.]+)?", score.across)
    way, level = (match[1], _level(match[2] or "nan", score.across)) if match else (score.across, np.nan)
    combined: Values = _chosen(way, _ACROSS, "way across columns")(values, level)
    return combined


def number(score: str, steps: Values, values: Values, better: Better | None, *, diverged: bool) -> float:
    """What is made of a curve, steps (T,) and values (T,).

    Possible are final, first, best, average, highest, lowest, `at 300`, `steps below 0.5`, `steps above 0.9`.
    Of a diverged run, final is worse than any number. Raises BadInput for another word, or a step that is not recorded.
    """
    match = re.fullmatch(r"(at|steps below|steps above) (\S+)", score)
    if match:
        return _placed(match[1], _level(match[2], score), steps, values)
    made: dict[str, Callable[[], float]] = {
        "final": lambda: scores.worst(better) if diverged and better else scores.final(values, diverged),
        "first": lambda: float(values[0]),
        "best": lambda: scores.best(values, better or "higher"),
        "average": lambda: scores.average(steps, values),
        "highest": lambda: float(np.nanmax(values)),
        "lowest": lambda: float(np.nanmin(values)),
        "step of highest": lambda: float(steps[np.nanargmax(values)]),
        "step of lowest": lambda: float(steps[np.nanargmin(values)]),
    }
    return float(_chosen(score, made, "score")())


def _level(text: str, score: str) -> float:
    """The number in a score's words. Raises BadInput where it is none."""
    try:
        return float(text)
    except ValueError as error:
        raise BadInput(f"{score!r} names no number: {text!r}.") from error


def _placed(way: str, at: float, steps: Values, values: Values) -> float:
    if way != "at":
        return scores.steps_to(steps, values, at, "lower" if way == "steps below" else "higher")
    positions = np.flatnonzero(steps == at)
    if not len(positions):
        near = steps[np.abs(steps - at).argmin()] if len(steps) else np.nan
        raise BadInput(f"step {at:g} was not recorded; the nearest is {near:g}.")
    return float(values[positions[0]])


def _by_seed(score: Score, runs: pd.DataFrame, records: Records) -> "pd.Series[float]":
    """One number a seed."""
    runs = answering(score.of, runs, records)
    return pd.Series(_run_scores(score, runs, records), index=pd.Index(runs[SEED], name=SEED))


def _run_scores(score: Score, runs: pd.DataFrame, records: Records) -> list[float]:
    return [
        _run_score(score, run, records.curves, diverged=outcome == "diverged")
        for run, outcome in zip(runs[tables.RUN], runs[tables.OUTCOME], strict=True)
    ]


def answering(of: Mapping[str, Any], runs: pd.DataFrame, records: Records) -> pd.DataFrame:
    """Those of the runs, selected by `of`, that answer, one a seed: where rates differ, at the one that the tuning seeds choose.

    Raises BadInput where several answer for one seed.
    """
    if RATE in runs and records.tuning and len(runs[RATE].unique()) > 1:
        runs = _tuned(runs, records, records.tuning)
    crowded = runs.groupby(SEED).size()
    if (crowded > 1).any():
        seed = crowded.idxmax()
        apart = [name for name in _spec_columns(runs) if len(runs[runs[SEED] == seed][name].astype(str).unique()) > 1]
        raise BadInput(
            f"{crowded.max()} runs of seed {seed} answer to {_spoken_of(of)}; they differ in {', '.join(apart)}. "
            "Say which under `of`, or give a `tuning` where they differ in the learning rate."
        )
    return runs


def _run_score(score: Score, run: str, curves: Curves, *, diverged: bool = False) -> float:
    values = curve(score, run, curves)
    if len(values) and np.isnan(values).all():
        raise BadInput(f"{score.column} was not recorded for the runs with {_spoken_of(score.of)}.")
    return number(score.score, curves.steps(run), values, curves.quantity(score.column).better, diverged=diverged)


def _tuned(runs: pd.DataFrame, records: Records, tuning: Tuning) -> pd.DataFrame:
    """The judging seeds' runs at the rate that `best_rate` chooses on the tuning seeds, as for a report's scoreboard."""
    choosing, judging = tuning_seeds(sorted({int(seed) for seed in runs[SEED]}), tuning.seeds)
    candidates = runs[runs[SEED].isin(choosing)]
    better = records.curves.quantity(tuning.by).better or "lower"
    trials = [
        _trial(rate, candidates[candidates[RATE] == rate], records.curves, tuning) for rate in candidates[RATE].dropna().unique()
    ]
    # Of steps to a level fewer are better, whatever the column.
    best = best_rate(trials, "lower" if "steps" in tuning.score else better, better).rate
    chosen: pd.DataFrame = runs[(runs[RATE] == best) & runs[SEED].isin(judging)]
    return chosen


def _trial(rate: float, runs: pd.DataFrame, curves: Curves, tuning: Tuning) -> RateTrial:
    worst = scores.worst(curves.quantity(tuning.by).better or "lower")
    scored, averaged = Score(column=tuning.by, score=tuning.score), Score(column=tuning.by, score="average")
    outcomes = [(run, outcome == "diverged") for run, outcome in zip(runs[tables.RUN], runs[tables.OUTCOME], strict=True)]
    return RateTrial(
        rate=rate,
        scores=np.array([_run_score(scored, run, curves, diverged=diverged) for run, diverged in outcomes]),
        averages=np.array([worst if diverged else _run_score(averaged, run, curves) for run, diverged in outcomes]),
    )


def _spelt_out(of: Mapping[str, Any]) -> dict[str, Any]:
    """Preset names as the words and options that they stand for: init: saturated is init: scaled with its numbers."""
    spelt: dict[str, Any] = {}
    for name, value in of.items():
        options = presets(name).get(value, {}) if isinstance(value, str) and "." not in name else {}
        spelt |= {name if key == "word" else f"{name}.{key}": option for key, option in options.items() if option != "auto"}
        spelt.setdefault(name, value)
    return spelt


def _equal(column: "pd.Series[Any]", value: Any) -> "pd.Series[bool]":
    if value is None:
        return column.isna()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return pd.to_numeric(column, errors="coerce") == value
    return column.astype(str) == str(value)


def _spec_columns(runs: pd.DataFrame) -> list[str]:
    return [name for name in runs.columns if name not in _IDENTITY and runs[name].notna().any()]


def _spoken(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _spoken_of(of: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in of.items()) or "all runs"


def _chosen(word: str, known: Mapping[str, Callable[..., Any]], what: str) -> Callable[..., Any]:
    if word not in known:
        raise unknown(what, word, known)
    return known[word]
