"""Tables as files: delimited text, Parquet, Feather, JSON lines, Excel and arrays, each read within bounds."""

import json
import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from lossbench.errors import BadInput, unknown
from lossbench.files.delimited import WIDEST, Dialect, read_delimited
from lossbench.files.parquet import ParquetReader
from lossbench.files.unpacking import LARGEST, inner_name, read_unpacked

TEXT = (".csv", ".tsv", ".tab", ".txt")
Notes = tuple[str, ...]
_HARM = (
    OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, OverflowError, MemoryError, RecursionError,
    NotImplementedError, SyntaxError, zipfile.BadZipFile, pa.ArrowException,
)  # fmt: skip


def read_table(path: Path, dialect: Dialect, literal: tuple[str, ...] = ()) -> tuple[pd.DataFrame, Notes]:
    """The table in a file, its columns named by text, and notes on what was seen in it that is not plain.

    What kind of file it is says its name: .csv, .tsv, .tab, .txt, .jsonl, .ndjson, .json (each also packed: .gz, .bz2, .xz,
    .zst, .zip), .parquet, .feather, .arrow, .xlsx, .npz; small or capital letters. `literal` names columns in which words such as
    NA are no empty cells. Raises BadInput where the file cannot be read, or would take too much memory.
    """
    kind = Path(inner_name(path)).suffix
    if kind not in (*TEXT, *READERS):
        raise BadInput(f"dataset.path is {str(path)!r}; its name must end in one of {', '.join((*TEXT, *READERS))}.")
    if not path.is_file():
        tables = [str(file.name) for file in path.parent.glob("*") if Path(inner_name(file)).suffix in (*TEXT, *READERS)]
        raise unknown(f"table in {path.parent.absolute()}", path.name, tables)
    content = read_unpacked(path)
    if kind in TEXT:
        return read_delimited(content, path, dialect, literal)
    try:
        frame, notes = READERS[kind](content)
    except ImportError as error:
        raise BadInput(f"{path} is an Excel file, which openpyxl reads: pip install 'lossbench[excel]'.") from error
    except _HARM as error:
        raise BadInput(f"{path} cannot be read as a table: {_line(error)}") from error
    frame.columns = frame.columns.map(str)
    return frame, notes


def _line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _refuse_size(rows: int, columns: int, size: int = 0) -> None:
    """Raise ValueError for a table that is too large for memory, as its file says before it is read."""
    if columns > WIDEST:
        raise ValueError(f"it has {columns:,} columns, and may have {WIDEST:,}")
    if max(8 * rows * columns, size) > 2 * LARGEST:
        raise ValueError(f"it has {rows:,} rows of {columns:,} columns, which take more than {2 * LARGEST:,} bytes")


def _parquet(content: bytes) -> tuple[pd.DataFrame, Notes]:
    reader = ParquetReader(content, "it", WIDEST)
    nested = [field.name for field in reader.schema if pa.types.is_nested(field.type)]
    if nested:
        raise BadInput(f"its column {nested[0]!r} holds lists or mappings, and a cell is a number or a word.")
    frame: pd.DataFrame = reader.read().to_pandas()
    return frame, ()


def _feather(content: bytes) -> tuple[pd.DataFrame, Notes]:
    batches, size = [], 0
    with pa.ipc.open_file(pa.BufferReader(content)) as file:
        for number in range(file.num_record_batches):
            batches.append(file.get_batch(number))
            size += batches[-1].nbytes
            _refuse_size(0, len(file.schema), size)
        frame: pd.DataFrame = pa.Table.from_batches(batches, file.schema).to_pandas()
    return frame, ()


def _json_lines(content: bytes) -> tuple[pd.DataFrame, Notes]:
    return _from_records([json.loads(line) for line in content.decode("utf-8-sig").splitlines() if line.strip()])


def _json(content: bytes) -> tuple[pd.DataFrame, Notes]:
    """A list of objects, or lines with an object each."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return _from_records(json.loads(content.decode("utf-8-sig")))
    return _json_lines(content)


def _from_records(records: Any) -> tuple[pd.DataFrame, Notes]:
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ValueError('a table in JSON is an object a line, or a list of objects, such as {"age": 3, "kind": "a"}')
    nested = {name for record in records for name, value in record.items() if isinstance(value, dict | list)}
    if nested:
        raise ValueError(f"{min(nested)!r} holds lists or objects; a cell holds a number, a text, true, false or null")
    frame = pd.DataFrame.from_records(records)
    _refuse_size(*frame.shape)
    return frame, ()


def _excel(content: bytes) -> tuple[pd.DataFrame, Notes]:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    _refuse_size(0, 0, size)
    with pd.ExcelFile(BytesIO(content), engine="openpyxl") as book:
        frame = pd.read_excel(book, sheet_name=book.sheet_names[0])
        others = book.sheet_names[1:]
        note = (f"read was the first sheet, {book.sheet_names[0]!r}, of {len(others) + 1}",) if others else ()
    frame.columns = ["" if re.fullmatch(r"Unnamed: \d+", str(name)) else str(name) for name in frame.columns]
    return frame, note


def _arrays(content: bytes) -> tuple[pd.DataFrame, Notes]:
    """Arrays of one number of rows: (N,) is a column of its name, and (N, …) columns NAME_0, NAME_1 and so on."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    _refuse_size(0, 0, size)
    columns: dict[str, Any] = {}
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        for name in arrays.files:
            array = arrays[name]
            flat = array.reshape(len(array), -1) if array.ndim else array
            _refuse_size(len(array), len(columns) + flat[:1].size, size)
            columns |= {name: array} if array.ndim == 1 else {f"{name}_{n}": flat[:, n] for n in range(flat.shape[1])}
    return pd.DataFrame(columns), ()


READERS: dict[str, Callable[[bytes], tuple[pd.DataFrame, Notes]]] = {
    ".parquet": _parquet,
    ".feather": _feather,
    ".arrow": _feather,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".xlsx": _excel,
    ".npz": _arrays,
}
