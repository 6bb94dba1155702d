"""One composed config and the values that go into it become points: plain dictionaries, one a run.

What an interpolation may read is assigned and resolved by OmegaConf, once for each combination of its values. All other
values are checked against the config's types, once each, and then only put into their places.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import reduce
from itertools import product
from typing import Any

from hydra.errors import ConfigCompositionException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from lossbench.config.overrides import Axis, Value
from lossbench.errors import BadInput

MOST_INTERPOLATIONS = 24  # arranged to do the worst, so many resolve to some thousands of values
Point = dict[str, Any]
KeyPath = tuple[str, ...]  # the keys that lead to a value
Column = tuple[KeyPath, list[Any]]  # a path and every value that it takes


def points(config: DictConfig, axes: Sequence[Axis]) -> Iterator[Point]:
    """A point for each combination of the axes' values. Points share whatever they have in common.

    Raises BadInput where a value is still missing, and what Hydra and OmegaConf raise for a key or value that does not fit.
    """
    tree = raw(config)
    dynamic = dict(_dynamic(tree, ()))
    texts = [*dynamic.values(), *(str(value.content) for axis in axes for value in axis.values if value.is_dynamic)]
    _refuse_many(texts)
    read = [axis for axis in axes if _is_read(axis, texts)]
    scratch = deepcopy(config)
    columns = [(axis.path, _checked(config, scratch, tree, axis)) for axis in axes if axis not in read]
    open_paths = [path for path in dynamic if not any(_leads(axis.path, path) for axis in axes)]
    for settled in _resolved(config, tree, read, open_paths):
        yield from _filled(settled, columns)


def _refuse_many(texts: Sequence[str]) -> None:
    """Raise BadInput for more interpolations than a config has a use for: each may double what another one doubled."""
    count = sum(text.count("${") for text in texts)
    if count > MOST_INTERPOLATIONS:
        raise BadInput(f"The config holds {count:,} interpolations (${{…}}), and may hold {MOST_INTERPOLATIONS}.")


def raw(config: Any) -> Any:
    """A config as plain dictionaries and lists, its interpolations as text."""
    return OmegaConf.to_container(config, resolve=False)


def _is_read(axis: Axis, texts: Sequence[str]) -> bool:
    """Whether the axis is to be resolved: it holds an interpolation, or one may read it.

    That one may which says a part of the axis's key, and any that makes keys up from other values.
    """
    if any(value.is_dynamic for value in axis.values):
        return True
    return any(part in text for text in texts for part in axis.path) or any(text.count("${") > 1 for text in texts)


def _resolved(config: DictConfig, tree: Point, read: Sequence[Axis], open_paths: Sequence[KeyPath]) -> Iterator[Point]:
    """The tree with everything resolved, for each combination of the values that are read."""
    paths = [*open_paths, *(axis.path for axis in read)]
    numbers = [axis for axis in read if all(value.is_number for value in axis.values)]
    others = [axis for axis in read if axis not in numbers]
    for choice in product(*(axis.values for axis in others)):
        changed = _assigned(config, zip(others, choice, strict=True))
        for chosen in product(*(axis.values for axis in numbers)):
            for axis, value in zip(numbers, chosen, strict=True):
                _assign(changed, axis, value)
            settled: Any = tree
            for path in paths:
                settled = _with(settled, path, _resolve(changed, path))
            yield settled


def _resolve(config: DictConfig, path: KeyPath) -> Any:
    key = ".".join(path)
    value = OmegaConf.select(config, key, default="???")
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value, resolve=True)
    if value == "???":
        raise BadInput(f"{key} has no value yet. Give it one: {key}=…")
    return value


def _checked(config: DictConfig, scratch: DictConfig, tree: Point, axis: Axis) -> list[Any]:
    """The axis's values as the config's types make them: numbers are tried in the scratch copy, all else in copies of its own."""
    *parents, last = axis.path
    parent = OmegaConf.select(scratch, ".".join(parents)) if parents else scratch
    direct = isinstance(parent, DictConfig) and _has_parent(tree, axis.path)
    checked = []
    for value in axis.values:
        if value.is_number and direct:
            with _failing_as_hydra(axis, value):
                parent[last] = value.content
            checked.append(parent[last])
        else:
            changed = raw(_assigned(config, [(axis, value)]))
            checked.append(reduce(_child, axis.path, changed))
    return checked


def _assigned(config: DictConfig, values: Iterable[tuple[Axis, Value]]) -> DictConfig:
    """A copy of the config with some values assigned."""
    changed = deepcopy(config)
    for axis, value in values:
        _assign(changed, axis, value)
    return changed


def _assign(config: DictConfig, axis: Axis, value: Value) -> None:
    with _failing_as_hydra(axis, value):
        OmegaConf.update(config, axis.key, value.content, merge=True)


@contextmanager
def _failing_as_hydra(axis: Axis, value: Value) -> Iterator[None]:
    try:
        yield
    except (ConfigAttributeError, ConfigKeyError) as error:
        raise ConfigCompositionException(f"Could not override '{axis.key}'.") from error
    except OmegaConfBaseException as error:
        raise ConfigCompositionException(f"Error merging override {axis.key}={value.text}") from error


def _filled(tree: Point, columns: Sequence[Column]) -> Iterator[Point]:
    """The tree with every combination of the columns' values in their places."""
    tops: dict[str, list[Column]] = {}
    for path, values in columns:
        tops.setdefault(path[0], []).append((path[1:], values))
    branches = [list(_branches(tree[top], below)) for top, below in tops.items()]
    for choice in product(*branches):
        yield {**tree, **dict(zip(tops, choice, strict=True))}


def _branches(branch: Any, columns: Sequence[Column]) -> Iterator[Any]:
    for choice in product(*(values for _, values in columns)):
        changed = branch
        for (path, _), value in zip(columns, choice, strict=True):
            changed = _with(changed, path, value)
        yield changed


def _with(branch: Any, path: KeyPath, value: Any) -> Any:
    """The branch with one value changed: what leads there is copied, the rest is shared."""
    if not path:
        return value
    copy = branch.copy()
    copy[int(path[0]) if isinstance(branch, list) else path[0]] = _with(_child(branch, path[0]), path[1:], value)
    return copy


def _has_parent(tree: Any, path: KeyPath) -> bool:
    """Whether mappings and lists lead to the path, and no interpolation does."""
    for part in path[:-1]:
        if not isinstance(tree, list | dict):
            return False
        tree = _child(tree, part)
    return isinstance(tree, list | dict)


def _child(tree: Any, part: str) -> Any:
    if isinstance(tree, list):
        return tree[int(part)] if part.isdecimal() and int(part) < len(tree) else None
    return tree.get(part)


def _dynamic(tree: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Where a raw config holds an interpolation or a missing value, and its text."""
    if isinstance(tree, dict | list):
        for part, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _dynamic(item, (*path, str(part)))
    elif isinstance(tree, str) and ("${" in tree or tree == "???"):
        yield path, tree


def _leads(one: KeyPath, other: KeyPath) -> bool:
    """Whether the other path is the first or lies below it."""
    return other[: len(one)] == one
