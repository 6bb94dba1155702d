"""Delimited text (CSV and its dialects): which separator, decimal sign and encoding a file has, seen from its bytes.

Plain CSV (commas, points, UTF-8) is read as pandas reads it, bit for bit; only what differs is treated otherwise.
"""

import codecs
import re
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_float_dtype, is_numeric_dtype
from pandas.errors import ParserWarning

from lossbench.errors import BadInput

SEPARATORS = (",", ";", "\t", "|")
WIDEST = 20_000  # columns
SNIFFED = 2**16  # bytes that are looked at to find separator and encoding
LINES = 20
_QUOTED = re.compile(r'"[^"]*"')
_COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d*)(,\d+)?([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"\d\.\d{3}(\D|$)")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a delimited file is written; None where it is to be seen from the file."""

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None


def read_delimited(
    content: bytes, path: Path, dialect: Dialect, literal: tuple[str, ...]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table in delimited text, its columns named as written, and notes on what was not plain.

    In columns named `literal` that hold text, words such as NA and None are themselves; elsewhere they are empty cells. Raises
    BadInput where the content is no such table.
    """
    content, note = _as_utf8(content, path, dialect.encoding)
    head = content[:SNIFFED].decode(errors="replace").splitlines()[:LINES]
    separator = dialect.separator or separator_of(head, path)
    columns = content.partition(b"\n")[0].count(separator.encode()) + 1
    if columns > WIDEST:
        raise BadInput(f"{path} cannot be read as a table: it has up to {columns:,} columns, and may have {WIDEST:,}.")
    options: dict[str, Any] = {"sep": separator}
    frame = _parsed(content, path, options)
    if dialect.decimal or separator != ",":
        options |= _decimal_options(frame, path, dialect.decimal)
    if len(options) > 1:
        frame = _parsed(content, path, options)
    header = _header(content, path, separator)
    frame = frame.set_axis(header, axis=1)  # as written: pandas renames what comes twice
    return _with_literal_words(frame, content, separator, literal), note


def separator_of(lines: list[str], path: Path) -> str:
    """What stands between the cells: of the usual signs the one that each of the first lines has equally often.

    A tab where the name ends in .tsv or .tab.
    """
    if ".tsv" in path.name.casefold() or ".tab" in path.name.casefold():
        return "\t"
    bare = [_QUOTED.sub("", line) for line in lines if line.strip()]
    even = [sign for sign in SEPARATORS if bare and bare[0].count(sign) and len({line.count(sign) for line in bare}) == 1]
    in_header = [sign for sign in SEPARATORS if bare and sign in bare[0]]
    return next(iter([*even, *in_header]), ",")


def _as_utf8(content: bytes, path: Path, encoding: str | None) -> tuple[bytes, tuple[str, ...]]:
    """The content in UTF-8, and a note where the encoding was guessed."""
    guessed = encoding or _encoding_of(content)
    note = f"{path} is no UTF-8 and was read as {guessed}; dataset.encoding says otherwise"
    if guessed == "utf-8" and not encoding:
        return content, ()
    try:
        return content.decode(guessed).encode(), () if encoding or guessed.startswith("utf") else (note,)
    except LookupError as error:
        raise BadInput(
            f"dataset.encoding is {guessed!r}, which is no encoding; such as utf-8, latin-1, utf-16 or cp1252."
        ) from error
    except UnicodeError as error:
        raise BadInput(
            f"{path} cannot be read as a table: it is no {guessed} ({error}). dataset.encoding says what it is."
        ) from error


def _encoding_of(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = content[:SNIFFED:2].count(0), content[1:SNIFFED:2].count(0)
    if max(even, odd) > len(content[:SNIFFED]) // 4:
        return "utf-16-be" if even > odd else "utf-16-le"
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _parsed(content: bytes, path: Path, options: dict[str, Any]) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():  # a row with more cells than the header is an error here, and a guess to pandas
            warnings.simplefilter("error", ParserWarning)
            frame: pd.DataFrame = pd.read_csv(BytesIO(content), index_col=False, **options)
            return frame
    except ParserWarning as error:
        raise BadInput(f"{path} cannot be read as a table: its rows have more cells than its header has names.") from error
    except (OSError, ValueError, LookupError, TypeError, OverflowError) as error:
        raise BadInput(f"{path} cannot be read as a table: {str(error).strip().splitlines()[0]}") from error


def _header(content: bytes, path: Path, separator: str) -> list[str]:
    options = {"sep": separator, "header": None, "nrows": 1, "dtype": str}
    names: list[str] = _parsed(content, path, options).iloc[0].fillna("").to_list()
    return names


def _decimal_options(frame: pd.DataFrame, path: Path, decimal: str | None) -> dict[str, str]:
    """What pandas must be told of decimal commas. Raises BadInput where commas and points are both decimal signs."""
    if decimal:
        return {"decimal": decimal}
    texts = {name: frame[name].dropna().astype(str) for name in frame.columns if not is_numeric_dtype(frame[name])}
    commas = {name: cells for name, cells in texts.items() if cells.str.contains(",").any() and cells.map(_is_comma_number).all()}
    if not commas:
        return {}
    pointed = [name for name in frame.columns if is_float_dtype(frame[name]) and (frame[name].dropna() % 1 != 0).any()]
    thousands = any(_THOUSANDS.search(cell) for cells in commas.values() for cell in cells)
    if pointed and not thousands:
        raise BadInput(
            f"{path} has decimal commas in {next(iter(commas))!r} and decimal points in {pointed[0]!r}. "
            f"dataset.decimal=',' or '.' says which it is."
        )
    return {"decimal": ",", **({"thousands": "."} if thousands else {})}


def _is_comma_number(cell: str) -> bool:
    return bool(cell.strip()) and _COMMA_NUMBER.fullmatch(cell.strip()) is not None


def _with_literal_words(frame: pd.DataFrame, content: bytes, separator: str, literal: tuple[str, ...]) -> pd.DataFrame:
    """The frame with words that pandas takes for empty cells, such as NA, as they are in some columns of text."""
    for position, name in enumerate(frame.columns):
        once = list(frame.columns).count(name) == 1
        if name not in literal or not once or is_numeric_dtype(frame[name]) or not frame[name].isna().any():
            continue
        options: dict[str, Any] = {"sep": separator, "usecols": [position], "dtype": str, "keep_default_na": False}
        written = pd.read_csv(BytesIO(content), index_col=False, **options).iloc[:, 0]
        frame = frame.assign(**{name: written.mask(written == "").to_numpy()})
    return frame
