"""What a recorded column means: title, unit, which way is better, and which losses minimise it.

A class that records something declares it with a `Quantity`. The declaration is stored in the parquet metadata of each
part, so that whoever reads the part needs neither the class nor torch. Parts that were stored before that have none: what
their columns mean stands in builtin.json, which `python -m lossbench.commands.declarations` writes from the shelves.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from lossbench.errors import BadInput, printable, unknown
from lossbench.files.json import parse_json
from lossbench.tables.columns import LAYER, LOSS, NAME, TEST, TRAIN, VALIDATION

Better = Literal["higher", "lower"]
Part = Literal["layer", "class", "output", "bin"]
BINS = 15  # of probabilities, from 0 to 1
Quantities = Mapping[str, "Quantity"]  # by the stem of their columns; built-in ones first
EVERY_LOSS = "*"  # the owner of a loss's own value: each loss minimises its own
METADATA_KEY = b"lossbench.quantities"
BUILTIN_FILE = "builtin.json"
_TYPES: Mapping[str, Any] = {
    "stem": str, "title": str, "unit": str, "better": str | None, "owners": list, "share": bool, "part": str, "curve": bool,
}  # fmt: skip
_SIDES = {TRAIN: "training", TEST: "test", VALIDATION: "validation"}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """The declaration of a recorded quantity.

    stem: the column's name without train_, test_ or validation_ before it and a number behind it; a metric's is its word.
    better: which way is better; None says that neither is, and that nothing is ranked by it.
    owners: words of the losses that minimise this very quantity, up to a factor and a constant. It cannot rank them.
    share: the values are shares, 0 to 1, written in per cent. part: what a number behind the slash in a column counts.
    curve: whether it has a row in the figure of convergence, where one way is better.

    Raises BadInput for a direction or a part that does not exist, and for owners that are no list of words.
    """

    stem: str = ""
    title: str = ""
    unit: str = ""
    better: Better | None = None
    owners: tuple[str, ...] = ()
    share: bool = False
    part: Part = "layer"
    curve: bool = True

    def __post_init__(self) -> None:
        if self.better is not None and self.better not in get_args(Better):
            raise unknown(f"way to be better of {self.title!r}", str(self.better), get_args(Better))
        if self.part not in get_args(Part):
            raise unknown(f"part of {self.title!r}", str(self.part), get_args(Part))
        if isinstance(self.owners, str) or not all(isinstance(word, str) for word in self.owners):
            raise BadInput(f"The owners of {self.title!r} are {self.owners!r}; a tuple of loss words is possible, or ().")

    @property
    def label(self) -> str:
        """Title and unit, as an axis is labelled."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def can_rank(self) -> bool:
        """Whether there are losses that may be ranked by it: one way is better, and it is not each loss's own value."""
        return self.better is not None and EVERY_LOSS not in self.owners

    def neutral_among(self, loss_words: Iterable[str]) -> bool:
        """Whether none of the losses of these words minimises it, so that it may rank them."""
        return not {*self.owners} & {EVERY_LOSS, *loss_words}


def quantity(column: str, quantities: Quantities | None = None, classes: Sequence[str] = ()) -> Quantity:
    """What a column holds: `test_accuracy` is titled "test accuracy", `saturated/2` "saturated, layer 2".

    Classes, outputs and bins are counted from 0, as in `test_recall/3`, "test recall, class 3"; layers from 1. A column that
    nobody declared is titled by its own name. `quantities` are a study's; None means the built-in ones. `classes` are the names
    of the classes, where they are known: then it is "test recall, class virginica", and an output is called by its class
    likewise.
    """
    stem, side, number = parts_of(column)
    known = (builtin() if quantities is None else quantities).get(stem) or Quantity(stem=stem, title=stem.replace("_", " "))
    title = f"{_SIDES[side]} {known.title}" if side else known.title
    if stem == LOSS and side:
        title = f"own {_SIDES[side]} loss"
    name = number.partition(NAME)[2] or _class_name(known.part, number, classes)
    return replace(known, title=f"{title}, {name or f'{known.part} {number}'}" if number else title)


def _class_name(part: Part, number: str, classes: Sequence[str]) -> str:
    """What a class, or the output that stands for it, is called; "" where it has no name. Of two classes there is one output."""
    named = part == "class" or (part == "output" and len(classes) > 2)
    return f"{part} {classes[int(number)]}" if named and number.isdecimal() and int(number) < len(classes) else ""


def parts_of(column: str) -> tuple[str, str, str]:
    """A column's stem, side ("" for none) and number behind the slash: test_recall/3 is recall, test_ and 3."""
    name, _, number = column.partition(LAYER)
    side = next((prefix for prefix in _SIDES if name.startswith(prefix)), "")
    return name.removeprefix(side), side, number


@cache
def builtin() -> Quantities:
    """The quantities that lossbench's own metrics and probes record."""
    return parsed(files(__package__).joinpath(BUILTIN_FILE).read_text(encoding="utf-8"))


def written(quantities: Iterable[Quantity], *, indent: int | None = None) -> str:
    """Declarations as JSON, in the order given."""
    return json.dumps([asdict(item) for item in quantities], ensure_ascii=False, indent=indent)


def parsed(text: str | bytes) -> dict[str, Quantity]:
    """Declarations from JSON, by stem. What a later lossbench may have added to them is passed over.

    Raises BadInput where they are no list of declarations.
    """
    items = parse_json(text, "the declarations of quantities")
    if not isinstance(items, list) or not all(isinstance(item, dict) and isinstance(item.get("stem"), str) for item in items):
        raise BadInput("the declarations of quantities are no list of mappings with a stem")
    return {item["stem"]: _declared(item) for item in items}


def _declared(item: Mapping[str, Any]) -> Quantity:
    """One declaration, its text as a terminal and a page may show it. Raises BadInput for a value of another type."""
    values = {name: value for name, value in item.items() if name in _TYPES}
    for name, value in values.items():
        if not isinstance(value, _TYPES[name]):
            raise BadInput(f"the declaration of {item['stem']!r} says {name}: {str(value)[:60]!r}")
    texts = {name: printable(value) for name, value in values.items() if isinstance(value, str)}
    return Quantity(**values | texts | {"owners": tuple(values.get("owners", ()))})


def known_quantities(stored: Iterable[Mapping[bytes, bytes] | None]) -> Quantities:
    """The quantities of a study, from the metadata of its parts, oldest first: built-in ones, then its own.

    Of declarations that differ the last counts. What is built in is as this lossbench declares it, whatever a part says: a loss
    that was written later may minimise it, too.
    """
    own: dict[str, Quantity] = {}
    for metadata in stored:
        own |= parsed((metadata or {}).get(METADATA_KEY, b"[]"))
    return {**builtin(), **{stem: item for stem, item in own.items() if stem not in builtin()}}
