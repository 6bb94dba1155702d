"""Arrays and tensors as the nouns name them."""

from typing import Generic, NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")
Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Dense(NamedTuple, Generic[T]):
    """What belongs to one dense layer: weights (..., out, in) and biases (..., out, 1)."""

    weight: T
    bias: T
