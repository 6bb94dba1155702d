"""Twins: what OmegaConf can hold of a class's options.

OmegaConf knows no Literal and no frozen dataclass. A twin has the same names and defaults in the nearest types that it
does know; every value is checked strictly when the class itself is built.
"""

import dataclasses
import types
import typing
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import field, make_dataclass
from typing import Any, Literal, get_args, get_origin

from omegaconf import MISSING

from lossbench.registry import Registered, field_types, plain

PRIMITIVES = (bool, int, float, str)


def twin(cls: type, word: str | None = None) -> type:
    """A dataclass with the same fields and defaults in types that OmegaConf can hold, and the word where there is one.

    OmegaConf knows neither Literal nor frozen defaults; the strict check of every value is `Registered.build`.
    """
    named = [("word", str, field(default=word))] if word else []
    hints = field_types(cls)
    return make_dataclass(cls.__name__, [*named, *((f.name, _held(hints[f.name]), _default(f)) for f in dataclasses.fields(cls))])


def is_wrapper(cls: type) -> bool:
    """Whether the class wraps another registered thing, which a flat list of options cannot say."""
    return any(isinstance(hint, type) and issubclass(hint, Registered) for hint in field_types(cls).values())


def _held(hint: Any) -> Any:
    """The nearest type that OmegaConf can hold."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in PRIMITIVES:
        return hint
    if origin is Literal and all(isinstance(choice, str) for choice in arguments):
        return str
    if origin is tuple and arguments[0] in PRIMITIVES and arguments[1:] == (...,):
        return list[arguments[0]]  # type: ignore[valid-type]
    if origin in (typing.Union, types.UnionType):
        inner = [_held(choice) for choice in arguments if choice is not type(None)]
        if len(inner) == 1 and inner[0] is not Any:
            return inner[0] | None
    return Any


def _default(f: dataclasses.Field[Any]) -> Any:
    if f.default_factory is NO_DEFAULT and f.default is NO_DEFAULT:
        return field(default=MISSING)
    default = plain(f.default if f.default_factory is NO_DEFAULT else f.default_factory())
    return field(default_factory=lambda: default) if isinstance(default, list | dict) else field(default=default)
