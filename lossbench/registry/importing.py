"""Modules that somebody else wrote are imported here: plugins, and the modules of a path MODULE:NAME."""

import importlib
import os
import sys
import sysconfig
import traceback
from pathlib import Path
from types import ModuleType

from lossbench.errors import BadInput
from lossbench.guard import hold_exits

# Code that was not written for this: it may stand below somebody's line in a traceback, as where a library wraps sys.exit.
INSTALLED = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
LIBRARIES = tuple(f"{folder}{os.sep}" for folder in (*sorted(INSTALLED), Path(__file__).parents[1]))


def import_from_outside(name: str, asked: str, *, from_current_folder: bool = False) -> ModuleType:
    """Run and return a module that the words in `asked` name.

    Modules of the current folder are found after all others, where they are asked for. Raises BadInput where the module is not
    found, or fails while it is imported, by an exit included.
    """
    if from_current_folder and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    hold_exits(name)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        folder = "the current one, or on" if from_current_folder else "on"
        raise BadInput(f"{asked} could not be imported: {error}. Is its folder {folder} PYTHONPATH?") from error
    except BadInput:
        raise
    except (Exception, SystemExit) as error:
        raise BadInput(f"{asked} failed while it was imported{_line_of(error)}: {message_of(error)}.") from error


def message_of(error: BaseException) -> str:
    """The kind of an error and what it says, in one line."""
    text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    return f"{type(error).__name__} {text}".strip().rstrip(".")


def _line_of(error: BaseException) -> str:
    """Where the last line of somebody's own code stands that an import came to."""
    if isinstance(error, SyntaxError):
        return f" (line {error.lineno})" if error.lineno else ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    own = [frame for frame in frames if not frame.filename.startswith(LIBRARIES)] or frames
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
