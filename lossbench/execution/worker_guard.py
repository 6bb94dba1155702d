"""A worker ends with the process that started it. Imports nothing slow: it works while the rest is still being imported."""

import os
import shutil
import threading
import time
from pathlib import Path

GUARD_SECONDS = 0.2  # between two looks of a worker at whether its parent lives


def guard_worker(parent: int, folder: Path) -> None:
    """In a worker, first of all: end with the parent, however that ended, and remove the shared folder that it left."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(GUARD_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
