"""Reliability diagrams: how often the class that is decided for is right, by how probable it was said to be."""

from dataclasses import dataclass

import numpy as np

from lossbench import tables
from lossbench.analysis.comparison import Comparison, Contender, Sample, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.statistics import Values

SHARE, ACCURACY, PROBABILITY = "reliability_share", "reliability_accuracy", "reliability_probability"


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """What a loss's runs say at the end of training, all together: probability, accuracy and share of examples of K bins, (K,).

    Bins without examples are left out.
    """

    contender: Contender
    probability: Values
    accuracy: Values
    share: Values
    runs: int

    @property
    def excess(self) -> float:
        """Mean probability less accuracy: above 0 where the model is too sure."""
        return float(((self.probability - self.accuracy) * self.share).sum())

    @property
    def error(self) -> float:
        """Σ share · |accuracy − probability|, the expected calibration error of all runs together."""
        return float((np.abs(self.probability - self.accuracy) * self.share).sum())


def recorded_side(curves: Curves) -> str | None:
    """The part of the data whose bins were recorded: test_ where it was, else train_; None where neither was."""
    sides = [
        side for side in (tables.TEST, tables.TRAIN) if all(curves.layers(side + stem) for stem in (SHARE, ACCURACY, PROBABILITY))
    ]
    return sides[0] if sides else None


def reliabilities(setting: Setting, comparison: Comparison, curves: Curves) -> list[Reliability]:
    """A diagram for each loss of a setting, without those that give no probabilities or diverged in all of their runs."""
    side = recorded_side(curves)
    every = [_pooled(sample, curves, side) for sample in comparison.within(setting)] if side else []
    return [one for one in every if one is not None]


def _pooled(sample: Sample, curves: Curves, side: str) -> Reliability | None:
    """The bins of all runs that ended together, each run weighing alike; None where nothing is known."""
    runs = [run for run, diverged in zip(sample.runs, sample.diverged, strict=True) if not diverged]
    ends = {stem: _last(runs, curves, side + stem) for stem in (SHARE, ACCURACY, PROBABILITY)}
    known = np.isfinite(ends[SHARE]).all(axis=1)
    if not known.any():
        return None
    share = ends[SHARE][known]
    total = share.sum(axis=0)
    filled = total > 0
    means = [np.where(share > 0, ends[stem][known], 0.0) * share for stem in (ACCURACY, PROBABILITY)]
    accuracy, probability = (part.sum(axis=0)[filled] / total[filled] for part in means)
    return Reliability(
        contender=sample.contender,
        probability=probability,
        accuracy=accuracy,
        share=total[filled] / len(share),
        runs=len(share),
    )


def _last(runs: list[str], curves: Curves, stem: str) -> Values:
    """The last recorded number of each run and bin, (runs, K); NaN where it has none."""
    columns = curves.layers(stem)
    ends = [[values[-1] if len(values := curves.values(run, column)) else np.nan for column in columns] for run in runs]
    return np.array(ends, dtype=float).reshape(len(runs), len(columns))
