"""Numbers that a loss holds and that its formulas want as a tensor."""

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=256)
def constant(numbers: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Numbers (K,) as a tensor, laid down once: a step that is captured for a graphics card may copy nothing from outside."""
    with torch.inference_mode(mode=False):
        return torch.tensor(numbers, dtype=dtype, device=device)
