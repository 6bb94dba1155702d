"""What units do, compiled: how many are saturated, where they stand."""

import math

import numpy as np

from lossbench.kernels.activations import slope
from lossbench.kernels.compilation import compiled
from lossbench.kernels.link_kernels import Numbers
from lossbench.kernels.summation import row_sum, row_sum_of_squares


@compiled()
def look_at_rows(rows: Numbers, kind: int, bound: float, measured: Numbers) -> None:
    """Of outputs (R, N) of an activation's kind the share with a slope below the bound, mean, and deviation, into (3, R).

    In passes over what the nearest cache holds, and without scratch.
    """
    one, least = rows.dtype.type(1), rows.dtype.type(bound)
    count = rows.shape[1]
    for r in range(len(rows)):
        mean = row_sum(rows, r) / rows.dtype.type(count)
        flat = np.int32(0)
        for n in range(count):  # counted in as many bits as a number has: a vector holds as many of one as of the other
            flat = np.int32(flat + (slope(kind, rows[r, n], one) < least))
        deviation = math.sqrt(row_sum_of_squares(rows, r, mean) / count)
        measured[0, r], measured[1, r], measured[2, r] = flat / count, mean, deviation
