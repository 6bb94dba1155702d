"""A network that classifies, trained with any loss."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from lossbench.errors import BadInput
from lossbench.estimators.network import NetworkEstimator, training_split
from lossbench.estimators.training import loss_of, refuse_targets, settled_loss
from lossbench.interfaces import Array


def _says_probabilities(estimator: "LossClassifier") -> bool:
    """Whether the loss's link gives probabilities; a margin is none. Raises AttributeError, which scikit-learn asks for."""
    loss = getattr(estimator, "loss_", None) or loss_of(estimator.loss)
    if loss.link in ("auto", "sigmoid", "softmax"):
        return True
    raise AttributeError(f"The loss {loss.word!r} on the link {loss.link} gives no probabilities.")


@dataclass(kw_only=True, eq=False, repr=False)
class LossClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A classifier for scikit-learn: a multilayer perceptron, trained with any loss that has a meaning for classes.

    Settings are those of `NetworkEstimator`; `classes_` are the labels. Features are not scaled: put a StandardScaler before.
    """

    classes_: ClassVar[Array]

    def fit(self, X: Any, y: Any) -> Self:
        """Train on features X (N, D) and labels y (N,) of two classes or more.

        Raises ValueError for what are no such data, BadInput (which is one) for settings, Failure where training diverged.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)  # type: ignore[misc]
        if len(self.classes_) < 2:
            raise BadInput(f"y has {len(self.classes_)} class; a classifier needs two or more.")
        targets = (index[:, None] if len(self.classes_) == 2 else np.eye(len(self.classes_))[index]).astype(np.float64)
        loss = settled_loss(self.loss, "classification", targets)
        refuse_targets(loss, targets)
        self._train(training_split(X, targets, "classification"), loss)
        return self

    def decision_function(self, X: Any) -> Array:
        """Raw outputs of examples X (N, D), less the boundary: (N,) for two classes, above 0 for the second; else (N, C)."""
        z = self._raw_outputs(X)
        return z[0] - self.loss_.boundary if len(self.classes_) == 2 else z.T

    def predict(self, X: Any) -> Array:
        """The label (N,) of each example of X (N, D)."""
        decision = self.decision_function(X)
        labels: Array = self.classes_[(decision > 0).astype(int) if decision.ndim == 1 else decision.argmax(axis=1)]
        return labels

    @available_if(_says_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """Probabilities (N, C) of examples X (N, D), in the order of `classes_`; there where the loss's link gives any.

        Sigmoids of several classes are divided by their sum.
        """
        p = self._outputs(self._raw_outputs(X)).T
        if len(self.classes_) == 2:
            return np.hstack([1 - p, p])
        shares: Array = p / p.sum(axis=1, keepdims=True)
        return shares
