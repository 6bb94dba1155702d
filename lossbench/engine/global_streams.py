"""The global streams of random numbers of Python, NumPy and torch, for plugins that draw from them.

Ours never do: their streams have names (see rng.py). What a plugin draws must follow from the run's seed all the same.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from lossbench.rng import generator


@contextmanager
def seeded_global_streams(seed: int, *counted: int) -> Iterator[None]:
    """While it is open the global streams depend on the seed, and on what counts them, alone; afterwards they are as before."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 - they are plugins', not ours
    number = int(generator(seed, "global", *counted).integers(2**32))
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002
    torch.default_generator.manual_seed(number)  # the CPU's alone: nothing is drawn elsewhere
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_rng_state(before[2])
