"""Archives of arrays (.npz): shapes and sizes are read before contents, and any harm is one kind of error."""

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lossbench.errors import BadInput
from lossbench.files.regular import harm_told, read_bytes

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]
_HARM = (  # what zipfile, zlib and NumPy raise for damaged bytes
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, NotImplementedError, RuntimeError, OverflowError,
    MemoryError, SyntaxError, IndexError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class Header(NamedTuple):
    """What an array will be, as its header says: its shape and data type."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """How many bytes it takes."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_headers(path: Path) -> dict[str, Header]:
    """The headers of an archive's arrays, by name; no array is unpacked. Raises BadInput."""
    with harm_told(f"{path} is damaged", _HARM), zipfile.ZipFile(io.BytesIO(read_bytes(path))) as archive:
        return {name.removesuffix(".npy"): _header(archive, name) for name in archive.namelist()}


def read_npz(path: Path, names: Collection[str] | None = None, largest: int | None = None) -> dict[str, Array]:
    """The arrays of an archive, all or those named, in the shapes that their headers say; checksums are compared.

    Unpacked they may have `largest` bytes; None allows no more than the file has, which is how lossbench writes them.
    Raises BadInput for a damaged byte.
    """
    content = read_bytes(path)
    with harm_told(f"{path} is damaged", _HARM), zipfile.ZipFile(io.BytesIO(content)) as archive:
        wanted = [name for name in archive.namelist() if names is None or name.removesuffix(".npy") in names]
        packed, allowed = sum(archive.getinfo(name).file_size for name in wanted), largest or len(content)
        if packed > allowed:
            raise ValueError(f"its arrays would have {packed:,} bytes, and may have {allowed:,}")
        return {name.removesuffix(".npy"): _array(archive, name) for name in wanted}


def is_whole(path: Path) -> bool:
    """Whether an archive can be read to its end as it was written: every byte of its arrays is looked at."""
    try:
        return bool(read_npz(path))
    except BadInput:
        return False


def _array(archive: zipfile.ZipFile, name: str) -> Array:
    header = _header(archive, name)
    content = archive.read(name)  # whole, so that its checksum is compared; NumPy's own reader stops where the array ends
    if header.bytes > len(content):
        raise ValueError(f"{name} should have {header.bytes:,} bytes, and has {len(content):,}")
    array: Array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return array


def _header(archive: zipfile.ZipFile, name: str) -> Header:
    with archive.open(name) as member:
        version = np.lib.format.read_magic(member)
        if version not in _HEADERS:
            raise ValueError(f"{name} is written in version {version} of NumPy's format")
        shape, _, dtype = _HEADERS[version](member)
    if dtype.hasobject:
        raise ValueError(f"{name} holds objects")
    return Header(tuple(shape), dtype)
