"""Formulas over the columns of a table: `100 * it`, `log(slow / fast)`."""

import numpy as np
import pandas as pd

from lossbench.analysis.statistics import Values
from lossbench.errors import BadInput


def evaluate(formula: str, table: pd.DataFrame, where: str) -> Values:
    """The formula's value in each row, (rows,); a truth becomes 1 or 0. Raises BadInput for what is no formula."""
    try:
        # A division by 0 gives an infinity, as elsewhere; a local variable of ours is nobody's business.
        with np.errstate(all="ignore"):
            value = table.eval(formula.replace("@", " "), engine="python") if isinstance(formula, str) else formula
        return np.broadcast_to(np.asarray(value, dtype=float), len(table)).copy()
    except Exception as error:  # pandas raises what Python's parser and its own visitor do
        reason = " ".join(str(error).split())
        raise BadInput(
            f"{where}: the formula {formula!r} cannot be worked out ({reason}). Known: {', '.join(table.columns)}."
        ) from error
