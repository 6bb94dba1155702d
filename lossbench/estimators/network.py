"""What a classifier and a regressor have in common: their settings, and what they see of a fitted network."""

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from lossbench.errors import BadInput
from lossbench.estimators.training import Layers, raw_outputs, trained
from lossbench.interfaces import Array, Loss, Split
from lossbench.interfaces.dataset import training_targets

LARGEST_SEED = 2**31 - 1
ACTIVATIONS = ("relu", "sigmoid", "tanh")


@dataclass(kw_only=True, eq=False, repr=False)
class NetworkEstimator(BaseEstimator, ABC):  # type: ignore[misc]
    """A multilayer perceptron and its training.

    loss: a word with options ("focal,gamma=3"), MODULE:NAME, an instance or a class of losses. hidden: widths; () is a linear
    model. activation: relu, sigmoid or tanh. optimizer: a word or an instance, whose rate is lr. epochs: passes over the data,
    in mini-batches of `batch` examples. random_state: initial parameters and the order of the examples; None draws them anew.

    Fitted: `loss_`, its link settled; `layers_`, weights (out, in) and biases (out, 1) from the input on; n_features_in_.
    """

    loss: Any = "cross_entropy"
    hidden: tuple[int, ...] = (32,)
    activation: str = "relu"
    optimizer: Any = "adam"
    lr: float = 0.01
    epochs: int = 50
    batch: int = 32
    random_state: Any = 0

    loss_: ClassVar[Loss]
    layers_: ClassVar[Layers]

    def _train(self, split: Split, loss: Loss) -> None:
        """Fit the network to a split's training data with a settled loss."""
        if self.activation not in ACTIVATIONS:
            raise BadInput(f"activation is {self.activation!r}; possible are {', '.join(ACTIVATIONS)}.")
        names = ("hidden", "activation", "optimizer", "lr", "epochs", "batch")
        settings = {name: getattr(self, name) for name in names}
        seed = int(check_random_state(self.random_state).randint(LARGEST_SEED))
        self.layers_ = trained(split, loss, settings | {"seed": seed})  # type: ignore[misc]
        self.loss_ = loss.informed(training_targets(split))  # type: ignore[misc]

    def _raw_outputs(self, x: Any) -> Array:
        """z (C, N) of examples (N, D). Raises sklearn's NotFittedError before fit, ValueError for other features."""
        check_is_fitted(self, "layers_")
        features = validate_data(self, x, reset=False, dtype=np.float64)
        return raw_outputs(self.layers_, self.activation, features)

    def _outputs(self, z: Array) -> Array:
        """What the loss's link makes of raw outputs z (C, N): those that stand for the targets, (T, N)."""
        a = self.loss_.link_function.value(torch.from_numpy(z))
        return self.loss_.prediction(a).numpy()


def training_split(x: Array, y: Array, task: Any) -> Split:
    """A split whose training data are features x (N, D) and targets y (N, T); nothing is evaluated, so that one row may test."""
    features, targets = np.array(x, dtype=np.float64, order="C"), np.array(y, dtype=np.float64, order="C")
    return Split(features, targets, features[:1], targets[:1], task)
