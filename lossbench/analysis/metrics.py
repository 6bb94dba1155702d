"""What the columns of the records mean: title, unit, which way is better, and whom a measure belongs to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from lossbench import tables

Better = Literal["higher", "lower"]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A recorded quantity.

    `owners` are the losses that minimise this very measure, up to a factor and a constant: among them it is no neutral ground.
    None in `better` says that neither way is better. `part` is what a number behind a slash counts.
    """

    stem: str
    title: str
    unit: str = ""
    better: Better | None = None
    owners: tuple[str, ...] = ()
    share: bool = False
    part: Literal["layer", "class", "output"] = "layer"

    @property
    def label(self) -> str:
        """Title and unit, as they stand at an axis."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def neutral_among(self, words: Iterable[str]) -> bool:
        """Whether losses of these words may be ranked by it."""
        return self.stem != tables.LOSS and not set(self.owners) & set(words)


_QUANTITIES = (
    Quantity(stem=tables.LOSS, title="own loss", better="lower"),
    Quantity(stem=tables.ACCURACY, title="accuracy", unit="%", better="higher", share=True),
    Quantity(
        stem=tables.LOG_LOSS,
        title="log loss",
        unit="nats",
        better="lower",
        owners=("cross_entropy", "kullback_leibler", "bernoulli", "logistic_margin"),
    ),
    Quantity(stem=tables.BRIER, title="Brier score", better="lower", owners=("half_squared_error", "brier")),
    Quantity(
        stem=tables.SQUARED_ERROR,
        title="squared error",
        unit="≈\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}R²",
        better="lower",
        owners=("half_squared_error", "gaussian"),
    ),
    Quantity(stem=tables.GRADIENT_WEIGHTS, title="‖dL/dW‖"),
    Quantity(stem=tables.GRADIENT_BIASES, title="‖dL/db‖"),
    Quantity(stem=tables.OUTPUT_GRADIENT, title="gradient |dL/dz|"),
    Quantity(stem=tables.OUTPUT_ERROR, title="error |dL/da|"),
    Quantity(stem=tables.OUTPUT_SLOPE, title="slope |da/dz|"),
    Quantity(stem=tables.RECALL, title="recall", unit="%", better="higher", share=True, part="class"),
    Quantity(stem=tables.OUTPUT_SLOPES, title="slope", part="output"),
    Quantity(stem=tables.OUTPUT_GRADIENTS, title="gradient |dL/dz|", part="output"),
    Quantity(stem=tables.SATURATED, title="saturated", unit="%", share=True),
    Quantity(stem=tables.ACTIVATION_MEAN, title="mean activation"),
    Quantity(stem=tables.ACTIVATION_SPREAD, title="spread of activations"),
    Quantity(stem=tables.UPDATE_RATIO, title="size of update / size of weights"),
)
_BY_STEM = {quantity.stem: quantity for quantity in _QUANTITIES}
KNOWN = tuple(_BY_STEM)
_SIDES = {tables.TRAIN: "training", tables.TEST: "test"}


def quantity(column: str) -> Quantity:
    """What a column holds; `test_accuracy` is titled "test accuracy", `saturated/2` "saturated, layer 2".

    `test_recall/3` is "test recall, class 3": classes and outputs are counted from 0, layers from 1.

    A column that a plugin's probe made up is titled by its own name.
    """
    name, _, number = column.partition(tables.LAYER)
    side = next((prefix for prefix in _SIDES if name.startswith(prefix)), "")
    stem = name.removeprefix(side)
    known = _BY_STEM.get(stem, Quantity(stem=stem, title=stem.replace("_", " ")))
    title = f"{_SIDES[side]} {known.title}" if side else known.title
    if stem == tables.LOSS and side:
        title = f"own {_SIDES[side]} loss"
    return replace(known, title=f"{title}, {known.part} {number}" if number else title)
