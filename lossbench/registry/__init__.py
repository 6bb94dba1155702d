"""noun ↔ word ↔ class: the class statement registers, a word in a config finds it again."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
from abc import ABC
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, wraps
from typing import Any, ClassVar, Self, TypeVar, cast

from lossbench.errors import BadInput, training_for, unknown
from lossbench.guard import guard, outside
from lossbench.registry.hints import checked, field_types
from lossbench.registry.importing import import_from_outside

__all__ = [
    "SHELVES",
    "Registered",
    "class_lookup",
    "construct",
    "every_class",
    "field_types",
    "find",
    "is_named_plugin",
    "later",
    "load_plugins",
    "plain",
    "shelf",
]

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
LATER = "lossbench.later"  # marks an option that a class was given after runs with it had been stored
_classes: dict[str, dict[str, type["Registered"]]] = {noun: {} for noun in SHELVES}
_named_plugins: set[str] = set()  # modules that somebody named, whose code they let run


class Registered(ABC):
    """A thing with a word. Subclasses are frozen, keyword-only dataclasses; their fields are their options."""

    noun: ClassVar[str]
    word: ClassVar[str]
    listed: ClassVar[bool] = True  # False where it stands for what lies outside: a word that means nothing without a path

    def __init_subclass__(cls) -> None:
        if "noun" in vars(cls):
            return
        cls.word = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", cls.__name__).lower()
        taken = _classes[cls.noun].get(cls.word)
        if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
            raise BadInput(f"Two classes ask for the {cls.noun} word {cls.word!r}: {_where(taken)} and {_where(cls)}.")
        _classes[cls.noun][cls.word] = cls
        if "__hash__" not in vars(cls):
            cls.__hash__ = Registered.__hash__  # type: ignore[method-assign]  # named here, a dataclass leaves it alone
        _check_options_of(cls)
        if outside(cls):
            guard(cls)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Made once, and of options that are lists or mappings, too, which Python hashes not."""
        return hash((type(self), *(hashable(getattr(self, field.name)) for field in dataclasses.fields(self))))  # type: ignore[arg-type]

    @property
    def foreign_module(self) -> str:
        """The module outside lossbench whose code it runs; "" for none."""
        cls = type(self)
        return "" if cls.__module__.partition(".")[0] == "lossbench" else cls.__module__

    def describe(self) -> dict[str, Any]:
        """Word and options as plain values, the form in which things are stored: {"word": "focal", "gamma": 2.0}.

        Options that came `later` are left out where they have their default, so that ids stay what they were.
        """
        return dict(self._description)

    @cached_property
    def _description(self) -> dict[str, Any]:
        """Made once: a loss, a model, … is part of as many runs as a sweep has, and none of them can change it."""
        values = {field: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        kept = {field.name: value for field, value in values.items() if not (LATER in field.metadata and value == field.default)}
        return {"word": self.word} | {name: plain(value) for name, value in kept.items()}

    @classmethod
    def build(cls, options: Mapping[str, Any]) -> Self:
        """An instance from plain values, with every option checked against its field's type. Raises BadInput."""
        hints = field_types(cls)
        for name in options:
            if name not in hints:
                raise unknown(f"option of the {cls.noun} {cls.word!r}", name, hints)
        return construct(cls, options, f"{cls.noun}.")


def _check_options_of(cls: Any) -> None:
    """Make a class check its options as they are given: 1 where a float is wanted is 1.0, whoever made the instance.

    So there is one thing and one run id for what says the same, and no method of the class meets an option of a wrong type.
    """
    inner = getattr(cls, "__post_init__", None)
    if hasattr(inner, "checks_options"):  # inherited
        return

    def check_options(self: Registered) -> None:
        for name, hint in field_types(cast(type, type(self))).items():
            given = getattr(self, name)
            if isinstance(given, type | Mapping) and isinstance(hint, type) and issubclass(hint, Registered):
                continue  # which stands for what is yet to be made
            fitting = checked(f"{self.noun}.{name}", given, hint)
            if fitting is not given:
                object.__setattr__(self, name, fitting)
        if inner:
            inner(self)

    vars(check_options)["checks_options"] = True
    cls.__post_init__ = wraps(inner)(check_options) if inner else check_options


def later(default: T) -> T:
    """The default of an option that a class is given after runs with it have been stored: where it has it, it is not described.

    So the ids of these runs stay what they were.
    """
    return dataclasses.field(default=default, metadata={LATER: True})


def construct(cls: type[T], options: Mapping[str, Any], prefix: str = "") -> T:
    """A dataclass from plain values, each checked against its field's type; `prefix` leads to them in a config.

    Raises BadInput.
    """
    hints = field_types(cast(type, cls))
    return cls(**{name: checked(f"{prefix}{name}", value, hints[name]) for name, value in options.items()})


def shelf(noun: str) -> dict[str, type[Registered]]:
    """Every concrete class of a noun that is listed, by word, in alphabetical order; imports the shelf's modules first."""
    return {word: cls for word, cls in every_class(noun).items() if cls.listed}


def every_class(noun: str) -> dict[str, type[Registered]]:
    """Every concrete class of a noun, those that stand for what lies outside included; imports the shelf's modules first."""
    if noun not in SHELVES:
        raise unknown("kind of thing", noun, SHELVES)
    _import_shelf(SHELVES[noun])
    return {word: cls for word, cls in sorted(_classes[noun].items()) if not inspect.isabstract(cls)}


def find(noun: str, word: str) -> type[Registered]:
    """The class that a word names. Raises BadInput with the nearest word."""
    classes = every_class(noun)
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
    """Import the modules that a config names under `plugins:`; what they define is registered by being defined.

    Raises BadInput where one is no module's name, is not found, or fails while it is imported, by an exit included.
    """
    for module in modules:
        if not isinstance(module, str) or not all(part.isidentifier() for part in module.split(".")):
            raise BadInput(
                f"plugins names {module!r}; it wants modules as Python imports them, such as my_losses or mine.losses."
            )
        import_from_outside(module, f"The plugin {module!r}")
        _named_plugins.add(module)


def is_named_plugin(module: str) -> bool:
    """Whether somebody named the module as a plugin, so that its code may run; that it happens to be imported says nothing."""
    return module in _named_plugins


def hashable(value: Any) -> Any:
    """The same with tuples for lists and mappings, whatever stands in them."""
    if isinstance(value, Mapping):
        return tuple((key, hashable(item)) for key, item in sorted(value.items()))
    return tuple(map(hashable, value)) if isinstance(value, tuple | list) else value


def plain(value: Any) -> Any:
    """A field's value in JSON's vocabulary."""
    if isinstance(value, Registered):
        return value.describe()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


@cache
def _import_shelf(name: str) -> None:
    with training_for(f"lossbench.{name}"):
        package = importlib.import_module(f"lossbench.{name}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"lossbench.{name}.{module.name}")


def _where(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
