"""Where experiments lie: in the folder `experiments` here, or among those that lossbench brings along."""

from pathlib import Path

from lossbench.analysis.claims.statement import FILE, Experiment, read_experiment
from lossbench.errors import unknown

_PACKAGE = Path(__file__).parents[2]
# In a wheel the experiments lie inside the package, in a checkout beside it.
_FOLDERS = (Path("experiments"), _PACKAGE / "experiments", _PACKAGE.parent / "experiments")


def experiments() -> dict[str, Path]:
    """The folder of every experiment by name, in alphabetical order; one of your own stands before ours of the same name."""
    found = {path.parent.name: path.parent for folder in reversed(_FOLDERS) for path in folder.glob(f"*/{FILE}")}
    return dict(sorted(found.items()))


def find_experiment(name: str) -> Experiment:
    """An experiment by name. Raises BadInput with the nearest name, or where its claims cannot be read."""
    known = experiments()
    if name not in known:
        raise unknown("experiment with claims", name, known)
    return read_experiment(known[name])
