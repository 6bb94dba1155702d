"""How much the examples of each class count in the training loss."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from lossbench.errors import BadInput
from lossbench.interfaces import CLASSIFIED, Array, DataShape

Rule = Literal["balanced", "effective_number"]
ClassWeights = Rule | tuple[float, ...]
WeightedMean = Literal["examples", "weights"]
BETA = 0.999  # of the effective number: how much of what another example of a class says is new


def class_weight_numbers(weights: ClassWeights, counts: Sequence[int]) -> Array:
    """The weight of each class (C,), from a rule or as given; `counts` are the training examples of each.

    balanced: N / (C n_c), scikit-learn's, whose mean over the training examples is 1. effective_number: in proportion to
    (1 − β) / (1 − β^n_c) with β = 0.999, and C in sum. Raises BadInput where they do not fit the classes.

    Source: King & Zeng, Logistic Regression in Rare Events Data, 2001; Cui, Jia, Lin, Song & Belongie, Class-Balanced Loss Based
    on Effective Number of Samples, 2019.
    """
    members = np.asarray(counts, np.float64)
    if isinstance(weights, tuple):
        return _given(weights, len(counts))
    if not members.all():
        raise BadInput(f"class_weights is {weights}, and a class has no training example to be weighed by.")
    if weights == "balanced":
        return np.asarray(members.sum() / (len(members) * members), np.float64)
    inverse = (1 - BETA) / (1 - BETA**members)
    return np.asarray(inverse * len(members) / inverse.sum(), np.float64)


def refuse_class_weights(weights: ClassWeights, shape: DataShape, word: str) -> None:
    """Raise BadInput where the data have no classes to be weighed, or others than the weights are for."""
    if shape.task not in CLASSIFIED or not shape.target_range.lies_in("one_hot"):
        kind = {"regression": "a regression", "multilabel": "labels, several at once"}.get(shape.task, "soft, of no one class")
        raise BadInput(f"class_weights is {weights!r}, and the targets of {word!r} are {kind}; classes are weighed by it.")
    class_weight_numbers(weights, shape.class_counts)


def _given(weights: tuple[float, ...], classes: int) -> Array:
    if len(weights) != classes:
        raise BadInput(f"class_weights names {len(weights)} weights, and the data have {classes} classes; each wants one.")
    if not all(0 <= weight < math.inf for weight in weights) or not any(weights):
        raise BadInput(f"class_weights is {list(weights)}; weights are 0 or more, and one of them is above 0.")
    return np.array(weights, np.float64)
