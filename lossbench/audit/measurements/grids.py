"""Where the audit looks: magnitudes around the places at which implementations break, and points made from them."""

from dataclasses import dataclass

import numpy as np

from lossbench.interfaces import Array

# Every number is one of float32 too. 16 is −ln 1e-7, 17 and 37 are where 1 + e^(−z) rounds to 1, 88 and 709 where e^z
# overflows, 104 and 745 where e^(−z) is 0.
_MAGNITUDES = [
    *(0.0, 1e-10, 1e-5, 0.01, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 10.0, 12.0, 14.0, 15.9, 16.2, 16.7, 17.4, 18.5, 20.0, 23.0),
    *(25.0, 28.0, 30.0, 33.0, 35.0, 36.5, 36.8, 37.5, 40.0, 45.0, 50.0, 60.0, 70.0, 80.0, 85.0, 87.0, 88.5, 89.0, 95.0, 101.0),
    *(104.5, 110.0, 150.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 708.0, 709.5, 720.0, 745.5, 760.0, 1000.0, 2000.0, 5000.0),
    10000.0,
]
MAGNITUDES = tuple(float(np.float32(number)) for number in _MAGNITUDES)


@dataclass(frozen=True)
class Points:
    """Raw outputs z (C, N) and targets y, one-hot or 0/1, (C, N) unless a target has two outputs."""

    z: Array
    y: Array


def one_output() -> Points:
    """One raw output at every magnitude, either sign, either target."""
    line = np.array(sorted({sign * size + 0.0 for size in MAGNITUDES for sign in (-1, 1)}))
    return Points(np.tile(line, 2)[None], np.repeat([0.0, 1.0], line.size)[None])


def several_outputs(classes: int) -> Points:
    """One output ahead or behind, two outputs apart, two outputs level; every class right once."""
    patterns = {2: ((0, 1), (0, -1)), 3: ((1, 0, 0), (-1, 0, 0.5), (1, 1, -1))}[classes]
    sizes = MAGNITUDES if classes == 2 else MAGNITUDES[::2]
    z = np.array([[size * share + 0.0 for share in pattern] for pattern in patterns for size in sizes]).T
    y = np.repeat(np.eye(classes), z.shape[1], axis=1)
    return Points(np.tile(z, classes), y)


def outputs_of_a_target(count: int) -> Points:
    """One target, 0 or 1, and its raw outputs (count, N), two or more: one alone at a magnitude, and all of them at once.

    Of two, at every magnitude and sign; of more, whose formula takes longer, at every eighth magnitude and the last.
    """
    sizes = MAGNITUDES if count == 2 else (*MAGNITUDES[::8], MAGNITUDES[-1])
    line = np.array(sorted({sign * size + 0.0 for size in sizes for sign in (-1, 1)}))
    rising = np.linspace(1, -1, count)
    patterns = [(1, 0), (0, 1), (1, 1), (1, -1)] if count == 2 else [*np.eye(count)[[0, count // 2, -1]], rising]
    z = np.concatenate([np.asarray(pattern, np.float64)[:, None] * line + 0.0 for pattern in patterns], 1)
    return Points(np.tile(z, 2), np.repeat([[0.0, 1.0]], z.shape[1], 1))
