"""JSON: what is nested deep, long or no JSON at all is refused before anybody walks through it."""

import json

import pytest

from lossbench.errors import BadInput
from lossbench.files.json import DEEPEST, LARGEST, MOST_DIGITS, parse_json, read_json


@pytest.mark.parametrize(
    "content",
    ["", "{", "[" * 100_000, "[" * 1000 + "]" * 1000, "1" * 5000, "1" * (MOST_DIGITS + 1), b"\xff\xfe", b"\xef\xbb\xbf1", "nul"],
)
def test_what_is_no_json_or_too_much_is_refused(content):
    with pytest.raises(BadInput, match=r"^f cannot be read as JSON"):
        parse_json(content, "f")


def test_what_is_within_bounds_is_what_was_written(tmp_path):
    deep = [0]
    for _ in range(DEEPEST - 2):
        deep = [deep]
    for value in (deep, [[]] * 1000, 10**MOST_DIGITS - 1, {"path": "1" * 5000}, [1.5, None, True, "ü", -(10**20)]):
        assert parse_json(json.dumps(value), "f") == value
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(BadInput, match="bytes, and may have"):
        read_json(tmp_path / "large")
