"""Standard input, output and error as a shell may leave them: closed, or in an encoding that has few letters."""

import os
import sys

STANDARD = ("stdin", "stdout", "stderr")  # by their descriptors


def open_streams() -> None:
    """Give the program all three: nothing where one is closed, and escapes for letters that an encoding lacks.

    Where 2>&- closed standard error, the next file to be opened would get its number, and error messages of libraries.
    """
    for descriptor, name in enumerate(STANDARD):
        stream = getattr(sys, name)
        if stream is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
            os.set_inheritable(descriptor, True)  # noqa: FBT003 - which dup2 leaves where the two are one
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r", encoding="utf-8"))
        elif descriptor and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
