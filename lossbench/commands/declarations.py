"""The declarations of what lossbench itself records, written beside the window: `python -m lossbench.commands.declarations`."""

from pathlib import Path

from lossbench import tables
from lossbench.interfaces.recorders import declared, recorder_classes
from lossbench.tables.quantity import BUILTIN_FILE, written


def builtin_declarations() -> str:
    """What the metrics and probes of lossbench's own shelves declare, as JSON, metrics first and by their words."""
    own = [cls for cls in recorder_classes().values() if cls.__module__.startswith("lossbench.")]
    return written(declared(sorted(own, key=lambda cls: cls.noun)), indent=1) + "\n"


if __name__ == "__main__":
    Path(tables.__file__).with_name(BUILTIN_FILE).write_text(builtin_declarations(), encoding="utf-8")
