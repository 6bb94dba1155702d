"""Numbers in titles and captions, from the records: `{seeds}` is how many seeds the figure's runs have."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lossbench import tables
from lossbench.analysis import formatting
from lossbench.analysis.comparison import compare
from lossbench.analysis.labels import SEED
from lossbench.claims.measurement import Records, measure, selected
from lossbench.claims.schema import measure_of
from lossbench.claims.verdict import estimated
from lossbench.errors import BadInput, unknown

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
COUNTED = ("seeds", "rates", "runs")


def filled_in(text: str, numbers: Mapping[str, Any], of: Mapping[str, Any], records: Records, where: str) -> str:
    """The text with its placeholders filled: counts of the runs that `of` names, and numbers measured as claims are.

    Raises BadInput for a word that is neither, or a number that cannot be measured.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in numbers:
            return _measured(numbers[name], records, f"{where}, number {name}")
        if name not in COUNTED:
            raise unknown(f"number in a text of {where}", name, {*COUNTED, *numbers})
        return _counted(name, _any_of(records.runs, of))

    return _PLACEHOLDER.sub(value, text)


def refuse_unknown(text: str, numbers: Mapping[str, Any], where: str) -> None:
    """Raise BadInput where a placeholder of a text is neither a count nor one of the numbers."""
    for name in _PLACEHOLDER.findall(text):
        if name not in COUNTED and name not in numbers:
            raise unknown(f"number in a text of {where}", name, {*COUNTED, *numbers})


def _any_of(runs: pd.DataFrame, of: Mapping[str, Any]) -> pd.DataFrame:
    """The runs that `of` names; each of several values may be a preset's name."""
    for name, wanted in of.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        parts = [selected(runs, {name: value}).index for value in values]
        runs = runs[np.logical_or.reduce([runs.index.isin(part) for part in parts])]
    return runs


def _counted(name: str, runs: pd.DataFrame) -> str:
    """How many seeds or runs there are, or rates that each loss had in each setting: "6", or "5 to 6"."""
    if name != "rates":
        return f"{runs[SEED if name == 'seeds' else tables.RUN].nunique():,}"
    counts = Counter((sample.setting, sample.contender) for sample in compare(runs).samples).values()
    ends = dict.fromkeys((min(counts), max(counts)))
    return " to ".join(map(str, ends))


def _measured(content: Any, records: Records, where: str) -> str:
    """A number measured as a claim's is: whole ones as such, others to three digits that count."""
    measured = measure_of(content, where)
    try:
        _, estimate = estimated(measured, np.asarray(measure(measured, records), dtype=np.float64))
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error
    centre = 100 * estimate.centre if measured.over == "share" else estimate.centre
    return formatting.steps(centre) if float(centre).is_integer() else formatting.number(centre)
