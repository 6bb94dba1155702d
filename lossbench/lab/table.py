"""A loss as a table: for what cannot be followed step by step, such as code that does not use torch."""

import base64
from typing import Any

import numpy as np
import torch

from lossbench.errors import BadInput
from lossbench.interfaces import Array
from lossbench.lab.program import TraceableLoss

LEAST, MOST, PER_UNIT = -32, 32, 32  # the page interpolates between six neighbours: to 1e-9 where the loss is smooth
POINTS = (MOST - LEAST) * PER_UNIT + 1
ALIKE = 1e-9  # relative, by which a loss of several outputs may differ from the sum over them


def tabulated(loss: TraceableLoss, outputs: int) -> tuple[dict[str, Any], bool]:
    """ℓ and dℓ/dz for targets 0 and 1 over even raw outputs, and whether ℓ of several outputs (C, B) is the sum over them.

    Raises BadInput where the loss has no numbers there.
    """
    z = np.linspace(LEAST, MOST, POINTS)
    columns = [_values(loss, z[None], np.full((1, POINTS), target)) for target in (0.0, 1.0)]
    if not all(np.isfinite(part).all() for pair in columns for part in pair):
        raise BadInput(f"It cannot be put in the lab: its values or slopes between z = {LEAST} and {MOST} are not all numbers.")
    table = {
        "from": LEAST,
        "perUnit": PER_UNIT,
        "value": [packed(value) for value, _ in columns],
        "gradient": [packed(slope) for _, slope in columns],
    }
    return {"table": table}, _separable(loss, outputs)


def packed(numbers: Array) -> str:
    """Float64 numbers (N,), little-endian, as text."""
    return base64.b64encode(np.ascontiguousarray(numbers, "<f8").tobytes()).decode()


def _values(loss: TraceableLoss, z: Array, y: Array) -> tuple[Array, Array]:
    pair = torch.from_numpy(z), torch.from_numpy(y)
    return loss.value(*pair).detach().numpy().reshape(-1), loss.gradient(*pair).detach().numpy().reshape(-1)


def _separable(loss: TraceableLoss, outputs: int) -> bool:
    z = np.linspace(-4, 4, outputs * 5).reshape(outputs, 5)
    y = np.eye(outputs)[:, :5]
    try:
        together = loss.value(torch.from_numpy(z), torch.from_numpy(y)).detach().numpy()
    except (RuntimeError, ValueError, IndexError):
        return False
    alone = sum(_values(loss, z[row : row + 1], y[row : row + 1])[0] for row in range(outputs))
    return together.shape == (5,) and bool(np.allclose(together, alone, rtol=ALIKE, atol=0))
