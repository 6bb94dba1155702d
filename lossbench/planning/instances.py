"""Registered things from what somebody wrote: an instance, a class, or a mapping with a word and options."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from lossbench.errors import BadInput
from lossbench.registry import Registered, field_types, find


def instance(noun: str, value: Any) -> Registered:
    """The loss, model, … that a value stands for, with every option checked against its field's type.

    A value is an instance, a class whose options all have defaults, or a mapping such as {"word": "focal", "gamma": 2}. The
    options of an instance are checked like those of a mapping: 2 where a float is wanted becomes 2.0, so that the run has the
    id that it has on the command line. Raises BadInput where the value is none of these, or an option does not fit.
    """
    if isinstance(value, type) and issubclass(value, Registered):
        value = {"word": _registered_word(noun, value)}
    if isinstance(value, Registered):
        cls, options = type(value), {field.name: getattr(value, field.name) for field in fields(value)}  # type: ignore[arg-type]
        _registered_word(noun, cls)
    elif isinstance(value, Mapping) and isinstance(value.get("word"), str):
        cls, options = find(noun, value["word"]), {name: option for name, option in value.items() if name != "word"}
    else:
        raise BadInput(f"{noun} is {value!r}; it wants an option by its name, such as {noun}=NAME.")
    built = {name: _option(cls, name, option) for name, option in options.items()}
    lacking = [field.name for field in fields(cls) if _is_required(field) and field.name not in built]  # type: ignore[arg-type]
    if lacking:
        raise BadInput(f"The {noun} {cls.word!r} has no value for {' and '.join(lacking)}; it has no default.")
    return cls.build(built)


def known_options(noun: str, described: Mapping[str, Any]) -> dict[str, Any]:
    """A described thing's options, without what its description adds to them, such as a file's hash."""
    known = {"word": str, **field_types(find(noun, described["word"]))}
    return {
        name: known_options(known[name].noun, value) if isinstance(value, Mapping) and hasattr(known[name], "noun") else value
        for name, value in described.items()
        if name in known
    }


def _registered_word(noun: str, cls: type[Registered]) -> str:
    """The word of a class. Raises BadInput where it is another noun's, or not the class that the word stands for."""
    if cls.noun != noun:
        raise BadInput(f"{noun} is {cls.__name__}, which is of another kind: {cls.noun}.")
    if find(noun, cls.word) is not cls:
        raise BadInput(f"Another class took the {noun} word {cls.word!r} after {cls.__name__} was defined. Make the object anew.")
    return cls.word


def _option(cls: type[Registered], name: str, value: Any) -> Any:
    """An option's value; a thing that another one wraps is built first."""
    wrapped = isinstance(value, Registered | type) or (isinstance(value, Mapping) and "word" in value)
    return instance(getattr(field_types(cls).get(name), "noun", cls.noun), value) if wrapped else value


def _is_required(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING
