"""What a part's data are worth without learning: accuracies of always answering the most frequent class, in its metadata.

By the fingerprint of the data, and by column. Parts that were stored before have none.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from lossbench.errors import BadInput, printable
from lossbench.files.json import parse_json

BASELINES_KEY = b"lossbench.baselines"
Baselines = Mapping[str, Mapping[str, float]]


def known_baselines(stored: Iterable[Mapping[bytes, bytes] | None]) -> Baselines:
    """The baselines of a study, from the metadata of its parts. Raises BadInput where they are no numbers by data and column."""
    known: dict[str, Mapping[str, float]] = {}
    for metadata in stored:
        known |= parsed_baselines((metadata or {}).get(BASELINES_KEY, b"{}"))
    return known


def parsed_baselines(text: str | bytes) -> Baselines:
    """Baselines from JSON. Raises BadInput where they are no numbers by data and column."""
    content = parse_json(text, "the baselines")
    if not isinstance(content, dict) or not all(_is_numbers(value) for value in content.values()):
        raise BadInput("the baselines are no mapping of data to numbers by column")
    return {printable(data): {str(column): float(value) for column, value in by.items()} for data, by in content.items()}


def _is_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(number) for number in value.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
