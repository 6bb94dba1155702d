"""What the machine can do: the operations a second of large matrix products, for a training's arithmetic to be held against."""

import time

import joblib
import torch

SIDE = 1024  # of the matrices
TIMES = 5  # of which the fastest counts


def measured_peak_flops(device: str) -> float:
    """Multiplications and additions a second of a product of two large float32 matrices, on all cores or on the graphics card."""
    threads = torch.get_num_threads()
    torch.set_num_threads(joblib.cpu_count())
    try:
        a = torch.full((SIDE, SIDE), 0.5, device=device)
        return 2 * SIDE**3 / min(_seconds(a) for _ in range(TIMES))
    finally:
        torch.set_num_threads(threads)


def _seconds(a: torch.Tensor) -> float:
    started = time.perf_counter()
    torch.mm(a, a)[0, 0].item()  # to look at a number is to wait for it
    return time.perf_counter() - started
