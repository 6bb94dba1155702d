"""The words of engine.executor: lossbench's own, and those that installed packages bring as entry points."""

from importlib.metadata import EntryPoint, entry_points

from lossbench.errors import unknown

GROUP = "lossbench.executors"
LOCAL = ("auto", "serial", "loky")  # on this machine; all others may train on others
CLUSTERS = ("dask", "slurm")


def foreign_executors() -> dict[str, EntryPoint]:
    """The executors of installed packages by word; none takes a word of lossbench's own."""
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in (*LOCAL, *CLUSTERS)}


def refuse_unknown_executor(word: str) -> None:
    """Raise BadInput for a word that names no executor."""
    if word not in (*LOCAL, *CLUSTERS) and word not in foreign_executors():
        raise unknown("executor", word, [*LOCAL, *CLUSTERS, *foreign_executors()])
