"""JSON: bounded in bytes, depth and digits, so that whoever walks through it afterwards needs no bounds of its own."""

import json
import re
from pathlib import Path
from typing import Any

from lossbench.errors import BadInput
from lossbench.files.regular import read_bytes

LARGEST = 64 * 2**20  # bytes; the invocation of a sweep of 100,000 runs has a few million
DEEPEST = 40  # lists and mappings within one another
MOST_DIGITS = 300  # of a number; a float holds 308
_LONG_NUMBER = re.compile(rf"\d{{{MOST_DIGITS + 1}}}")


def read_json(path: Path, largest: int = LARGEST) -> Any:
    """What a JSON file holds, in plain values. Raises BadInput for what is no JSON, too large, too deep or too long a number."""
    return parse_json(read_bytes(path, largest, " as JSON"), str(path))


def parse_json(content: str | bytes, where: str) -> Any:
    """What JSON text holds; `where` names it in messages. Raises BadInput."""
    try:
        text = content.decode() if isinstance(content, bytes) else content
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: no JSON, no UTF-8, a number of thousands of digits
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise BadInput(f"{where} cannot be read as JSON ({reason}).") from error
    # Most texts have too few brackets and digits to break a bound; only the others are walked through.
    if text.count("[") + text.count("{") > DEEPEST or _LONG_NUMBER.search(text):
        _refuse_excess(value, where)
    return value


def _refuse_excess(value: Any, where: str) -> None:
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise BadInput(f"{where} cannot be read as JSON (it is nested more than {DEEPEST} deep).")
        if any(isinstance(item, int) and abs(item) >= 10**MOST_DIGITS for item in level):
            raise BadInput(f"{where} cannot be read as JSON (a number has more than {MOST_DIGITS} digits).")
        level = [part for item in level if isinstance(item, dict | list) for part in _parts(item)]
        depth += 1


def _parts(item: Any) -> list[Any]:
    return list(item.values()) if isinstance(item, dict) else item
