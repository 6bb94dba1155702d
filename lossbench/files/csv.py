"""CSV tables beside an experiment's claims: only from its folder, and only as large as a published curve is."""

import stat
from pathlib import Path

import pandas as pd

from lossbench.errors import BadInput

LARGEST = 8 * 2**20  # bytes; the largest published curve in this repository has 5 kB
WIDEST = 1000  # columns


def within(folder: Path, name: object) -> Path:
    """The file that a name stands for in a folder or beneath it. Raises BadInput where it leads out, a link followed or not."""
    if not isinstance(name, str) or not name or not name.isprintable():
        raise BadInput(f"{name!r} is no file's name.")
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as error:  # a name too long, links that lead to one another
        raise BadInput(f"{name!r} is no file's name ({error}).") from error
    if not inside or Path(name).is_absolute() or ".." in Path(name).parts:
        raise BadInput(f"{name!r} leads out of {folder}; a file that claims name lies in their experiment's folder.")
    return path


def read_csv(path: Path) -> pd.DataFrame:
    """The table in a small CSV file with a header. Raises BadInput for what is no such file, too large or too wide."""
    try:
        excess = _excess(path)
        table = None if excess else pd.read_csv(path, compression=None)  # c.csv.gz might unpack to anything
    except (OSError, ValueError, OverflowError) as error:
        raise BadInput(f"{path} cannot be read as CSV ({' '.join(str(error).split())}).") from error
    if table is None:
        raise BadInput(f"{path} cannot be read as CSV: it {excess}.")
    return table


def _excess(path: Path) -> str:
    """Why a file is not read at all, "" where it is. Raises OSError, and ValueError for bytes that are no UTF-8."""
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):  # a pipe would be waited for
        return "is no regular file"
    if state.st_size > LARGEST:
        return f"has {state.st_size:,} bytes, and may have {LARGEST:,}"
    with path.open(encoding="utf-8") as lines:
        columns = next(lines, "").count(",") + 1
    return f"has {columns:,} columns, and may have {WIDEST:,}" if columns > WIDEST else ""
