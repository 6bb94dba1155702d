"""noun ↔ word ↔ class: the class statement registers, a word in a config finds it again."""

import dataclasses
import importlib
import inspect
import math
import pkgutil
import re
import types
import typing
from abc import ABC
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, Literal, Self, TypeVar, cast, get_args, get_origin

from lossbench.errors import BadInput, unknown
from lossbench.guard import guard, outside

SHELVES = {
    "loss": "losses",
    "model": "models",
    "init": "inits",
    "dataset": "datasets",
    "optimizer": "optimizers",
    "schedule": "schedules",
    "probe": "probes",
    "metric": "metrics",
}
T = TypeVar("T")
_classes: dict[str, dict[str, type["Registered"]]] = {noun: {} for noun in SHELVES}


class Registered(ABC):
    """A thing with a word. Subclasses are frozen, keyword-only dataclasses; their fields are their options."""

    noun: ClassVar[str]
    word: ClassVar[str]

    def __init_subclass__(cls) -> None:
        if "noun" in vars(cls):
            return
        cls.word = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", cls.__name__).lower()
        taken = _classes[cls.noun].get(cls.word)
        if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
            raise BadInput(f"Two classes ask for the {cls.noun} word {cls.word!r}: {_where(taken)} and {_where(cls)}.")
        _classes[cls.noun][cls.word] = cls
        if outside(cls):
            guard(cls)

    def describe(self) -> dict[str, Any]:
        """Word and options as plain values, the form in which things are stored: {"word": "focal", "gamma": 2.0}."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return {"word": self.word} | {field.name: plain(getattr(self, field.name)) for field in fields}

    @classmethod
    def build(cls, options: Mapping[str, Any]) -> Self:
        """An instance from plain values, with every option checked against its field's type. Raises BadInput."""
        hints = field_types(cls)
        for name in options:
            if name not in hints:
                raise unknown(f"option of the {cls.noun} {cls.word!r}", name, hints)
        return construct(cls, options, f"{cls.noun}.")


def construct(cls: type[T], options: Mapping[str, Any], prefix: str = "") -> T:
    """A dataclass from plain values, each checked against its field's type; `prefix` leads to them in a config.

    Raises BadInput.
    """
    hints = field_types(cast(type, cls))
    return cls(**{name: _typed(f"{prefix}{name}", value, hints[name]) for name, value in options.items()})


def shelf(noun: str) -> dict[str, type[Registered]]:
    """Every concrete class of a noun, by word, in alphabetical order; imports the shelf's modules first."""
    if noun not in SHELVES:
        raise unknown("kind of thing", noun, SHELVES)
    _import_shelf(SHELVES[noun])
    return {word: cls for word, cls in sorted(_classes[noun].items()) if not inspect.isabstract(cls)}


def find(noun: str, word: str) -> type[Registered]:
    """The class that a word names. Raises BadInput with the nearest word."""
    classes = shelf(noun)
    if word not in classes:
        raise unknown(noun, word, classes)
    return classes[word]


def class_lookup(noun: str) -> Callable[[str], type[Registered]]:
    """A module's `__getattr__` that finds the classes of a noun by name: `lossbench.losses.Focal`, wherever it is defined."""

    def lookup(name: str) -> type[Registered]:
        # Modules have small letters. Not looked for here, so that importing one does not import the whole shelf.
        classes = {cls.__name__: cls for cls in shelf(noun).values()} if name[:1].isupper() else {}
        if name not in classes:
            raise AttributeError(f"lossbench.{SHELVES[noun]} has no class {name!r}. Known: {', '.join(classes) or 'none'}.")
        return classes[name]

    return lookup


def load_plugins(modules: Iterable[str]) -> None:
    """Import the modules that a config names under `plugins:`; what they define is registered by being defined."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise BadInput(f"The plugin {module!r} could not be imported: {error}. Is its folder on PYTHONPATH?") from error


@cache
def field_types(cls: type) -> dict[str, Any]:
    """Resolved types of a dataclass's fields, by name."""
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def plain(value: Any) -> Any:
    """A field's value in JSON's vocabulary."""
    if isinstance(value, Registered):
        return value.describe()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


@cache
def _import_shelf(name: str) -> None:
    package = importlib.import_module(f"lossbench.{name}")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"lossbench.{name}.{module.name}")


def _where(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _typed(name: str, value: Any, hint: Any) -> Any:
    """The value as its field wants it: lists become tuples, whole numbers become floats; anything else must fit."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _first_fit(name, value, hint, arguments)
    if origin is Literal:
        if value not in arguments:
            raise unknown(f"value of {name}", str(value), map(str, arguments))
        return value
    if origin is tuple:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise BadInput(f"{name} wants a list, such as [30,10], and got {value!r}.")
        return tuple(_typed(name, item, arguments[0]) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"{name} is {value}, which is no finite number; it wants {_spoken(hint)}.")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is not Any and (not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool)):
        raise BadInput(f"{name} wants {_spoken(hint)} and got {value!r}.")
    return value


def _first_fit(name: str, value: Any, hint: Any, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        try:
            return _typed(name, value, choice)
        except BadInput:
            continue
    raise BadInput(f"{name} wants {_spoken(hint)} and got {value!r}.")


def _spoken(hint: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", type(None): "null"}
    choices = get_args(hint) if get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    return " or ".join(names.get(choice, str(choice)) for choice in choices)
