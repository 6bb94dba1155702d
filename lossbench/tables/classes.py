"""The names of the classes that a part's runs learn, by the fingerprint of their data: kept in the part's metadata.

Parts that were stored before have none, and classes that are called as they are counted, 0, 1, …, are not named.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lossbench.errors import BadInput, printable
from lossbench.files.json import parse_json

CLASSES_KEY = b"lossbench.classes"
SHOWN = 20  # classes told by name; of more how many
ClassNames = Mapping[str, tuple[str, ...]]  # by the fingerprint of the data; the place of a name is its class's number


def names_of(classes: Iterable[str] | None) -> tuple[str, ...]:
    """The names as they are kept: () where there are none, and where each class is called by its number."""
    names = tuple(classes or ())
    return () if names == tuple(map(str, range(len(names)))) else names


def class_names(stored: Iterable[Mapping[bytes, bytes] | None]) -> ClassNames:
    """The names of a study's classes, from the metadata of its parts. Raises BadInput where they are no lists of texts."""
    known: dict[str, tuple[str, ...]] = {}
    for metadata in stored:
        known |= parsed_classes((metadata or {}).get(CLASSES_KEY, b"{}"))
    return known


def parsed_classes(text: str | bytes) -> ClassNames:
    """Names from JSON, as a terminal and a page may show them. Raises BadInput where they are no lists of texts by data."""
    content = parse_json(text, "the names of classes")
    if not isinstance(content, dict) or not all(_is_names(value) for value in content.values()):
        raise BadInput("the names of classes are no mapping of data to lists of texts")
    return {printable(data): tuple(map(printable, names)) for data, names in content.items()}


def common_names(names: ClassNames, data: Iterable[str]) -> tuple[str, ...]:
    """The names that the classes of all these data have, by their fingerprints; () where some have others, or none."""
    every = {names.get(fingerprint, ()) for fingerprint in data}
    return every.pop() if len(every) == 1 else ()


def spoken_classes(names: Sequence[str], task: str = "classification") -> str:
    """Names of classes with the numbers they are counted by: "ok (0) and fraud (1), which is the positive class".

    Of several labels at once (multilabel) none is positive; classes in an order (ordinal) are told from low to high.
    """
    numbered = [f"{name} ({number})" for number, name in enumerate(names)]
    if len(numbered) == 2 and task == "classification":
        return f"{numbered[0]} and {numbered[1]}, which is the positive class"
    more = f" and {len(numbered) - SHOWN} more" if len(numbered) > SHOWN else ""
    order = ", from low to high" if task == "ordinal" else ""
    return ", ".join(numbered[:SHOWN]) + more + order


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(name, str) for name in value)
