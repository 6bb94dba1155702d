"""Ctrl-C and SIGTERM end a sweep, even where the KeyboardInterrupt that they raise is lost.

Python raises it wherever the program happens to be: within a library that catches everything while it is imported, say, or
while an object is finalised, where it is printed and ignored. So a signal is also noted, and a sweep looks for the note.
"""

import signal
from types import FrameType

_asked = False


def end_on_signals() -> None:
    """From now on SIGTERM ends the work as Ctrl-C does. Where Ctrl-C is ignored, as below nohup, it stays ignored."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def stop_if_asked() -> None:
    """Raise KeyboardInterrupt where a signal asked for the end and nothing has ended since."""
    if _asked:
        forget_interrupt()
        raise KeyboardInterrupt


def forget_interrupt() -> None:
    """The work has ended as it was asked to; what begins afterwards is not ended by the same signal."""
    global _asked  # noqa: PLW0603  (a process has one table of signals, too)
    _asked = False


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _asked  # noqa: PLW0603
    _asked = True
    signal.default_int_handler(number, frame)
