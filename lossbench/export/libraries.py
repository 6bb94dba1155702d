"""Libraries that only an export needs, which an extra installs."""

import importlib
from types import ModuleType

from lossbench.errors import BadInput


def library(module: str, extra: str) -> ModuleType:
    """A module of a library that is no dependency. Raises BadInput that names the extra where it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        lacking = str(error.name).partition(".")[0]
        raise BadInput(f"{lacking} is not installed. `pip install 'lossbench[{extra}]'` brings it.") from error
