"""Twins: what OmegaConf can hold of a class's options.

OmegaConf knows no Literal and no frozen dataclass. A twin has the same names and defaults in the nearest types that it
does know; every value is checked strictly when the class itself is built.
"""

import dataclasses
from dataclasses import field, make_dataclass
from typing import Any

from omegaconf import MISSING

from lossbench.registry import Registered, field_types, plain
from lossbench.registry.hints import default_of, held_by_omegaconf


def twin(cls: type, word: str | None = None) -> type:
    """A dataclass with the same fields and defaults in types that OmegaConf can hold, and the word where there is one.

    OmegaConf knows neither Literal nor frozen defaults; the strict check of every value is `Registered.build`.
    """
    named = [("word", str, field(default=word))] if word else []
    hints = field_types(cls)
    return make_dataclass(
        cls.__name__, [*named, *((f.name, held_by_omegaconf(hints[f.name]), _default(f)) for f in dataclasses.fields(cls))]
    )


def is_wrapper(cls: type) -> bool:
    """Whether the class wraps another registered thing, which a flat list of options cannot say."""
    return any(isinstance(hint, type) and issubclass(hint, Registered) for hint in field_types(cls).values())


def _default(f: dataclasses.Field[Any]) -> Any:
    default = plain(default_of(f))
    if default is dataclasses.MISSING:
        return field(default=MISSING)
    return field(default_factory=lambda: default) if isinstance(default, list | dict) else field(default=default)
