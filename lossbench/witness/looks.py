"""What a witness sees in a pass, by hooks that hang in the module only while a step is recorded."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from lossbench import tables
from lossbench.interfaces.links import LINKS
from lossbench.interfaces.loss import solved_error
from lossbench.kernels.activations import ACTIVATIONS, INPUT_SLOPES
from lossbench.kernels.link_kernels import plain
from lossbench.kernels.unit_kernels import look_at_rows
from lossbench.modules.activation import activation_word

THRESHOLD = 0.05  # of the largest slope, as the probe saturation has it
Numbers = dict[str, float]


class ActivationLook:
    """Shares, means and spreads of every activation of a module, over the training passes of one step."""

    def __init__(self, module: nn.Module) -> None:
        self.sums: dict[nn.Module, Tensor] = {}  # (4,) each: saturated, sum, sum of squares, count
        kinds = {inner: word for inner in module.modules() if (word := activation_word(inner))}
        self.handles = [inner.register_forward_hook(self._hook(word)) for inner, word in kinds.items() if _readable(inner, word)]

    def _hook(self, word: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def look(module: nn.Module, given: tuple[Tensor, ...], returned: Tensor) -> None:
            if module.training and torch.is_grad_enabled():
                with torch.no_grad():
                    self.sums[module] = self.sums.get(module, 0) + _sums(word, given[0], returned)

        return look

    def remove(self) -> None:
        """Take the hooks away."""
        for hook in self.handles:
            hook.remove()

    def numbers(self, names: dict[nn.Module, str]) -> Numbers:
        """A column a quantity and activation, all scalar; `names` are those of all activations, in the order of data."""
        columns: Numbers = {}
        for number, (module, name) in enumerate(names.items(), start=1):
            if module in self.sums:
                saturated, total, squares, count = self.sums[module].tolist()
                mean = total / count
                spread = max(squares / count - mean**2, 0.0) ** 0.5
                for stem, value in (
                    (tables.SATURATED, saturated / count),
                    (tables.ACTIVATION_MEAN, mean),
                    (tables.ACTIVATION_SPREAD, spread),
                ):
                    columns[tables.named_column(stem, number, name)] = value
        return columns


class OutputLook:
    """The model's raw outputs in the last training pass of a step, and the gradient that came back to them."""

    def __init__(self, module: nn.Module) -> None:
        self.z: Tensor | None = None
        self.gradient: Tensor | None = None
        self.handle = module.register_forward_hook(self._look)

    def _look(self, module: nn.Module, given: object, returned: object) -> None:
        z = returned.get("logits") if isinstance(returned, Mapping) else getattr(returned, "logits", returned)
        if module.training and isinstance(z, Tensor) and z.requires_grad:
            self.z = z.detach()
            z.register_hook(self._take)  # type: ignore[no-untyped-call]

    def _take(self, gradient: Tensor) -> None:
        self.gradient = gradient.detach()

    def remove(self) -> None:
        """Take the hook away."""
        self.handle.remove()

    def numbers(self, link: str | None, factor: float | None) -> Numbers:
        """‖dℓ/dz‖ and, where the link is known, error and slope: means over the examples of one pass, rows (B, C) of outputs.

        The gradient that came is multiplied by a factor, or where that is None by the number of examples.
        """
        if self.z is None or self.gradient is None or self.z.dim() not in (1, 2):
            return {}
        z, gradient = (part.double().reshape(len(part), -1).T for part in (self.z, self.gradient))
        gradient = gradient * (z.shape[1] if factor is None else factor)
        numbers = {tables.OUTPUT_GRADIENT: float(gradient.square().sum(0).sqrt().mean())}
        if link is None:
            return numbers
        error = solved_error(gradient, z, link)
        linked = LINKS[link].at(z)
        numbers[tables.OUTPUT_ERROR] = float(linked.passing(error).mean())
        return numbers | {tables.OUTPUT_SLOPE: float(linked.slope.mean())}


def _readable(module: nn.Module, word: str) -> bool:
    """Whether the slopes can be told when the pass is over: an activation in place has written over its inputs."""
    return word not in INPUT_SLOPES or not getattr(module, "inplace", False)


def _sums(word: str, z: Tensor, h: Tensor) -> Tensor:
    """How many of outputs h (B, …) are saturated, their sum and that of their squares, and how many there are: (4,) float64."""
    z, h = z.detach().float(), h.detach().float()
    if word in ACTIVATIONS and word not in INPUT_SLOPES and plain(h) and h.numel():
        rows, measured = h.numpy().reshape(len(h), -1), np.empty((3, len(h)))
        look_at_rows(rows, ACTIVATIONS[word].kind, THRESHOLD * ACTIVATIONS[word].steepest, measured)
        shares, means, spreads = measured
        return torch.from_numpy(rows.shape[1] * np.array([shares.sum(), means.sum(), (means**2 + spreads**2).sum(), len(h)]))
    of, steepest = INPUT_SLOPES[word] if word in INPUT_SLOPES else (None, ACTIVATIONS[word].steepest)
    slope = of(z) if of else ACTIVATIONS[word].slope(h)
    saturated = (slope < THRESHOLD * steepest).sum()
    numbers = (saturated, h.sum(dtype=torch.float64), h.square().sum(dtype=torch.float64), torch.tensor(h.numel()))
    return torch.stack([number.double().cpu() for number in numbers])
