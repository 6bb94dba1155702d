"""What a metric promises: a number that judges a model's outputs on examples. It is written for one run."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.interfaces.dataset import TargetScale
from lossbench.interfaces.links import OUTPUTS, log_softmax
from lossbench.interfaces.loss import EVERY_TASK, Loss, Task
from lossbench.registry import Registered
from lossbench.tables import Quantity

HALF = 0.5  # of a probability, or of a target: what has more of it is decided for


@dataclass(frozen=True)
class Outputs:
    """What a model says about some examples, raw outputs z (..., C, B), and their targets y (..., T, B). Leading axes are free.

    What the loss makes of them is computed when a metric asks for it. `scale` is the unit of a regression's targets.
    """

    z: Tensor
    y: Tensor
    loss: Loss
    task: Task
    scale: TargetScale = TargetScale()

    @property
    def boundary(self) -> float:
        """The raw output above which a lone output decides for class 1."""
        return self.loss.boundary

    @property
    def link(self) -> str:
        return self.loss.link

    @property
    def probable(self) -> bool:
        """Whether there are probabilities: the link gives them, or the loss makes them of raw outputs that are no classes."""
        return self.of_classes is not None or self.loss.link_function.probabilities

    @cached_property
    def value(self) -> Tensor:
        """ℓ (..., B)."""
        return self.loss.value(self.z, self.y)

    @cached_property
    def a(self) -> Tensor:
        """The link's outputs that stand for the targets (..., T, B)."""
        return self.loss.prediction(self.loss.link_function.value(self.z))

    @cached_property
    def of_classes(self) -> Tensor | None:
        """log p (..., T, B) of the classes where raw outputs do not stand for them one by one; else None."""
        return self.loss.class_log_probabilities(self.z)

    @property
    def decisions(self) -> Tensor:
        """The class that is decided for, (..., B): of the largest raw output, or 1 where a lone one is over the boundary.

        Where raw outputs do not stand for classes one by one, the median, the first class with which half of the probability is
        reached. Of several labels at once 1 or 0 for each, (..., T, B).
        """
        if self.of_classes is not None:
            return (self.of_classes.exp().cumsum(OUTPUTS) < HALF).sum(OUTPUTS).clamp_max(self.y.shape[OUTPUTS] - 1)
        if self.task == "multilabel":
            return (self.z > self.boundary).long()
        if self.z.shape[OUTPUTS] == 1:
            return (self.z > self.boundary).select(OUTPUTS, 0).long()
        return self.z.argmax(OUTPUTS)

    @property
    def labels(self) -> Tensor:
        """The true class, (..., B): that of the largest target, or 1 where a lone one is more than half.

        Of several labels at once 1 or 0 for each, (..., T, B).
        """
        if self.task == "multilabel":
            return (self.y > HALF).long()
        return (self.y > HALF).select(OUTPUTS, 0).long() if self.y.shape[OUTPUTS] == 1 else self.y.argmax(OUTPUTS)

    @property
    def predicted(self) -> Tensor:
        """What is predicted of each target, (..., T, B), in the target's own unit."""
        return self.a * self.scale.factor + self.scale.offset

    @property
    def truth(self) -> Tensor:
        """The targets (..., T, B) in their own unit."""
        return self.y * self.scale.factor + self.scale.offset

    def quantile(self, level: float) -> Tensor | None:
        """What a share `level` of a target lies below, (..., T, B), in its own unit; None where the loss says no distribution."""
        quantile = self.loss.quantile(self.z, level)
        return None if quantile is None else quantile * self.scale.factor + self.scale.offset

    @cached_property
    def probabilities(self) -> Tensor | None:
        """Probabilities (..., K, B) of all K classes, two for a lone output, or of labels; None on a link that gives none."""
        if not self.probable:
            return None
        p = self.log_probabilities.exp()
        if self.of_classes is not None or self.task == "multilabel":
            return p
        return torch.cat([1 - p, p], OUTPUTS) if self.z.shape[OUTPUTS] == 1 else p

    @cached_property
    def log_probabilities(self) -> Tensor:
        """log p (..., C, B) of the classes, or of the one class that a lone output stands for, on a link to probabilities.

        Of several labels at once that of each, by itself.
        """
        if self.of_classes is not None:
            return self.of_classes
        if self.link == "softmax":
            return log_softmax(self.z)
        log_a = logsigmoid(self.z)
        alone = self.z.shape[OUTPUTS] == 1 or self.task == "multilabel"
        return log_a if alone else log_a - log_a.logsumexp(OUTPUTS, keepdim=True)


class Metric(Registered):
    """A number that judges a model's outputs on the training data and on the test data, or one for each of K classes or outputs.

    `quantity` declares it: title, unit, which way is better, which losses minimise it. It is stored with the records, and the
    report ranks, compares and draws by it. `tasks` are those it has a meaning for. Where a study names nothing to be recorded,
    every metric is that has `by_default`.

    A metric that is a mean over examples is `per_example`: it measures each of them, and the engine takes the mean. Any other
    is given all N examples of one run at once.

    To the mean of a metric that is `penalised` the engine adds the penalty that the run's optimizer puts on its weights.
    """

    noun: ClassVar[str] = "metric"
    by_default: ClassVar[bool] = True
    per_example: ClassVar[bool] = False
    penalised: ClassVar[bool] = False
    tasks: ClassVar[tuple[Task, ...]] = EVERY_TASK
    quantity: ClassVar[Quantity] = Quantity()

    @abstractmethod
    def measure(self, outputs: Outputs) -> Tensor:
        """The metric of raw outputs z and targets y.

        per_example: from z (..., C, B) and y (..., T, B) to (..., B) or (..., K, B); of K numbers those that are NaN are left out
        of the mean, for the example says nothing there. Otherwise: from z (C, N) and y (T, N) of one run to () or (K,), or to
        (N,) or (K, N), of which the engine takes the mean; a length of N is taken for one number an example.
        """
