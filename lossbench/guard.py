"""Where code from outside is called: what a plugin raises, or returns instead of what it promised, becomes one sentence.

The methods of a noun are wrapped when a class from outside is defined, so that whoever calls them, in whatever process, meets
BadInput or a value of the right kind. Classes of lossbench itself are left as they are, and cost nothing.
"""

import inspect
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from types import FunctionType
from typing import Any, NamedTuple

from lossbench.errors import BadInput, Failure

OURS, INTERFACES = "lossbench.", "lossbench.interfaces"
SHOWN = 60  # characters of a value in a message
# What already says what it is, or is no fault of the plugin's. An exit of the plugin's is: its code must not pass for ours.
PASSED_ON = (BadInput, Failure, KeyboardInterrupt, MemoryError)


class Call(NamedTuple):
    """A call of a method: the instance, its arguments, and what it returned."""

    plugin: Any
    arguments: Sequence[Any]
    returned: Any


Check = Callable[[Call], str]
_checks: dict[tuple[str, str], Check] = {}
_held: set[str] = set()  # modules from outside, whose exits are held


def outside(cls: type) -> bool:
    """Whether a class is not one of lossbench's own."""
    return not cls.__module__.startswith(OURS)


def returns(noun: str, *methods: str) -> Callable[[Check], Check]:
    """Register a check of what methods of a noun return.

    It is given the call, and returns what was expected of it, in words; "" where that is what it returned.
    """

    def register(check: Check) -> Check:
        _checks.update({(noun, method): check for method in methods})
        return check

    return register


def hold_exits(module: str) -> None:
    """Make os._exit, called in a module from outside, raise SystemExit: what the process ends with is ours to say.

    A script's own process is the script's.
    """
    if module != "__main__":
        _held.add(module)
    if not hasattr(os._exit, "held"):
        os._exit = _held_exit(os._exit)  # type: ignore[assignment]


def _held_exit(leave: Callable[[int], Any]) -> Callable[[int], Any]:
    def exit_if_ours(status: int) -> None:
        frame = inspect.currentframe()
        if frame and frame.f_back and frame.f_back.f_globals.get("__name__") in _held:
            raise SystemExit(status)
        leave(status)

    vars(exit_if_ours)["held"] = True
    return exit_if_ours


def guard(cls: Any) -> None:
    """Wrap the methods and properties of a class from outside that its noun knows, inherited ones included."""
    hold_exits(cls.__module__)
    bases = [base for base in cls.__mro__ if base.__module__.startswith(INTERFACES)]
    names = {"__post_init__"} | {name for base in bases for name in vars(base) if not name.startswith("_")}
    for name in sorted(names):
        member = inspect.getattr_static(cls, name, None)
        function = member.fget if isinstance(member, property) else member
        if not isinstance(function, FunctionType) or hasattr(function, "guarded"):
            continue
        if getattr(function, "__isabstractmethod__", False):  # not written yet: a subclass must
            continue
        guarded = _guarded(function, name)
        setattr(cls, name, property(guarded) if isinstance(member, property) else guarded)


def _guarded(function: FunctionType, name: str) -> Any:
    @wraps(function)
    def call(plugin: Any, /, *arguments: Any, **named: Any) -> Any:
        try:
            returned = function(plugin, *arguments, **named)
        except PASSED_ON:
            raise
        except (Exception, SystemExit) as error:
            if type(error).__name__ == "OutOfMemoryError":  # torch's, which the executor knows; there is no torch here
                raise
            raise plugin_error(plugin, name, f"raised {type(error).__name__}: {error}", _line(type(plugin), error)) from error
        check = _checks.get((plugin.noun, name))
        expected = check(Call(plugin, (*arguments, *named.values()), returned)) if check else ""
        if expected:
            raise plugin_error(plugin, name, f"returned {_shown(returned)}; expected is {expected}")
        return returned

    vars(call)["guarded"] = True
    return call


def plugin_error(plugin: Any, method: str, fault: str, line: int | None = None) -> BadInput:
    """The error that names noun, module, class, method and line of a plugin's fault; the method's first, if no other is given."""
    cls = type(plugin)
    line = line or _defined(inspect.getattr_static(cls, method, None))
    where = f" (line {line})" if line else ""
    return BadInput(f"The {cls.noun} {cls.__module__}.{cls.__qualname__} cannot be used: {method}(){where} {fault}.")


def _line(cls: type, error: BaseException) -> int | None:
    """The last line of the class's own file that an error went through."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def _defined(member: Any) -> int | None:
    """The line that a method or property begins in, if the plugin wrote it."""
    function: Any = member.fget if isinstance(member, property) else member
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType) or function.__module__.startswith(OURS):
        return None
    return function.__code__.co_firstlineno


def _shown(value: Any) -> str:
    """A value in words: an array by its shape and data type, anything else as Python writes it, cut short."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} {tuple(value.shape)} of {value.dtype}"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
