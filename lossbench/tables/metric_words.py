"""Metrics by the short names that the field has for them."""

from lossbench.tables.columns import LAYER

SHORT = {
    "ap": "average_precision",
    "auc": "roc_auc",
    "ece": "calibration_error",
    "f1_macro": "macro_f1",
    "mae": "mean_absolute_error",
    "mcc": "matthews_correlation",
    "r²": "r2",
    "rmse": "root_mean_squared_error",
    "top_3": "top_three_accuracy",
    "top_5": "top_five_accuracy",
}


def metric_word(given: str) -> str:
    """The word of a metric that is given by its word or by a short name, in any case; what stands after a slash stays."""
    stem, slash, part = given.partition(LAYER)
    return SHORT.get(stem.casefold(), stem) + slash + part
