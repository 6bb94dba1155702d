"""Names for what varies in a study, and a line for each thing that does not."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from lossbench import tables
from lossbench.analysis import formatting
from lossbench.analysis.presets import preset_names

LOSS_PATH = "loss.path"  # of a loss that is somebody's callable, whose name it is
LOSS, LINK, RATE, SEED, DATA, NOISE = "loss", "loss.link", "optimizer.lr", "seed", "data", tables.LABEL_NOISE
FOLD = "fold"
SCHEDULE, CLIP, NO_CLIP = "schedule", "clip_norm", "no norm"
GIVEN_START = ("init.path", "init.sha256")  # of a file of initial parameters, of which each seed may have its own
NOUNS = ("dataset", "model", "init", "optimizer", SCHEDULE)
_BOOKKEEPING = (tables.RUN, tables.RECORDING, tables.INVOCATION, tables.OUTCOME, tables.STOPPED, tables.SECONDS, tables.DEVICE)
_ORDER = (
    "dataset",
    NOISE,
    "model",
    "init",
    LINK,
    "optimizer",
    RATE,
    SCHEDULE,
    CLIP,
    "batch",
    "order",
    "steps",
    "dtype",
    tables.TASK,
)
_TUNED = ("optimizer", SCHEDULE, CLIP, "batch", "order", "steps", "dtype")  # what may go with a loss, as a learning rate does
_TITLES = {RATE: "learning rate", LINK: "link", CLIP: "gradients clipped at"}


def spell(runs: pd.DataFrame) -> pd.DataFrame:
    """All that decides a run's outcome as text, one column a word or option."""
    if SCHEDULE in runs:
        runs = runs.assign(**{SCHEDULE: runs[SCHEDULE].fillna("constant")})  # a run that names none keeps its rate
    columns = {name: _spelt(runs[name]) for name in runs.columns if name not in _BOOKKEEPING}
    columns |= {noun: preset_names(runs, noun) for noun in NOUNS if noun in columns}
    if "batch" in columns:
        columns["batch"] = columns["batch"].replace("", "all examples")
    if CLIP in columns:
        columns[CLIP] = columns[CLIP].replace("", NO_CLIP)
    return pd.DataFrame(columns, index=runs.index)


