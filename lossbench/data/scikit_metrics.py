"""scikit-learn's metrics, applied to what a model says of all examples of one run."""

import warnings
from typing import Any

import torch
from torch import Tensor

from lossbench.data.scikit_learn import scikit_learn
from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.metric import Outputs


def decided(function: str, outputs: Outputs, **options: Any) -> Tensor:
    """A metric of decisions, by scikit-learn's name of it, as a scalar (); NaN where raw outputs z (C, N) are not finite."""
    if not bool(torch.isfinite(outputs.z).all()):
        return outputs.z.new_full((), torch.nan)
    return _scalar(function, outputs, *_decisions(outputs), options)


def by_class(function: str, outputs: Outputs, **options: Any) -> Tensor:
    """A metric of decisions of each class or label by itself, (K,), by scikit-learn's name of it; NaN where z is not finite."""
    several = outputs.task == "multilabel"
    count = outputs.y.shape[OUTPUTS] if several else max(2, outputs.y.shape[OUTPUTS])
    if not bool(torch.isfinite(outputs.z).all()):
        return outputs.z.new_full((count,), torch.nan)
    options |= {"average": None} if several else {"average": None, "labels": range(count)}
    return outputs.z.new_tensor(_asked(function, *_decisions(outputs), options), dtype=torch.float64)


def ranked(function: str, outputs: Outputs, **options: Any) -> Tensor:
    """A metric of how examples are ranked, as a scalar (): of class 1, or the plain mean over classes that do and do not occur.

    Ranked is by the lone raw output, or by log-probabilities (C, N), and by raw outputs on a link that gives none, and of several
    labels at once. NaN where they are not finite, or where no class can be told from another.
    """
    scores = _scores(outputs)
    if not bool(torch.isfinite(scores).all()):
        return scores.new_full((), torch.nan)
    members = outputs.y > 0.5
    distinct = [c for c in range(len(members)) if bool(members[c].any()) and not bool(members[c].all())]
    parts = [_scalar(function, outputs, members[c], scores[c], options) for c in distinct]
    return torch.stack(parts).mean() if parts else scores.new_full((), torch.nan)


def top(k: int, outputs: Outputs) -> Tensor:
    """Top-k accuracy, a scalar (); NaN for at most k classes, of which any answer would be right."""
    classes, scores = outputs.y.shape[OUTPUTS], _scores(outputs)
    if classes <= k or not bool(torch.isfinite(scores).all()):
        return scores.new_full((), torch.nan)
    return _scalar("top_k_accuracy_score", outputs, outputs.labels, scores.T, {"k": k, "labels": range(classes)})


def ranking_of_labels(outputs: Outputs) -> Tensor:
    """How labels are ranked within each example, a scalar (); NaN where raw outputs (C, N) are not finite."""
    if not bool(torch.isfinite(outputs.z).all()):
        return outputs.z.new_full((), torch.nan)
    return _scalar("label_ranking_average_precision_score", outputs, outputs.labels.T, outputs.z.T, {})


def pinball(outputs: Outputs, level: float) -> Tensor:
    """The pinball loss at a quantile, a scalar (): of what the loss says of it, or of the prediction where it says none."""
    quantile = outputs.quantile(level)
    if quantile is None:
        return regressed("mean_pinball_loss", outputs, alpha=level)
    if not bool(torch.isfinite(quantile).all()):
        return quantile.new_full((), torch.nan)
    return _scalar("mean_pinball_loss", outputs, outputs.truth.T, quantile.T, {"alpha": level})


def regressed(function: str, outputs: Outputs, **options: Any) -> Tensor:
    """A metric of a regression, in the targets' own unit, as a scalar (); NaN where predictions (T, N) are not finite."""
    predicted = outputs.predicted
    if not bool(torch.isfinite(predicted).all()):
        return predicted.new_full((), torch.nan)
    return _scalar(function, outputs, outputs.truth.T, predicted.T, options)


def _decisions(outputs: Outputs) -> tuple[Tensor, Tensor]:
    """Truth and decisions as scikit-learn takes them: (N,), or (N, K) of several labels at once."""
    truth, decisions = outputs.labels, outputs.decisions
    return (truth.T, decisions.T) if outputs.task == "multilabel" else (truth, decisions)


def _scores(outputs: Outputs) -> Tensor:
    if outputs.of_classes is not None:
        return outputs.of_classes
    by_itself = outputs.z.shape[OUTPUTS] == 1 or outputs.task == "multilabel"
    return outputs.z if by_itself or not outputs.loss.link_function.probabilities else outputs.log_probabilities


def _scalar(function: str, outputs: Outputs, truth: Tensor, scores: Tensor, options: dict[str, Any]) -> Tensor:
    return outputs.z.new_tensor(float(_asked(function, truth, scores, options)), dtype=torch.float64)


def _asked(function: str, truth: Tensor, scores: Tensor, options: dict[str, Any]) -> Any:
    metric = getattr(scikit_learn("metrics"), function)
    with warnings.catch_warnings(action="ignore"):  # of classes that are never decided for, or do not occur
        return metric(truth.double().cpu().numpy(), scores.double().cpu().numpy(), **options)
