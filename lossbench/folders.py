"""Where the project's own configs and experiments lie: inside the package once it is installed, beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_PARENTS = (_PACKAGE, _PACKAGE.parent)


def conf_folder() -> Path:
    """The folder of Hydra configs that lossbench brings along."""
    return _brought("conf")


def experiment_folders() -> tuple[Path, Path]:
    """The folders in which experiments lie: the user's, here, and the one that lossbench brings along."""
    return Path("experiments"), _brought("experiments")


def _brought(name: str) -> Path:
    return next((parent / name for parent in _PARENTS if (parent / name).is_dir()), _PARENTS[-1] / name)
