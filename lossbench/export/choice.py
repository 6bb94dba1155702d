"""What of a study is exported: its samples, the quantities asked for, and how tracking tools may call them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from lossbench.analysis.comparison import Sample, compare
from lossbench.analysis.curves import Curves, study_curves
from lossbench.errors import unknown
from lossbench.tables import STEPS, Study, content_hash, read_study


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A study with what of it is to be exported.

    samples: the runs that differ by seed alone, of every setting, loss and learning rate. metrics: columns of its records.
    runs: whether each single run goes out, too. path_of: how a tool that has folders may call a sample, by the sample.
    """

    study: Study
    curves: Curves
    samples: tuple[Sample, ...]
    metrics: tuple[str, ...]
    runs: bool
    path_of: Mapping[Sample, str]

    def recorded(self, run: str) -> list[str]:
        """Those of the metrics that a run has a number of."""
        return [name for name in self.metrics if not np.isnan(self.curves.values(run, name)).all()]


def choose(folder: Path, patterns: Sequence[str] = (), *, runs: bool = False) -> Choice:
    """The study in a folder, and of its quantities those that a pattern names, such as test_*; all where there is none.

    Raises BadInput where the folder holds no runs, or a pattern names no quantity of the study.
    """
    study = read_study(folder)
    columns = [name for name in study.columns if name != STEPS]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in columns):
            raise unknown("recorded quantity", pattern, columns)
    samples = compare(study.runs).samples
    return Choice(
        study=study,
        curves=study_curves(study),
        samples=samples,
        metrics=tuple(name for name in columns if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)),
        runs=runs,
        path_of=_paths(samples),
    )


def _paths(samples: Sequence[Sample]) -> dict[Sample, str]:
    """SETTING/LOSS/lr RATE for each sample; where two would have one path, the hash of their runs tells them apart."""
    paths = {sample: _path(sample) for sample in samples}
    times = Counter(paths.values())
    return {
        sample: path if times[path] == 1 else f"{path} {content_hash(' '.join(sample.runs).encode())[:8]}"
        for sample, path in paths.items()
    }


def _path(sample: Sample) -> str:
    rate = "" if np.isnan(sample.rate) else f"lr {sample.rate:g}"
    return "/".join(plain for part in (sample.setting.label, sample.contender.label, rate) if (plain := _plain(part)))


def _plain(text: str) -> str:
    """Text as a part of a path on any system, and as a name in any tool."""
    return re.sub(r"[^\w .,()+=-]", "_", text).strip(". ")[:100]
