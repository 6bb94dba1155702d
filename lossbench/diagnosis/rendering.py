"""Explanations as text for a terminal, as Markdown and as JSON, and JSON read again."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lossbench.analysis import formatting
from lossbench.diagnosis.cause import Trial
from lossbench.diagnosis.explain import Explanation
from lossbench.diagnosis.symptoms import LEARNT, PROMPT, RISING, average, end, result
from lossbench.errors import BadInput, printable
from lossbench.files.json import read_json

EXPLAINED, FILE, TEXT = "explained", "explanations.json", "explanations.md"  # the study of the twins, and what stands in it
LEARNS = "healthy"
MOST_HINTS = 3  # twins that help without a cause, told with a group
_DISTANCE = "z₀"
_TERMS = (
    "Runs that differ by their seed alone are a group. Progress is 0 for guesses and 1 where the training data are learnt, "
    "with the labels that they have. Runs learn that end at {learnt:g} or more and are at {prompt:g} or more on average over "
    "their steps. Of the others those learn slowly that get to {learnt:g} late, or still gain {rising:g} or more in the last "
    "third of their steps; those that gain less stall. A cause is claimed where an inequality holds on what the runs recorded "
    "(its bound stands in brackets), and twins get much further: the same runs with one thing changed, and with it the rate "
    "where a rate is named. What is said is of the runs that are examined, those of the group that came out worst."
)
_DISTANCE_TERM = " z₀ is how far out a raw output stands whose slope is the median of those that the outputs had at the start."


def label(one: Explanation) -> str:
    """A group as a report calls it: "cross entropy, saturated start, rate 0.1 (10 runs, the worst 2 examined)"."""
    rate = "" if math.isnan(one.sample.rate) else f"rate {one.sample.rate:g}"
    runs = formatting.counted(len(one.sample.runs), "run")
    if len(one.examined) < len(one.sample.runs):
        runs += f", the worst {len(one.examined)} examined" if len(one.examined) > 1 else ", the worst examined"
    return f"{', '.join(filter(None, (one.sample.contender.label, one.sample.setting.label, rate)))} ({runs})"


def verdict(one: Explanation) -> str:
    """What a group has, in a sentence with its proof; healthy and unknown are verdicts, too."""
    state = {"slow": "learns slowly", "stalled": "stalls", "diverged": "diverges", "healthy": "learns"}[one.symptom]
    outcome = result(one.examined)
    if one.claims:
        return f"{formatting.capitalised(state)}. {formatting.capitalised(one.claims[0].sentence)}"
    if one.symptom == "healthy":
        return f"Healthy: {outcome}."
    twins = formatting.counted(len(one.trials), "twin")
    if one.at_limit:
        return f"Healthy: it ends at {outcome}, and none of {twins} gets materially further."
    helpful = sorted((trial for trial in one.trials if trial.helps), key=lambda trial: trial.gain, reverse=True)[:MOST_HINTS]
    hints = "; ".join(trial.text for trial in helpful)
    hint = f" What helps, without an inequality that says why: {hints}." if helpful else f" None of {twins} helps."
    return f"Unknown. It {state} ({outcome}).{hint}"


def terms(verdicts: Sequence[str]) -> str:
    """What the words of verdicts mean."""
    distance = _DISTANCE_TERM if any(_DISTANCE in verdict for verdict in verdicts) else ""
    return _TERMS.format(learnt=LEARNT, prompt=PROMPT, rising=RISING) + distance


def also(one: Explanation) -> list[str]:
    """The further confirmed causes of a group, as sentences."""
    return [formatting.capitalised(claim.sentence) for claim in one.claims[1:]]


def text(explanations: Sequence[Explanation]) -> str:
    """All explanations as lines: what does not learn first by group, then how many groups are healthy."""
    ailing = [one for one in explanations if one.answer != LEARNS]
    lines = [line for one in ailing for line in (f"{label(one)}", f"    {verdict(one)}", *(f"    Also: {s}" for s in also(one)))]
    healthy = len(explanations) - len(ailing)
    groups = formatting.counted(len(explanations), "group")
    verb = "is" if 1 in (healthy, len(explanations)) else "are"
    return printable("\n".join([*lines, f"{healthy} of {groups} of runs {verb} healthy."]))


def markdown(explanations: Sequence[Explanation], name: str) -> str:
    """All explanations as a page in Markdown: a line a group, and under it every twin that was trained."""
    lines = [f"# Why {name} learns, or does not", ""]
    for one in explanations:
        lines += [f"## {label(one)}", "", verdict(one), "", *(f"* Also: {sentence}" for sentence in also(one))]
        lines += [f"* Twin: {trial.text} (average progress {_gain(trial)})." for trial in one.trials]
        lines += [""]
    return printable("\n".join(lines))


def _gain(trial: Trial) -> str:
    return formatting.signed(trial.gain, lambda size: f"{size:.2f}")


def as_json(explanations: Sequence[Explanation]) -> str:
    """All explanations in plain values; runs are named by their ids, in the study itself and in that of the twins."""
    return json.dumps([_plain(one) for one in explanations], ensure_ascii=False, indent=1) + "\n"


def _plain(one: Explanation) -> dict[str, Any]:
    return {
        "group": label(one),
        "answer": one.answer,
        "symptom": one.symptom,
        "verdict": verdict(one),
        "also": also(one),
        "runs": list(one.sample.runs),
        "examined": [record.run for record in one.examined],
        "causes": [
            {"cause": claim.cause, "measured": _number(claim.evidence.measured), "bound": _number(claim.evidence.bound)}
            | {"evidence": claim.evidence.text, "twin": _trial(claim.trial)}
            for claim in one.claims
        ],
        "suspected": [{"cause": name, "evidence": evidence.text} for name, evidence in one.suspicions],
        "twins": [_trial(trial) for trial in one.trials],
    }


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "change": trial.change,
        "gain": round(trial.gain, 4),
        "originals": [_course(record) for record in trial.originals],
        "twins": [_course(record) for record in trial.twins],
    }


def _course(record: Any) -> dict[str, Any]:
    return {"run": record.run, "end": round(end(record), 4), "average": round(average(record), 4), "diverged": record.diverged}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def read_explanations(folder: Path) -> list[dict[str, str]]:
    """The stored explanations of a study's groups: group, answer and verdict of each; [] where there are none.

    Raises BadInput where the file is not what lossbench writes.
    """
    path = folder / EXPLAINED / FILE
    if not path.is_file():
        return []
    rows = read_json(path)
    keys = ("group", "answer", "verdict")
    mappings = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    if not mappings or not all(isinstance(row.get(key), str) for row in rows for key in keys):
        raise BadInput(f"{path} holds no explanations as `lossbench explain` writes them. Remove it and explain again.")
    return [{key: printable(row[key]) for key in keys} for row in rows]
