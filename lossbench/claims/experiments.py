"""Where experiments lie: in the folder `experiments` here, or among those that lossbench brings along."""

from pathlib import Path

from lossbench.claims.schema import FILE, Experiment, read_experiment
from lossbench.errors import unknown
from lossbench.folders import experiment_folders


def experiments() -> dict[str, Path]:
    """The folder of every experiment by name, in alphabetical order; one of your own stands before ours of the same name."""
    folders = {path.parent.name: path.parent for folder in reversed(experiment_folders()) for path in folder.glob(f"*/{FILE}")}
    return dict(sorted(folders.items()))


def find_experiment(name: str) -> Experiment:
    """An experiment by name. Raises BadInput with the nearest name, or where its claims cannot be read."""
    known = experiments()
    if name not in known:
        raise unknown("experiment with claims", name, known)
    return read_experiment(known[name])
