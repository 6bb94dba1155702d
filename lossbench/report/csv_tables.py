"""The report's tables as data frames, for CSV files: full precision, one header line, missing values empty."""

from typing import Any

import pandas as pd

from lossbench.analysis.profiles import profiles
from lossbench.analysis.results import Results
from lossbench.analysis.statistics import Estimate

_DIGITS = "%.10g"


def data_frames(results: Results) -> dict[str, pd.DataFrame]:
    """Tables by name; a table without rows is left out."""
    made = {
        "scoreboard": _scoreboard(results),
        "differences": _differences(results),
        "scores": _scores(results),
        "rates": _rates(results),
        "ranks": _ranks(results),
        "profiles": _profiles(results),
    }
    return {name: table for name, table in made.items() if len(table)}


def csv(table: pd.DataFrame) -> bytes:
    """A table as CSV. Text that a spreadsheet would run as a formula is preceded by an apostrophe."""
    text = table.map(_harmless)
    return str(text.to_csv(index=False, float_format=_DIGITS, lineterminator="\n")).encode()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _scoreboard(results: Results) -> pd.DataFrame:
    rows = []
    for board in results.all_boards:
        for standing in board.standings:
            identity = {
                "setting": board.setting.label,
                "loss": standing.sample.contender.label,
                "learning_rate": standing.sample.rate,
                "runs": len(standing.sample.runs),
                "diverged": standing.diverged,
                "measure": board.measure.column,
                "baseline": board.baseline,
                "level": board.level,
            }
            scores = _spread("final_median", standing.final) | _spread("final_mean", standing.mean)
            rows.append(identity | scores | _spread("best_median", standing.best) | _spread("steps_median", standing.step))
    return pd.DataFrame(rows)


def _spread(name: str, estimate: Estimate) -> dict[str, Any]:
    return {
        name: estimate.centre,
        f"{name}_low": estimate.low,
        f"{name}_high": estimate.high,
        f"{name}_interval": estimate.method,
    }


def _differences(results: Results) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "setting": match.board.setting.label,
                "measure": match.board.measure.column,
                "score": match.board.measure.column if match.score == "final" else "steps_to_level",
                "loss": match.one.label,
                "minus": match.other.label,
                "pairs": match.difference.median.n,
                "higher": match.difference.higher,
                "lower": match.difference.lower,
                "p": match.difference.p,
                "p_holm": match.corrected,
            }
            | _spread("median", match.difference.median)
            | _spread("probability_of_improvement", match.improvement)
            for match in results.matches
        ]
    )


def _scores(results: Results) -> pd.DataFrame:
    rows = []
    for board in results.all_boards:
        for standing in board.standings:
            sample = standing.sample
            runs = zip(sample.runs, sample.seeds, sample.diverged, standing.finals, standing.bests, standing.steps, strict=True)
            for run, seed, diverged, final, best, steps in runs:
                rows.append(
                    {
                        "run": run,
                        "setting": board.setting.label,
                        "loss": sample.contender.label,
                        "learning_rate": sample.rate,
                        "seed": seed,
                        "outcome": "diverged" if diverged else "finished",
                        "measure": board.measure.column,
                        "final": None if diverged else final,
                        "best": best,
                        "steps_to_level": steps,
                    }
                )
    return pd.DataFrame(rows)


def _rates(results: Results) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "setting": s.setting.label,
                "loss": s.contender.label,
                "learning_rate": rate,
                "runs": int(runs),
                "diverged": int(diverged),
                "measure": s.measure.column,
                "final_median_of_finished": middle,
                "band_low": low,
                "band_high": high,
                "chosen": rate == s.chosen,
            }
            for s in results.sensitivities
            for rate, runs, diverged, middle, low, high in zip(s.rates, s.runs, s.diverged, s.middle, s.low, s.high, strict=True)
        ]
    )


def _ranks(results: Results) -> pd.DataFrame:
    ranking = results.ranking
    if ranking is None:
        return pd.DataFrame()
    return pd.DataFrame(
        [
            {"among": block, "loss": contender.label, "rank": rank}
            for block, row in zip(ranking.blocks, ranking.ranks, strict=True)
            for contender, rank in zip(ranking.contenders, row, strict=True)
        ]
    )


def _profiles(results: Results) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "setting": board.setting.label,
                "loss": profile.contender.label,
                "runs": profile.n,
                "steps": int(step),
                "share": share,
                "share_low": low,
                "share_high": high,
            }
            for board in results.boards
            for profile in profiles(board)
            for step, share, low, high in zip(profile.steps, profile.share, profile.low, profile.high, strict=True)
        ]
    )
