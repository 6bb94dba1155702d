"""Regular files: a pipe is never waited for, and no file is read that is larger than its kind may be."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lossbench.errors import BadInput


def read_bytes(path: Path, largest: int | None = None, kind: str = "") -> bytes:
    """A regular file's content of at most `largest` bytes; `kind`, such as " as CSV", says in messages what it is read as.

    Raises BadInput for anything else, and where it may not be read.
    """
    try:
        state = path.stat()
        excess = _excess(state.st_mode, state.st_size, largest)
        content = b"" if excess else path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that holds a null byte
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise BadInput(f"{path} cannot be read{kind} ({reason}).") from error
    if excess:
        raise BadInput(f"{path} cannot be read{kind}: it {excess}.")
    return content


def read_text(path: Path, largest: int, kind: str = "") -> str:
    """The same as text in UTF-8."""
    try:
        return read_bytes(path, largest, kind).decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} cannot be read{kind}: its bytes are no UTF-8 (byte {error.start + 1:,}).") from error


@contextmanager
def harm_told(beginning: str, harm: tuple[type[Exception], ...]) -> Iterator[None]:
    """Raise what a reader raises for damaged bytes as BadInput: the beginning of a sentence, and what the reader says."""
    try:
        yield
    except BadInput:
        raise
    except harm as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise BadInput(f"{beginning}: {reason.rstrip('.')}.") from error


def _excess(mode: int, size: int, largest: int | None) -> str:
    """Why a file is not read at all, "" where it is."""
    if not stat.S_ISREG(mode):
        return "is no regular file"
    if largest is not None and size > largest:
        return f"has {size:,} bytes, and may have {largest:,}"
    return ""
