"""What training has come to: from this, and the words, it goes on to the same bits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from lossbench.interfaces import Dense, Memory

Arrays = Mapping[str, np.ndarray[tuple[int, ...], np.dtype[Any]]]
STEP, RECORD = "step", "moment."


class Checkpoint(Protocol):
    """Where a long training is kept from time to time."""

    @property
    def seconds(self) -> float:
        """How long to train between two checkpoints."""

    def load(self) -> Arrays | None:
        """What was saved last; None where nothing was."""

    def save(self, arrays: Arrays) -> None:
        """Keep this instead of what was saved before."""


@dataclass
class ResumableState:
    """The next step, tensors that training changes in place, and the records so far."""

    step: int
    tensors: dict[str, Tensor]
    records: list[dict[str, Tensor]]

    def count(self, sums: list[Tensor]) -> bool:
        """Take in the sums (R,) of the raw outputs at the steps since the last time; whether any run is finite still."""
        finite, alive = self.tensors["finite"], self.tensors["alive"]
        if sums:
            fine = (torch.stack(sums) * 0 == 0).cumprod(0)  # 0 · ∞ and 0 · NaN are NaN
            finite += fine.sum(0) * alive
            alive &= fine[-1] > 0
            sums.clear()
        return bool(alive.any())

    def frozen(self) -> Arrays:
        """The state as arrays: (R, …) a tensor, (T, R) a recorded quantity."""
        arrays = {name: tensor.cpu().numpy() for name, tensor in self.tensors.items()}
        names = self.records[0] if self.records else {}
        curves = {RECORD + name: torch.stack([record[name] for record in self.records]).cpu().numpy() for name in names}
        return {STEP: np.array(self.step)} | arrays | curves

    def thaw(self, arrays: Arrays) -> None:
        """Take over what was frozen, in place."""
        self.step = int(arrays[STEP])
        for name, tensor in self.tensors.items():
            tensor.copy_(torch.as_tensor(arrays[name]))
        curves = {name.removeprefix(RECORD): torch.tensor(a) for name, a in arrays.items() if name.startswith(RECORD)}
        count = len(next(iter(curves.values()), ()))
        self.records[:] = [{name: curve[index] for name, curve in curves.items()} for index in range(count)]


def initial_state(parameters: tuple[Dense[Tensor], ...], memory: list[tuple[Memory, Memory]]) -> ResumableState:
    """The state before the first step: nothing recorded, every run finite so far.

    Of each layer, weights (R, out, in) and biases (R, out, 1), and what the optimizer remembers of each.
    """
    runs, device = len(parameters[0].weight), parameters[0].weight.device
    tensors = {
        "finite": torch.zeros(runs, dtype=torch.long, device=device),
        "alive": torch.ones(runs, dtype=torch.bool, device=device),
    }
    for layer, (parameter, memories) in enumerate(zip(parameters, memory, strict=True), start=1):
        for kind, tensor, kept in zip(Dense._fields, parameter, memories, strict=True):
            tensors |= {f"{kind}_{layer}": tensor} | {f"memory_{kind}_{layer}_{index}": m for index, m in enumerate(kept)}
    return ResumableState(0, tensors, [])
