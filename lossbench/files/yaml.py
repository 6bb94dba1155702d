"""YAML as OmegaConf reads it, but bounded: in bytes, in depth, and in what its aliases come to once they are written out.

An alias costs three bytes and stands for a whole tree, so that nine lines can name a billion values. What a tree comes to is
known when it is complete, before anything is made of it, and an alias that leads to itself is one to a tree that is not.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from lossbench.errors import BadInput
from lossbench.files.regular import read_text

LARGEST = 128 * 2**10  # bytes; the largest claims file in this repository has 16 kB
MOST = 10_000  # values, aliases written out
DEEPEST = 40  # lists and mappings within one another
MOST_CHARACTERS = 300  # of a number
_TOO_MANY = f"it comes to more than {MOST:,} values, its aliases written out"
_TAG = "tag:yaml.org,2002:"
_PLAIN = {f"{_TAG}{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "merge")}
_KEYS = {f"{_TAG}{kind}" for kind in ("str", "int", "float", "bool", "merge")}
_HARM = (  # what PyYAML raises for text that is no YAML, and for tags on values that they do not fit
    yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip


class BoundedLoader(yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader, with bounds on what it composes. Numbers and dates are resolved as OmegaConf's loader does it."""

    def __init__(self, text: str) -> None:
        yaml.SafeLoader.__init__(self, text)
        self.depth, self.sizes = 0, dict[int, tuple[int, int]]()

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node of the tree, complete and within bounds. Raises BadInput, or a YAMLError."""
        sizes = self.sizes
        if self.depth > DEEPEST:
            raise BadInput(f"it is nested more than {DEEPEST} deep")
        self.depth += 1
        node = yaml.SafeLoader.compose_node(self, parent, index)
        self.depth -= 1
        if node.end_mark is None:  # which it is given when it is complete
            raise BadInput("an alias in it leads to itself")
        if id(node) not in sizes:
            _refuse_odd(node)
            sizes[id(node)] = _size(node, sizes)
        if len(sizes) > MOST:  # said here already, since composing is what takes the time
            raise BadInput(_TOO_MANY)
        return node


# OmegaConf's loader takes 1e3 for a number, as JSON does and PyYAML does not, and leaves dates as text.
BoundedLoader.add_implicit_resolver(
    f"{_TAG}float",
    re.compile(
        r"""^(?:[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)
        |\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?|[-+]?[0-9]+(?:_[0-9]+)*(?::[0-5]?[0-9])+\.[0-9_]*
        |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$""",
        re.VERBOSE,
    ),
    list("-+0123456789."),
)
BoundedLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{_TAG}timestamp"]
    for first, resolvers in BoundedLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> Any:
    """What a YAML file holds, in plain values. Raises BadInput for what is no YAML, or goes beyond a bound."""
    return parse_yaml(read_text(path, LARGEST, " as YAML"), str(path))


def parse_yaml(text: str, where: str) -> Any:
    """What YAML text holds; `where` names it in messages. Raises BadInput."""
    try:
        return yaml.load(text, Loader=BoundedLoader)  # noqa: S506 it is a SafeLoader
    except BadInput as error:
        raise BadInput(f"{where} cannot be read as YAML: {error}.") from error
    except _HARM as error:
        raise BadInput(f"{where} cannot be read as YAML: {' '.join(str(error).split()) or type(error).__name__}") from error


def _refuse_odd(node: Any) -> None:
    """Raise BadInput for a tag, a key or a number that no claims file and no config has a use for."""
    if node.tag not in _PLAIN:
        raise BadInput(f"it has a value of the kind {node.tag.removeprefix(_TAG)!r}; possible are lists, mappings, text, numbers")
    if isinstance(node, yaml.ScalarNode) and not node.tag.endswith(":str") and len(node.value) > MOST_CHARACTERS:
        raise BadInput(f"a number has {len(node.value):,} characters, and may have {MOST_CHARACTERS}")
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if key.tag in _KEYS]
        if len(keys) < len(node.value):
            raise BadInput("a key is no text, number or truth value")
        key, times = max(Counter(keys).items(), key=lambda item: item[1], default=("", 0))
        if times > 1:
            raise BadInput(f"the key {key!r} stands twice in a mapping")


def _size(node: Any, sizes: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many values a node comes to, and how deep. Raises BadInput beyond a bound."""
    children = [] if isinstance(node, yaml.ScalarNode) else node.value
    flat = [part for child in children for part in (child if isinstance(child, tuple) else (child,))]
    count = 1 + sum(sizes[id(part)][0] for part in flat)
    depth = 1 + max((sizes[id(part)][1] for part in flat), default=0)
    if count > MOST:
        raise BadInput(f"it comes to more than {MOST:,} values, its aliases written out")
    if depth > DEEPEST + 1:
        raise BadInput(f"it is nested more than {DEEPEST} deep")
    return count, depth
