"""Trials of the claim `per_example`: an example's numbers stay the same bits, whatever other examples stand beside it.

The shelf of lossbench itself is held to it by the tests; a class from outside is tried before anything is trained.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import torch
from torch import Tensor

from lossbench.engine.determinism import LANES
from lossbench.errors import BadInput
from lossbench.guard import outside, plugin_error
from lossbench.interfaces import Loss, Task
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.interfaces.recorders import Recorder
from lossbench.registry import Registered

SCALES = (3.0, 1e4)  # of raw outputs: ordinary, and extreme
NEIGHBOURS = (0.0, 1.0, 1e6)  # the same of other examples; 0 is the padding
Measure = Callable[[Tensor, Tensor], Tensor]


def refuse_false_claims(
    losses: Iterable[Loss], probes: Iterable[Recorder], sizes: tuple[int, int], task: Task, like: Tensor
) -> None:
    """Raise BadInput for a loss or a metric from outside that looks across examples though it is `per_example`.

    And for one that changes what it is shown. `sizes` are the numbers (C, T) of raw outputs and targets; `like` has the data
    type of training.
    """
    foreign = [one for one in probes if isinstance(one, Metric) and outside(type(one)) and task in one.tasks]
    for loss in dict.fromkeys(losses):
        if outside(type(loss)):
            _try_loss(loss, sizes, task, like.dtype)
        for metric in foreign:
            _try_metric(metric, loss, sizes, task, like.dtype)


@lru_cache(maxsize=256)
def _try_loss(loss: Loss, sizes: tuple[int, int], task: Task, dtype: torch.dtype) -> None:
    for function in (loss.value, loss.gradient, loss.error):
        _refuse_changes(loss, function, sizes, task, dtype)
        if loss.per_example and looks_across(function, sizes, task, dtype):
            raise _false_claim(loss, function.__name__)


@lru_cache(maxsize=256)
def _try_metric(metric: Metric, loss: Loss, sizes: tuple[int, int], task: Task, dtype: torch.dtype) -> None:
    def measure(z: Tensor, y: Tensor) -> Tensor:
        return metric.measure(Outputs(z, y, loss, task))

    _refuse_changes(metric, measure, sizes, task, dtype)
    if metric.per_example and loss.per_example and looks_across(measure, sizes, task, dtype):
        raise _false_claim(metric, "measure")


def _refuse_changes(plugin: Registered, function: Measure, sizes: tuple[int, int], task: Task, dtype: torch.dtype) -> None:
    """Raise BadInput where a method writes into its arguments: they are the network's own, or other methods' too."""
    z, y = _examples(sizes, task, torch.Generator().manual_seed(0), dtype)
    shown = z.clone(), y.clone()
    function(*shown)
    for name, before, after in zip("zy", (z, y), shown, strict=True):
        if not torch.equal(before, after):
            raise plugin_error(plugin, function.__name__, f"changed {name} in place; expected is that it only reads it")


def looks_across(function: Measure, sizes: tuple[int, int], task: Task, dtype: torch.dtype) -> bool:
    """Whether what a function says of examples z (C, M) and y (T, M) changes with the other examples, or has no axis M."""
    stream = torch.Generator().manual_seed(0)
    for scale in SCALES:
        z, y = _examples(sizes, task, stream, dtype)
        results = [function(*_beside(scale * z, y, other)) for other in _neighbours(sizes, task, stream, dtype)]
        if any(part.shape[-1:] != (2 * LANES,) for part in results):
            return True
        first, *others = (part[..., :LANES] for part in results)
        if not all(torch.allclose(first, part, rtol=0, atol=0, equal_nan=True) for part in others):
            return True
    return False


def _neighbours(
    sizes: tuple[int, int], task: Task, stream: torch.Generator, dtype: torch.dtype
) -> Iterator[tuple[Tensor, Tensor]]:
    for scale in NEIGHBOURS:
        z, y = _examples(sizes, task, stream, dtype)
        yield scale * z, y if scale else torch.zeros_like(y)


def _beside(z: Tensor, y: Tensor, other: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return torch.cat([z, other[0]], -1), torch.cat([y, other[1]], -1)


def _examples(sizes: tuple[int, int], task: Task, stream: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Random raw outputs (C, LANES) and targets (T, LANES): numbers, 0 and 1, labels, or one-hot."""
    outputs, targets = sizes
    z = torch.empty(outputs, LANES, dtype=dtype).normal_(generator=stream)
    if task == "regression":
        return z, torch.empty(targets, LANES, dtype=dtype).normal_(generator=stream)
    if task == "multilabel":
        return z, torch.empty(targets, LANES, dtype=dtype).random_(2, generator=stream)
    classes = torch.empty(LANES, dtype=torch.int64).random_(max(targets, 2), generator=stream)
    return z, (classes[None] if targets == 1 else classes == torch.arange(targets)[:, None]).to(dtype)


def _false_claim(plugin: Registered, method: str) -> BadInput:
    return BadInput(
        f"{type(plugin).__module__}.{type(plugin).__qualname__} says per_example = True, but what its {method}() says of an "
        f"example changes with the other examples; leave per_example out, and it is given one run's examples at a time."
    )
