"""What is compared with what: the losses, the settings in which they meet, and the runs that differ by seed and split alone."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any, Self

import pandas as pd

from lossbench import tables
from lossbench.analysis import formatting, labels
from lossbench.analysis.labels import LOSS, RATE, SEED, natural

Block = tuple[int, int]  # a seed, and the split of the data that it met, counted from 0
DATA_NAMES = ("dataset", "dataset.path")  # what says which data set it is; the other options say what is made of it
_FIRST = ("cross_entropy", "half_squared_error")


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A loss, with the options that tell it from others of its word; `variant` counts those from 0."""

    word: str
    label: str
    variant: int


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything but loss, learning rate and seed: the common ground on which losses meet.

    The label is "" where there is only one. Settings of a family (of the first thing that varies) belong side by side. `data`
    names the data set, whatever was done to it: settings that share it are one witness.
    """

    label: str
    task: str
    family: str
    data: str


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Runs that differ by seed and split alone, in the order of both; the rate is NaN for an optimizer without one.

    A seed and a split are a block: what shares a block is compared in pairs. Splits count from 0, and are all 0 where one seed
    never meets two splits of the data.
    """

    setting: Setting
    contender: Contender
    rate: float
    seeds: tuple[int, ...]
    splits: tuple[int, ...]
    runs: tuple[str, ...]
    diverged: tuple[bool, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The seed and the split of each run."""
        return tuple(zip(self.seeds, self.splits, strict=True))

    def only(self, seeds: Collection[int]) -> Self:
        """The runs of these seeds."""
        wanted = set(seeds)
        kept = [i for i, seed in enumerate(self.seeds) if seed in wanted]
        return replace(
            self,
            seeds=tuple(self.seeds[i] for i in kept),
            splits=tuple(self.splits[i] for i in kept),
            runs=tuple(self.runs[i] for i in kept),
            diverged=tuple(self.diverged[i] for i in kept),
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A study, sorted: samples by setting, loss and rate, and facts (name, text) that hold for all.

    Where losses are many, figures set those that are `emphasised` apart from the others.
    """

    settings: tuple[Setting, ...]
    contenders: tuple[Contender, ...]
    samples: tuple[Sample, ...]
    facts: tuple[tuple[str, str], ...]
    emphasised: tuple[Contender, ...] = ()

    @cached_property
    def swept(self) -> bool:
        """Whether some loss was trained with several learning rates in one setting."""
        return len({(sample.setting, sample.contender) for sample in self.samples}) < len(self.samples)

    @cached_property
    def seeds(self) -> int:
        """The largest number of seeds that a sample has."""
        return max(self.seeds_of_each)

    @cached_property
    def seeds_of_each(self) -> tuple[int, ...]:
        """The number of seeds of each sample."""
        return tuple(len(set(sample.seeds)) for sample in self.samples)

    @cached_property
    def splits(self) -> int:
        """The largest number of splits of the data that a sample's seeds meet."""
        return max(len(set(sample.splits)) for sample in self.samples)

    @cached_property
    def blocks(self) -> int:
        """The largest number of blocks that a sample has, which are runs of a seed on a split."""
        return max(len(sample.seeds) for sample in self.samples)

    @property
    def spoken_blocks(self) -> str:
        """How many blocks there are, in words: "6 seeds", or "30 blocks (6 seeds on 5 splits)"."""
        return formatting.blocks([len(sample.seeds) for sample in self.samples], self.seeds_of_each, self.splits)

    def within(self, setting: Setting) -> tuple[Sample, ...]:
        """The samples of one setting."""
        return tuple(sample for sample in self.samples if sample.setting == setting)


def compare(runs: pd.DataFrame) -> Comparison:
    """Sort a study's runs into samples; the order in which they were stored has no influence."""
    texts = labels.spell(runs)
    named, split = labels.setting_columns(texts)
    setting = _setting_labels(texts, named)
    option_columns = labels.loss_columns(texts, setting)
    loss = _joined(texts, option_columns).map(lambda values: labels.loss_label(list(zip(option_columns, values, strict=True))))
    frame = runs.assign(
        setting=setting,
        contender=loss,
        split=_numbered(texts, split),
        rate=runs[RATE].astype(float) if RATE in runs else math.nan,
    )
    family = texts[named[0]] if len(named) > 1 else pd.Series("", index=texts.index)
    data = _joined(texts, [name for name in DATA_NAMES if name in texts]).map(" ".join)
    first = frame.assign(family=family, data=data).drop_duplicates("setting")
    settings = {
        str(label): Setting(label=str(label), task=str(task), family=str(of), data=str(which))
        for label, task, of, which in zip(first["setting"], first[tables.TASK], first["family"], first["data"], strict=True)
    }
    contenders = _contenders(frame)
    samples = [
        _sample(part, settings[str(of)], contenders[str(by)])
        for (of, by, _), part in frame.groupby(["setting", "contender", "rate"], dropna=False)
    ]
    order = {contender: i for i, contender in enumerate(contenders.values())}
    samples.sort(key=lambda sample: (natural(sample.setting.label), order[sample.contender], sample.rate))
    known = [loss, *(_setting_labels(texts, names) for n in (1, 2) for names in combinations(named, n)), setting]
    return Comparison(
        settings=tuple(sorted(settings.values(), key=lambda setting: natural(setting.label))),
        contenders=tuple(contenders.values()),
        samples=tuple(samples),
        facts=tuple(labels.facts(texts, known, [*named, *split, *option_columns])),
    )


def _numbered(texts: pd.DataFrame, columns: Sequence[str]) -> "pd.Series[int]":
    """The splits of the data that these columns tell apart, counted from 0."""
    values = _joined(texts, columns)
    order = {
        value: number for number, value in enumerate(sorted(set(values), key=lambda value: [natural(text) for text in value]))
    }
    return values.map(order)


def _setting_labels(texts: pd.DataFrame, names: Sequence[str]) -> "pd.Series[str]":
    return _joined(texts, names).map(lambda values: labels.setting_label(zip(names, values, strict=True)))


def _joined(texts: pd.DataFrame, columns: Sequence[str]) -> "pd.Series[Any]":
    values = list(zip(*(texts[name] for name in columns), strict=True)) if columns else [()] * len(texts)
    return pd.Series(values, index=texts.index, dtype=object)


def _contenders(frame: pd.DataFrame) -> dict[str, Contender]:
    """The losses by label: cross entropy, half squared error, then the others by name."""
    word_of = dict(zip(frame["contender"], frame[LOSS], strict=True))
    order = {word: i for i, word in enumerate(_FIRST)}
    contenders: dict[str, Contender] = {}
    for label in sorted(word_of, key=lambda label: (order.get(word_of[label], len(order)), word_of[label], natural(label))):
        variant = sum(contender.word == word_of[label] for contender in contenders.values())
        contenders[label] = Contender(word=word_of[label], label=label, variant=variant)
    return contenders


def _sample(part: pd.DataFrame, setting: Setting, contender: Contender) -> Sample:
    part = part.sort_values([SEED, "split", tables.RUN])
    return Sample(
        setting=setting,
        contender=contender,
        rate=float(part["rate"].iloc[0]),
        seeds=tuple(int(seed) for seed in part[SEED]),
        splits=tuple(int(split) for split in part["split"]),
        runs=tuple(part[tables.RUN]),
        diverged=tuple(bool(outcome == "diverged") for outcome in part[tables.OUTCOME]),
    )
