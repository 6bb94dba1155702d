"""What goes wrong, told to the person who can mend it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

_HARMLESS = "\n\t\N{NO-BREAK SPACE}"  # invisible, and fit to be shown
TRAINING = frozenset(  # what the extra `train` installs, by the names that Python imports
    ["filelock", "hydra", "joblib", "llvmlite", "mlxtend", "mpmath", "numba", "omegaconf", "sklearn", "threadpoolctl", "torch"]
)
_SHOWN = 60  # names in a message; a user's table may have thousands of columns


class BadInput(ValueError):
    """The words, a file or a value cannot be used as asked. The command line answers with the message and exit code 2."""


class Failure(RuntimeError):
    """The words were right and the work could not be done. The command line answers with the message and exit code 1."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM ended the work. The message says what was done until then; the same call goes on from there."""


@contextmanager
def training_for(asked: str) -> Iterator[None]:
    """Around what imports the training side: a library that is not installed becomes BadInput, which names the extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = str(error.name).partition(".")[0]
        if library not in TRAINING:
            raise
        raise BadInput(
            f"{asked} needs {library}, which is not installed. `pip install 'lossbench[train]'` brings all that trains."
        ) from error


def unknown(what: str, asked: str, known: Iterable[str]) -> BadInput:
    """The refusal of a name: what was asked, the nearest that exists, and all that exist."""
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    near = get_close_matches(asked.casefold(), folded, n=1, cutoff=0.5)
    hint = f" Did you mean {folded[near[0]]!r}?" if near else ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return BadInput(f"No {what} is called {asked!r}.{hint} Known: {', '.join(names[:_SHOWN]) or 'none'}{more}.")


def counted(n: int, one: str, many: str | None = None) -> str:
    """So many of a thing in a message: "1 run", "1,200 runs"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def printable(text: str) -> str:
    """Text of a file as a terminal may show it: control and other invisible characters are escaped.

    A study or a claims file may come from a stranger, and an escape sequence in a name would rewrite the reader's screen.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in _HARMLESS else letter.encode("unicode_escape").decode() for letter in text
    )
