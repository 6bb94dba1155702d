"""The names that conf/ gives to a class with certain options: `scaled` with hidden_bias 2 and output_bias 6 is "saturated"."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from lossbench.files.yaml import read_yaml
from lossbench.folders import conf_folder


@cache
def presets(noun: str) -> dict[str, dict[str, Any]]:
    """Presets of a noun by name, each {"word": class word, option: value, …}."""
    if not noun.isidentifier():  # a word of a claims file, which must lead to no other folder
        return {}
    read = {path.stem: _read(path) for path in sorted((conf_folder() / noun).glob("*.yaml"))}
    return {name: options for name, options in read.items() if len(options) > 1}


def preset_names(runs: pd.DataFrame, noun: str) -> pd.Series:
    """What to call each run's noun: the preset's name where all runs of that word have one, else the word."""
    registry_words = runs[noun].astype(str)
    known = presets(noun)
    columns = [name for name in runs.columns if str(name).partition(".")[0] == noun]
    kind = runs.groupby(columns, dropna=False, sort=False).ngroup()  # of a million runs some dozens differ here
    kinds = runs[columns][~kind.duplicated()].to_dict("records")
    of_kind = [next((name for name, options in known.items() if _fits(row, noun, options)), "") for row in kinds]
    names = pd.Series(of_kind, dtype=object).take(kind.to_numpy()).set_axis(runs.index)
    complete = (names != "").groupby(registry_words).transform("all")
    return names.where(complete, registry_words)


def _read(path: Path) -> dict[str, Any]:
    config = read_yaml(path)
    if not isinstance(config, dict):
        return {}
    content = {str(key): value for key, value in config.items()}
    defaults = content.pop("defaults", [])
    registry_words = [item for item in defaults if isinstance(item, str) and item != "_self_"]
    return {"word": registry_words[0], **content} if len(registry_words) == 1 else {}


def _fits(run: Mapping[Any, Any], noun: str, options: Mapping[str, Any]) -> bool:
    return all(run.get(noun if name == "word" else f"{noun}.{name}") == value for name, value in options.items())
