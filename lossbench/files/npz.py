"""Archives of arrays (.npz): sizes are read before contents, and any harm is one kind of error."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.errors import BadInput

Array = np.ndarray[tuple[int, ...], np.dtype[Any]]
_HARM = (  # what zipfile, zlib and NumPy raise for damaged bytes
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, NotImplementedError, RuntimeError, OverflowError,
    MemoryError, SyntaxError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip


def read_npz(path: Path) -> dict[str, Array]:
    """The arrays of an archive, in the shapes in which lossbench wrote them, uncompressed. Raises BadInput for a damaged byte."""
    try:
        return _arrays(path.read_bytes())
    except _HARM as error:
        raise BadInput(f"{path} is damaged: {' '.join(str(error).split()) or type(error).__name__}.") from error


def _arrays(content: bytes) -> dict[str, Array]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        packed = sum(member.file_size for member in archive.infolist())
        if packed > len(content):
            raise ValueError(f"its arrays would have {packed:,} bytes, of {len(content):,} in the file")
        # Read whole, so that the checksum of each is compared; NumPy's own reader stops where the array ends.
        members = {name.removesuffix(".npy"): io.BytesIO(archive.read(name)) for name in archive.namelist()}
    return {name: np.lib.format.read_array(member, allow_pickle=False) for name, member in members.items()}


def is_whole(path: Path) -> bool:
    """Whether an archive has its end and so its list of arrays; what the arrays hold is not read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(archive.namelist())
    except _HARM:
        return False
