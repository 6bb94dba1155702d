"""Files that are there whole or not at all, and the sentences for a disk that refuses."""

import errno
import os
import secrets
import time
from pathlib import Path

from lossbench.errors import BadInput, Failure

TEMPORARY = ".tmp"
OLD_SECONDS = 3600.0  # no writer needs an hour for one file: an older temporary file has lost its writer
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name beside its own, and then rename: killed at any moment, it is whole or not there.

    Raises Failure where the disk is full, BadInput where the folder cannot be written to; nothing half-written stays.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        raise refused(error, path) from error


def clear_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed writers left in a folder; young ones may still have a writer and stay."""
    try:
        for path in folder.glob(f".*{TEMPORARY}"):
            if time.time() - path.stat().st_mtime > OLD_SECONDS:
                path.unlink(missing_ok=True)
    except FileNotFoundError:
        return  # another process cleared it first
    except OSError as error:
        raise refused(error, folder) from error


def refused(error: OSError, path: Path) -> BadInput | Failure:
    """The message for an operating system's refusal to read or write a path."""
    reason = (error.strerror or str(error)).lower()
    if error.errno in _FULL:
        return Failure(f"No space is left to write {path} ({reason}). What was stored is kept. Free some space and run again.")
    if error.errno in _FORBIDDEN:
        return BadInput(f"{path} cannot be read or written ({reason}). Change its permissions, or choose another folder.")
    return Failure(f"{path} could not be read or written ({reason}). What was stored is kept.")


def _sync(folder: Path) -> None:
    """Make a rename in the folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
