"""Bytes of a file that may be packed (.gz, .bz2, .xz, .zst, .zip): never more than are allowed, whatever it says of itself."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from lossbench.errors import BadInput

LARGEST = 2**30  # bytes, unpacked; MNIST's 60,000 training images as CSV have a ninth of it
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_HARM = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def read_unpacked(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a file, unpacked where its name ends as that of a packed one.

    Raises BadInput for damaged bytes, for more than `largest` of them, for a .zip of several files, and for what is no file.
    """
    if not path.is_file():
        raise BadInput(f"{path} is no regular file.")
    try:
        with _opened(path) as stream:
            content = stream.read(largest + 1)
    except (*_HARM, pa.ArrowException) as error:
        raise BadInput(f"{path} cannot be read as a table: {' '.join(str(error).split()) or type(error).__name__}.") from error
    if len(content) > largest:
        raise BadInput(f"{path} cannot be read as a table: it has more than {largest:,} bytes{_unpacked(path)}.")
    return bytes(content)


def inner_name(path: Path) -> str:
    """The file's name without the ending of a packed one, in small letters: data.csv for Data.CSV.gz."""
    name = path.name.casefold()
    return next((name.removesuffix(ending) for ending in PACKED if name.endswith(ending)), name)


def _unpacked(path: Path) -> str:
    return ", unpacked" if path.suffix.casefold() in PACKED else ""


def _opened(path: Path) -> Any:
    openers: dict[str, Callable[[Path], Any]] = {
        ".gz": gzip.GzipFile,
        ".bz2": bz2.BZ2File,
        ".xz": lzma.LZMAFile,
        ".zst": lambda packed: pa.CompressedInputStream(pa.OSFile(str(packed)), "zstd"),
        ".zip": _only_member,
    }
    opener: Callable[[Path], Any] = openers.get(path.suffix.casefold(), _plain)
    return opener(path)


def _plain(path: Path) -> IO[bytes]:
    return path.open("rb")


def _only_member(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        archive.close()
        raise ValueError(f"it holds {len(members)} files; a packed table is one")
    return archive.open(members[0])
