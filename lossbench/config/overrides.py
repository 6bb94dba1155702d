"""The words of a command line as axes: each key with all the values that it is given, read by Hydra's own grammar."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, OverrideType, RangeSweep, Transformer
from hydra.errors import HydraException

from lossbench.errors import BadInput

LIMIT = 1_000_000  # runs a sweep: what fits in memory with room to spare
TOO_MANY = f"The sweep names more than {LIMIT:,} runs. Split it into studies of fewer."


@dataclass(frozen=True)
class Value:
    """One value of an axis: as Hydra writes it, and as Hydra reads that."""

    text: str
    content: Any

    @property
    def is_number(self) -> bool:
        """Whether the value is a number, true and false included."""
        return isinstance(self.content, int | float)

    @property
    def is_dynamic(self) -> bool:
        """Whether something in it is to be resolved: an interpolation, or ??? for a value that is yet to come."""
        return any(sign in str(self.content) for sign in ("${", "???"))


@dataclass(frozen=True, eq=False)
class Axis:
    """A key with its values; one value is a sweep of one."""

    override: Override
    values: tuple[Value, ...]

    @property
    def key(self) -> str:
        """The key as it is written before the equals sign: loss, optimizer.lr, +x, loss@other."""
        return str(self.override.get_key_element())

    @property
    def path(self) -> tuple[str, ...]:
        """The keys that lead to the value in a config, from the outermost on."""
        return tuple(str(self.override.key_or_group).split("."))

    def only_assigns(self, others: Sequence["Axis"]) -> bool:
        """Whether it only puts values where a config already has a place, and no other axis touches that place."""
        override = self.override
        if override.type is not OverrideType.CHANGE or override.package is not None or override.is_hydra_override():
            return False
        if any(isinstance(value.content, dict) for value in self.values):
            return False
        return not any(_overlap(self.path, other.path) for other in others if other is not self)


def read_axes(loader: ConfigLoader, overrides: Sequence[str]) -> list[Axis]:
    """One axis a key, in order; a key that comes twice keeps its first place and its last value, as in Hydra's own sweeper.

    Raises BadInput for a sweep that names nothing, and Hydra's OverrideParseException for what is no word of its language.
    """
    parser = OverridesParser.create(config_loader=loader)
    by_key = {override.get_key_element(): override for override in parser.parse_overrides(list(overrides))}
    return [Axis(override, tuple(_values(parser, override))) for override in by_key.values()]


def _values(parser: OverridesParser, override: Override) -> Iterator[Value]:
    if not override.is_sweep_override():
        return iter([_reread(parser, override, override.get_value_element_as_str())])
    if not override.is_discrete_sweep():
        raise BadInput(f"{override.input_line} names no values. Write them out, a,b,c, or as range(start,stop,step).")
    if _named(override) > LIMIT:  # asked before anything is expanded: Hydra shuffles and sorts whole lists
        raise BadInput(TOO_MANY)
    try:
        contents = list(override.sweep_iterator())
    except (ValueError, HydraException) as error:
        raise BadInput(f"The sweep {override.input_line} cannot be read: {error}.") from error
    if not contents:
        raise BadInput(
            f"The sweep {override.input_line} names nothing. range(3) names 0, 1 and 2; glob(*) all options of a group."
        )
    return (_value(parser, override, content) for content in contents)


def _named(override: Override) -> float:
    """How many values a sweep names, counted without expanding it; 0 where only Hydra knows."""
    sweep = override.value()
    if isinstance(sweep, RangeSweep):
        start, stop, step = sweep.start or 0, sweep.stop or 0, sweep.step
        return max((stop - start) / step, 0) if step else 0
    return len(sweep.list) if isinstance(sweep, ChoiceSweep) else 0


def _value(parser: OverridesParser, override: Override, content: Any) -> Value:
    if isinstance(content, int | float):
        return Value(str(content), content)
    return _reread(parser, override, Transformer.str(content))


def _reread(parser: OverridesParser, override: Override, text: str) -> Value:
    """The value as a run gets it from Hydra, which writes each run's words out and reads them again."""
    reread = parser.parse_overrides([f"{override.get_key_element()}={text}"])[0]
    if reread.is_sweep_override():
        raise BadInput(f"{override.input_line} holds a sweep inside a sweep: {text}. Quote it if it is one value.")
    return Value(text, reread.value())


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one path is the other or leads to it."""
    return all(a == b for a, b in zip(one, other, strict=False))