def setting_columns(texts: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The columns that tell settings apart, each only where those before it do not settle it, and those that tell splits apart.

    Splits of the same data are no settings: a seed of the data set, or a fold, that does not go with the seed makes one seed
    meet several splits. What goes with the seed (the draw of the data, a file of initial parameters) tells none apart, and
    neither does what goes with the loss among the things that are tuned with a learning rate (a momentum, a number of steps).
    """
    chosen: list[str] = []
    splits: list[str] = []
    for name in sorted(varying(texts, texts.columns), key=_rank):
        if name in (LOSS, RATE, SEED) or name.startswith(f"{LOSS}."):
            continue
        seeded = name == DATA or name.endswith(f".{SEED}") or name in GIVEN_START
        tuned = name.partition(".")[0] in _TUNED and settled(texts[name], texts[[LOSS]])
        if not tuned and not settled(texts[name], texts[[*chosen, *([SEED, *splits] if seeded else [])]]):
            (splits if _splits(name) else chosen).append(name)
    return chosen, splits


def _splits(name: str) -> bool:
    """Whether a column says which split of the data a run met."""
    return name.startswith("dataset.") and name.rpartition(".")[2] in (SEED, FOLD)


def setting_label(values: Iterable[tuple[str, str]]) -> str:
    """A setting by what it differs in: "digits, saturated start, batch 32"."""
    return ", ".join(_named(name, value) for name, value in values if value)


def loss_columns(texts: pd.DataFrame, setting: "pd.Series[str]") -> list[str]:
    """The columns that tell losses apart: the word, options that vary within it, the link where losses that meet differ in it."""
    named = [LOSS, *([LOSS_PATH] if LOSS_PATH in texts else [])]
    options = [name for name in texts.columns if name.startswith(f"{LOSS}.") and not settled(texts[name], texts[named])]
    linked = LINK in texts and not settled(texts[LINK], setting.to_frame())
    return [*named, *([LINK] if linked else []), *(name for name in options if name != LINK)]


def loss_label(values: Sequence[tuple[str, str]]) -> str:
    """A loss by what it differs in: "cross entropy (softmax)", "focal (gamma 2)"; somebody's callable by its path."""
    path = dict(values).get(LOSS_PATH)
    if path:
        values = [(LOSS, path), *(pair for pair in values[1:] if pair[0] != LOSS_PATH)]
    elif LOSS_PATH in dict(values):
        values = [pair for pair in values if pair[0] != LOSS_PATH]
    options = [_named(name, value) for name, value in values[1:] if value]
    return (path or values[0][1].replace("_", " ")) + (f" ({', '.join(options)})" if options else "")


def facts(texts: pd.DataFrame, labels: "Sequence[pd.Series[str]]", named: Iterable[str]) -> list[tuple[str, str]]:
    """What was the same in all runs, or went with something that is named, as (name, text).

    `labels` name each run's loss, its setting and what that is made of; `named` are the columns they tell.
    """
    names = sorted(set(texts.columns) - {LOSS, SEED, DATA, tables.TASK} - (set(named) - set(NOUNS)), key=_rank)
    pairs = []
    for noun in (noun for noun in NOUNS if noun in names):
        own = [name for name in names if name.startswith(f"{noun}.") and name != RATE and settled(texts[name], texts[[noun]])]
        pairs.append((noun, "; ".join(_with_options(part.iloc[0], noun, own) for _, part in texts.groupby(noun))))
        names = [name for name in names if name not in (noun, *own)]
    pairs += [
        (f"loss {title(name)}" if name.startswith(f"{LOSS}.") and name != LINK else title(name), _by(texts[name], labels))
        for name in names
    ]
    return [(name, text) for name, text in pairs if text]


def natural(text: str) -> list[tuple[float, str]]:
    """A key by which "batch 8" comes before "batch 32"."""
    parts = re.split(r"(\d+(?:\.\d+)?(?:e[-+]?\d+)?)", text)
    return [(float(part), "") if i % 2 else (-1.0, part) for i, part in enumerate(parts)]


def varying(texts: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Those of the columns that hold more than one value."""
    return [name for name in names if _many(texts[name])]


def settled(values: "pd.Series[str]", by: pd.DataFrame) -> bool:
    """Whether the other columns, taken together, leave no choice for the value."""
    if by.shape[1] == 0:
        return not _many(values)
    return bool(values.groupby([by[name] for name in by.columns]).nunique().max() <= 1)


def title(name: str) -> str:
    """A column's name as people say it: "init.hidden_gain" is "hidden gain"."""
    return _TITLES.get(name, name.rpartition(".")[2].replace("_", " "))


def _many(values: "pd.Series[str]") -> bool:
    return len(set(values)) > 1


def _spelt(column: "pd.Series[Any]") -> "pd.Series[str]":
    codes, values = pd.factorize(column, use_na_sentinel=False)
    return pd.Series([formatting.spoken(value) for value in values], dtype=object).take(codes).set_axis(column.index)


def _named(name: str, value: str) -> str:
    if name in ("dataset", "model", "optimizer", "order", "dtype", LINK, tables.TASK):
        return value
    if name == CLIP and value == NO_CLIP:
        return "gradients not clipped"
    return f"{value} start" if name == "init" else f"{title(name)} {value}"


def _rank(name: str) -> tuple[int, str]:
    noun = name.partition(".")[0]
    known = next((i for i, first in enumerate(_ORDER) if first in (name, noun)), len(_ORDER))
    return known, name


def _by(values: "pd.Series[str]", labels: "Sequence[pd.Series[str]]") -> str:
    """The one value, or "500 (iris); 2000 (digits)" where values go with the first of the labels that settles them, else ""."""
    if not _many(values):
        return str(values.iloc[0])
    for label in labels:
        if settled(values, label.to_frame()):
            owners = {str(value): sorted(set(label[values == value]), key=natural) for value in values if value}
            return "; ".join(f"{value} ({' / '.join(owners[value])})" for value in sorted(owners, key=natural))
    return ""


def _with_options(texts: "pd.Series[str]", noun: str, options: Sequence[str]) -> str:
    settings = [f"{title(name)} {texts[name]}" for name in options if texts[name]]
    return texts[noun] + (f" ({', '.join(settings)})" if settings else "")
