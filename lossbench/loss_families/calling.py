"""Calling conventions of callables from outside: how raw outputs and targets (C, B) are handed over, and what is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.interfaces.links import OUTPUTS, LinkName

Library = Literal["torch", "numpy", "jax"]
Layout = Literal["flat", "last", "first", "single", "pixels"]
Targets = Literal["alike", "index", "signed"]
Takes = Literal["raw", "probabilities", "log-probabilities"]


@dataclass(frozen=True, kw_only=True)
class Convention:
    """One way of calling.

    `layout`: flat (B,) for one output; last (B, C); first (C, B); single (C,), one example without an axis of examples; pixels
    (B, C, 1, 1), images of one pixel.
    `targets`: alike (0/1 or one-hot, shaped as the outputs), index (of the class), signed (−1 for 0).
    """

    library: Library
    takes: Takes
    link: LinkName
    outputs: int
    layout: Layout
    targets: Targets
    swapped: bool

    def call(self, function: Callable[..., Any], z: Tensor, y: Tensor) -> Any:
        """The callable's own answer for raw outputs and targets (C, B)."""
        outputs, targets = self.arguments(z, y)
        if self.library != "torch":
            return self.answer(function, outputs.detach().numpy(), targets.numpy())
        return self.answer(function, outputs, targets)

    def answer(self, function: Callable[..., Any], outputs: Any, targets: Any) -> Any:
        """The callable's answer for outputs and targets in its own layout."""
        return function(targets, outputs) if self.swapped else function(outputs, targets)

    def arguments(self, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and targets of z and y (C, B), linked and in the layout: (B,), (B, C), (C, B), (C,) or scalar.

        They are differentiable in z, and copies, which the callable may spoil.
        """
        return self._with_layout(self._after_link(z)).clone(), self._target(y).clone()

    def _after_link(self, z: Tensor) -> Tensor:
        if self.takes == "raw":
            return z
        if self.takes == "probabilities":
            return torch.sigmoid(z) if self.link == "sigmoid" else torch.softmax(z, OUTPUTS)
        return logsigmoid(z) if self.link == "sigmoid" else torch.log_softmax(z, OUTPUTS)

    def _with_layout(self, item: Tensor) -> Tensor:
        if self.layout == "flat":
            return item[0]
        if self.layout == "single":
            return item[:, 0] if self.outputs == 2 else item[0, 0]
        if self.layout == "pixels":
            return item.T[:, :, None, None]
        return item if self.layout == "first" else item.T

    def _target(self, y: Tensor) -> Tensor:
        if self.targets == "index":
            index = y.argmax(OUTPUTS) if self.outputs == 2 else y[0].long()
            if self.layout == "pixels":
                return index[:, None, None]
            return index[0] if self.layout == "single" else index
        return self._with_layout(2 * y - 1 if self.targets == "signed" else y)

    def description(self) -> str:
        """The convention in a sentence."""
        takes = "raw outputs" if self.takes == "raw" else f"{self.takes} (it is given those of torch's {self.link})"
        shape = {
            "flat": "(examples)",
            "last": "(examples, classes)",
            "first": "(classes, examples)",
            "single": "of one example",
            "pixels": "(examples, classes, height, width)",
        }
        alike = "0/1 targets" if self.outputs == 1 else "one-hot targets"
        kind = {"alike": alike, "index": "class indices as targets", "signed": "−1/+1 targets"}
        order = ", targets first" if self.swapped else ""
        return f"It takes {takes} {shape[self.layout]} and {kind[self.targets]}{order}."


def number(answer: Any) -> Tensor:
    """An answer as a tensor of the same shape. Raises TypeError for what is no number."""
    if isinstance(answer, Tensor):
        return answer
    if isinstance(answer, tuple | list | dict):
        raise TypeError(
            f"the answer is a {type(answer).__name__} of {len(answer)}, and a loss answers one number or array; "
            "gradient and Hessian, as boosting wants them, are no loss"
        )
    array = np.asarray(answer)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"the answer is {type(answer).__name__}, no number")
    return torch.from_numpy(np.array(array))
