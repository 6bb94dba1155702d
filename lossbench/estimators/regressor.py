"""A network that predicts numbers, trained with any loss."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d, validate_data

from lossbench.estimators.network import NetworkEstimator, training_split
from lossbench.estimators.training import refuse_targets, settled_loss
from lossbench.interfaces import Array, TargetScale


@dataclass(kw_only=True, eq=False, repr=False)
class LossRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A regressor for scikit-learn: a multilayer perceptron, trained with any loss that has a meaning for numbers.

    Settings are those of `NetworkEstimator`. A loss that takes all reals sees standardised targets, any other sees them as they
    are; predictions are in their own unit, which `scale_` holds. Features are not scaled: put a StandardScaler before.
    """

    loss: Any = "half_squared_error"

    scale_: ClassVar[TargetScale]

    def fit(self, X: Any, y: Any) -> Self:
        """Train on features X (N, D) and numbers y (N,).

        Raises ValueError for what are no such data, BadInput (which is one) for settings, Failure where training diverged.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        y = column_or_1d(y, warn=True).astype(np.float64)
        loss = settled_loss(self.loss, "regression", y[:, None])
        reals = loss.domain == "reals"
        self.scale_ = TargetScale(float(y.mean()), float(y.std()) or 1.0) if reals else TargetScale()  # type: ignore[misc]
        targets = ((y - self.scale_.offset) / self.scale_.factor)[:, None]
        refuse_targets(loss, targets)
        self._train(training_split(X, targets, "regression"), loss)
        return self

    def predict(self, X: Any) -> Array:
        """The number (N,) for each example of X (N, D)."""
        outputs = self._outputs(self._raw_outputs(X))
        predicted: Array = self.scale_.offset + self.scale_.factor * outputs[0]
        return predicted
