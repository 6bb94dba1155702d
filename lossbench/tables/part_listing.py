"""The parts of a study, read while another process may add some, or merge several into one."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lossbench.errors import BadInput
from lossbench.tables.columns import PARTS

MOST_LISTINGS = 1000  # before it is said that a study does not hold still
T = TypeVar("T")


class Gone(BadInput):
    """A part that was listed and is not there any more."""


def part_files(folder: Path) -> list[Path]:
    """The stored parts of a study, oldest first."""
    return sorted((folder / PARTS).glob("part-*.parquet"))


def each_part(folder: Path, read: Callable[[Path], T]) -> dict[Path, T]:
    """What `read` makes of each part, oldest first; it raises Gone for one that is not there any more.

    Parts are listed anew until the listing is what was read: a listing that is taken while parts are merged may have neither the
    old ones nor the new. Raises Gone where that does not come to an end, and what `read` raises.
    """
    known: dict[Path, T] = {}
    for _ in range(MOST_LISTINGS):
        paths = part_files(folder)
        try:
            for path in paths:
                if path not in known:
                    known[path] = read(path)
        except Gone:
            continue
        if part_files(folder) == paths:
            return {path: known[path] for path in paths}
    raise Gone(f"The parts in {folder / PARTS} change all the time; read it when nothing stores into it.")
