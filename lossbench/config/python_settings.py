"""Settings that are given in Python, as keyword arguments, become the words that a command line would say, and objects.

A list or a range is a sweep, a tuple is one value that is a list, a mapping holds options, and a loss, model, … may also be an
instance or a class. Whatever has words is composed from words, so that both ways lead to the same runs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any

from lossbench.config.compose import compose
from lossbench.config.resolution import Point
from lossbench.config.schema import GROUPS
from lossbench.errors import BadInput
from lossbench.registry import Registered

BARE = re.compile(r"[A-Za-z_][\w./-]*")  # a string that Hydra's grammar reads as itself
MEANT_OTHERWISE = {"null", "true", "false", "nan", "inf"}  # strings that it reads as something else
MAIN = "__main__"  # the module of a script or notebook, which no worker and no command can import
Settings = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PythonSweep:
    """Every run that some settings name: points, which may hold objects, and the settings as words, to be kept with the runs."""

    points: tuple[Point, ...]
    overrides: tuple[str, ...]
    modules: tuple[str, ...]  # outside lossbench, in which the objects' classes are defined


def python_sweep(settings: Settings) -> PythonSweep:
    """The sweep that keyword arguments name; several lists are every combination of their items.

    Raises BadInput where a setting does not exist, a list is empty, or a value is of a type that no setting has.
    """
    objects = {name: _choices(name, value) for name, value in settings.items() if name in GROUPS and _holds_objects(value)}
    for key in settings:
        if key.partition(".")[0] in objects and "." in key:
            raise BadInput(f"{key} is given beside objects; give the option to the objects themselves.")
    overrides = [word for name, value in settings.items() if name not in objects for word in _overrides(name, value)]
    plugins = [word for word in overrides if word.startswith("plugins=")]
    values = [[item for choice in choices for item in _values(noun, choice, plugins)] for noun, choices in objects.items()]
    composed = compose(overrides)
    points = [{**point, **dict(zip(objects, chosen, strict=True))} for chosen in product(*values) for point in composed]
    modules = sorted({module for options in values for item in options for module in _modules(item)})
    spoken = _spoken(dict(zip(objects, values, strict=True)), modules) if objects else ()
    return PythonSweep(points=tuple(points), overrides=(*overrides, *spoken), modules=tuple(modules))


def described(point: Point) -> Point:
    """A point in plain values: each object by its word and options."""
    return {name: _description(value) for name, value in point.items()}


def _choices(name: str, value: Any) -> list[Any]:
    """The values that a setting takes one after another. Raises BadInput for none."""
    choices = list(value) if isinstance(value, list | range) else [value]
    if not choices:
        raise BadInput(f"{name} is {value!r}, a sweep that names nothing.")
    return choices


def _holds_objects(value: Any) -> bool:
    """Whether words alone cannot say a loss, model, …: an object is among the values, or several mappings are."""
    if isinstance(value, Mapping):
        return any(isinstance(item, Mapping | Registered | type) for item in value.values())
    if isinstance(value, list):
        return not all(isinstance(item, str) for item in value)
    return not isinstance(value, str)


def _values(noun: str, choice: Any, plugins: list[str]) -> Iterator[Any]:
    """What a choice among objects stands for in a point; words, and mappings of plain options, are composed."""
    if isinstance(choice, str) or (isinstance(choice, Mapping) and not _holds_objects(choice)):
        yield from (point[noun] for point in compose([*plugins, *_overrides(noun, choice)]))
    else:
        yield choice


def _overrides(name: str, value: Any) -> Iterator[str]:
    """A setting as words of the command line: a=1, a=1,2, a=[1,2], or one for each option in a mapping."""
    if isinstance(value, Mapping):
        options = dict(value)
        if "word" in options:
            yield f"{name}={_text(name, options.pop('word'))}"
        for option, inner in options.items():
            yield from _overrides(f"{name}.{option}", inner)
    elif isinstance(value, range):
        _choices(name, value)
        start, stop, step = value.start, value.stop, value.step
        bounds = (stop,) if (start, step) == (0, 1) else (start, stop) if step == 1 else (start, stop, step)
        yield f"{name}=range({','.join(map(str, bounds))})"
    else:
        yield f"{name}={','.join(_text(name, choice) for choice in _choices(name, value))}"


def _text(name: str, value: Any) -> str:
    """One value in Hydra's grammar. Raises BadInput for a type that has no words."""
    value = value.item() if hasattr(value, "item") and not isinstance(value, Mapping) else value  # numpy's numbers
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):
        return f"[{','.join(_text(name, item) for item in value)}]"
    if isinstance(value, str):
        bare = BARE.fullmatch(value) and value.lower() not in MEANT_OTHERWISE
        return value if bare else "'" + re.sub(r"(\\*)'", r"\1\1\\'", value) + "'"
    raise BadInput(
        f"{name} is {value!r}. Possible: a number, a string, True, False or None; a tuple of these; a list or a range of "
        f"what is swept; for {', '.join(GROUPS)} also a mapping of options, an instance or a class."
    )


def _spoken(objects: Mapping[str, Sequence[Any]], modules: Sequence[str]) -> Iterator[str]:
    """Objects as words of the command line; as {word:…}, which a report knows to be Python's, where it has no words for them."""
    chosen = {noun: [_description(value) for value in values] for noun, values in objects.items()}
    if MAIN in modules or not all(_is_flat(values) for values in chosen.values()):
        yield from (f"{noun}={','.join(map(_text_of_object, values))}" for noun, values in chosen.items())
        return
    if modules:
        yield f"plugins=[{','.join(modules)}]"
    for noun, (description,) in chosen.items():
        yield from _overrides(noun, {name: _as_tuple(option) for name, option in description.items()})


def _is_flat(values: Sequence[Any]) -> bool:
    """Whether it is one thing, which wraps no other."""
    return len(values) == 1 and isinstance(values[0], Mapping) and not any(isinstance(v, Mapping) for v in values[0].values())


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


def _text_of_object(value: Any) -> str:
    plain = _description(value)
    if not isinstance(plain, Mapping):
        return str(plain)
    return f"{{{','.join(f'{key}:{_text_of_object(item)}' for key, item in plain.items())}}}"


def _description(value: Any) -> Any:
    if isinstance(value, type) and issubclass(value, Registered):
        return {"word": value.word}
    if isinstance(value, Mapping):
        return {name: _description(item) for name, item in value.items()}
    return value.describe() if isinstance(value, Registered) else value


def _modules(value: Any) -> Iterator[str]:
    """The modules outside lossbench that define the classes of an object and of what it holds."""
    if isinstance(value, type) and issubclass(value, Registered) and value.__module__.partition(".")[0] != "lossbench":
        yield value.__module__
    if isinstance(value, Registered) and value.foreign_module:
        yield value.foreign_module
    held = list(value.values()) if isinstance(value, Mapping) else []
    if isinstance(value, Registered):
        held = [getattr(value, field.name) for field in fields(value)]  # type: ignore[arg-type]
    for item in held:
        yield from _modules(item)
