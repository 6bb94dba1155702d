"""CSV tables beside an experiment's claims: only from its folder, and only as large as a published curve is."""

from io import StringIO
from pathlib import Path

import pandas as pd

from lossbench.errors import BadInput
from lossbench.files.regular import read_text

LARGEST = 8 * 2**20  # bytes; the largest published curve in this repository has 5 kB
WIDEST = 1000  # columns
CHUNK = 2**20  # bytes of a line that are looked at together


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
    text = read_text(path, LARGEST, " as CSV")
    refuse_wide(path, WIDEST)
    try:
        return pd.read_csv(StringIO(text))
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{path} cannot be read as CSV ({' '.join(str(error).split())}).") from error


def refuse_wide(path: Path, widest: int) -> None:
    """Raise BadInput where a CSV file's first line has more columns than that; no more of it is read than tells."""
    commas = 0
    with path.open("rb") as file:
        while chunk := file.readline(CHUNK):
            commas += chunk.count(b",")
            if commas >= widest:
                raise BadInput(f"{path} cannot be read as CSV: it has more than {widest:,} columns.")
            if chunk.endswith(b"\n"):
                return
