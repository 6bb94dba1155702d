"""Named streams of random numbers: a seed and a purpose give one generator, whatever else was drawn before."""

import zlib

import numpy as np

STREAMS = ("init", "order", "data", "split", "validation", "label_noise", "global", "dropout")


def generator(seed: int, stream: str, *counted: int) -> np.random.Generator:
    """The generator (PCG64) of one stream of one seed; `counted` numbers streams of a kind, such as one for every step.

    Streams of a seed are independent of one another, so that drawing the initial parameters
    never shifts the order of the examples. Raises ValueError for a stream that nobody declared.
    """
    if stream not in STREAMS:
        raise ValueError(f"no stream of random numbers is called {stream!r}; streams: {', '.join(STREAMS)}")
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(zlib.crc32(stream.encode()), *counted)))
