"""Temporary folders that carry the number of their process, so that those of killed processes can be told and removed."""

import os
import re
import shutil
import tempfile
from pathlib import Path

PREFIX = "lossbench-"


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A new temporary folder of this process, once those that killed processes left are removed."""
    clear_orphans(Path(tempfile.gettempdir()))
    return tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", ignore_cleanup_errors=True)


def clear_orphans(folder: Path) -> None:
    """Remove the temporary folders whose process has ended. Never raises."""
    for path in folder.glob(f"{PREFIX}*"):
        owner = re.match(rf"{PREFIX}(\d+)-", path.name)
        if owner and not _lives(int(owner[1])) and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # somebody else's
        return True
    return True
