"""Type hints of options, walked in one place: whether a value fits, what OmegaConf can hold of it, and how to say it.

Options are numbers, words, truth values, null, Literals, lists (tuple[T, ...] or list[T]), mappings (dict[str, T]), unions of
these, and other registered things.
"""

import dataclasses
import inspect
import math
import types
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, Literal, get_args, get_origin

from lossbench.errors import BadInput, unknown

PRIMITIVES = (bool, int, float, str)
UNIONS = (typing.Union, types.UnionType)
IN_A_SENTENCE = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", type(None): "null"}
IN_A_TABLE = {int: "whole number", float: "number", bool: "true or false", str: "text", type(None): "null"}


@cache
def field_types(cls: type) -> dict[str, Any]:
    """Resolved types of a dataclass's fields, by name. Raises BadInput for a class that was not made one, or can change."""
    hints = typing.get_type_hints(cls)
    own = [name for name in inspect.get_annotations(cls) if get_origin(hints[name]) is not ClassVar]
    named, write = f"The class {cls.__module__}.{cls.__qualname__}", "Write @dataclass(frozen=True, kw_only=True) above it."
    if not dataclasses.is_dataclass(cls) or (own and "__dataclass_fields__" not in vars(cls)):
        raise BadInput(f"{named} is no dataclass, so that nobody knows its options. {write}")
    if not getattr(cls, "__dataclass_params__").frozen:  # noqa: B009 (which typeshed does not know)
        raise BadInput(f"{named} can change after it was made, and a run's options may not. {write}")
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def checked(name: str, value: Any, hint: Any) -> Any:
    """The value as its field wants it: lists become tuples, whole numbers become floats; anything else must fit.

    Raises BadInput with the option's name, what it wants and what it got; for a number that is none, too.
    """
    origin, arguments = _walked(hint)
    if origin in UNIONS:
        return value if type(value) in arguments and type(value) is not float else _first_fit(name, value, hint)
    if origin is Literal:
        if value not in arguments:
            raise unknown(f"value of {name}", str(value), map(str, arguments))
        return value
    if origin in (tuple, list):
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise BadInput(f"{name} wants a list, such as [30,10], and got {value!r}.")
        return origin(checked(name, item, arguments[0]) for item in value)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise BadInput(f"{name} wants a mapping, such as {{a: 1}}, and got {value!r}.")
        return {checked(name, key, arguments[0]): checked(name, item, arguments[1]) for key, item in value.items()}
    if origin is not None:
        raise BadInput(f"{name} is declared as {hint}, which no option can be; possible are {KINDS}.")
    return _plainly_checked(name, value, hint)


KINDS = "numbers, words, truth values, null, Literals, tuple[T, ...], list[T], dict[str, T] and unions of these"


@cache
def _walked(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """What a hint is made with and of; a million runs ask it of a few hints."""
    return get_origin(hint), get_args(hint)


def _plainly_checked(name: str, value: Any, hint: Any) -> Any:
    if type(value) is hint and hint is not float:
        return value
    value = value.item() if hint in PRIMITIVES and type(value).__module__ == "numpy" and not value.shape else value
    _refuse_infinite(name, value, hint)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError as error:
            raise BadInput(f"{name} is a number of {len(str(value))} digits, more than a float holds.") from error
    if hint is not Any and (not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool)):
        raise BadInput(f"{name} wants {spoken(hint)} and got {value!r}.")
    return value


def _refuse_infinite(name: str, value: Any, hint: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"{name} is {value}, which is no finite number; it wants {spoken(hint)}.")


def _first_fit(name: str, value: Any, hint: Any) -> Any:
    for choice in get_args(hint):
        try:
            return checked(name, value, choice)
        except BadInput:
            continue
    _refuse_infinite(name, value, hint)
    choices = [word for choice in get_args(hint) if get_origin(choice) is Literal for word in get_args(choice)]
    if choices and isinstance(value, str):
        others = [spoken(choice) for choice in get_args(hint) if get_origin(choice) is not Literal]
        raise unknown(f"value of {name}", value, [*choices, *others])
    raise BadInput(f"{name} wants {spoken(hint)} and got {value!r}.")


def held_by_omegaconf(hint: Any) -> Any:
    """The nearest type that OmegaConf can hold, which knows neither Literal nor tuples; Any where it has none."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in PRIMITIVES:
        return hint
    if origin is Literal and all(isinstance(choice, str) for choice in arguments):
        return str
    if ((origin is tuple and arguments[1:] == (...,)) or origin is list) and arguments[0] in PRIMITIVES:
        return list[arguments[0]]  # type: ignore[valid-type]
    if origin in UNIONS:
        inner = [held_by_omegaconf(choice) for choice in arguments if choice is not type(None)]
        if len(inner) == 1 and inner[0] is not Any:
            return inner[0] | None
    return Any


def spoken(hint: Any) -> str:
    """A type as an error message says it: "a number or null"."""
    choices = get_args(hint) if get_origin(hint) in UNIONS else (hint,)
    return " or ".join(map(_spoken, choices))


def _spoken(choice: Any) -> str:
    if get_origin(choice) is Literal:
        return ", ".join(map(str, get_args(choice)))
    return "a list" if get_origin(choice) in (tuple, list) else IN_A_SENTENCE.get(choice, str(choice))


def tabled(hint: Any) -> str:
    """A type as a table of options says it: "number | null", "list: whole number, …"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if origin in (tuple, list):
        return f"list: {tabled(arguments[0])}, …"
    if origin is dict:
        return f"mapping: {tabled(arguments[0])} to {tabled(arguments[1])}"
    if origin in UNIONS:
        return " | ".join(map(tabled, arguments))
    return IN_A_TABLE.get(hint, getattr(hint, "__name__", str(hint)))


def default_of(field: dataclasses.Field[Any]) -> Any:
    """A field's default value; dataclasses.MISSING where it has none."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
