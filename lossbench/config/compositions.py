"""What Hydra composes for every combination of the choices that shape a config.

Where the options of several groups have nothing to do with one another, which is the rule, each is composed once and
the combinations are put together from the parts: 40 losses on 5 data sets are 44 compositions, not 200. Where an option
reaches out of its group, Hydra composes every combination.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import product
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict

from lossbench.config.overrides import Axis, Value
from lossbench.config.resolution import raw
from lossbench.errors import BadInput

READS_HYDRA = "hydra:"  # in an interpolation: it reads what Hydra says of the composition as a whole
Choice = Mapping[Axis, Value]


def compositions(loader: ConfigLoader, master: DictConfig, axes: Sequence[Axis], *, whole: bool) -> Iterator[DictConfig]:
    """A config for each combination of the axes' values, without Hydra's own part, which ${hydra:…} still reads.

    `whole` says that each must be composed as a whole. Raises BadInput, or what Hydra raises.
    """
    groups = [axis for axis in axes if len(axis.values) > 1 and axis.key.isidentifier() and chooses(loader, axis)]
    others = [axis for axis in axes if axis not in groups]
    for fixed in _choices(others):
        firsts = {**fixed, **{axis: axis.values[0] for axis in groups}}
        apart = not whole and len(groups) > 1 and _are_apart(loader, master, groups, _overrides(axes, firsts))
        assembled = _assembled(loader, master, groups, _overrides(axes, firsts)) if apart else None
        yield from assembled or (_composed(loader, master, _overrides(axes, {**fixed, **choice})) for choice in _choices(groups))


def chooses(loader: ConfigLoader, axis: Axis) -> bool:
    """Whether the axis chooses options of a group."""
    dictionary = any(isinstance(value.content, dict) for value in axis.values)
    return not dictionary and any(source.is_group(axis.override.key_or_group) for source in loader.get_sources())


def _choices(axes: Sequence[Axis]) -> Iterator[Choice]:
    for values in product(*(axis.values for axis in axes)):
        yield dict(zip(axes, values, strict=True))


def _overrides(axes: Sequence[Axis], choice: Choice) -> list[str]:
    return [f"{axis.key}={choice[axis].text}" for axis in axes]


def _composed(loader: ConfigLoader, master: DictConfig, overrides: list[str]) -> DictConfig:
    config = loader.load_sweep_config(master, overrides)
    if raw(config.hydra.sweeper) != raw(master.hydra.sweeper):
        raise BadInput(f"{' '.join(overrides)}: a sweep over configs that hold a sweep themselves. Run them one after another.")
    HydraConfig.instance().set_config(config)
    with open_dict(config):
        del config["hydra"]
    return config


def _assembled(
    loader: ConfigLoader, master: DictConfig, groups: Sequence[Axis], overrides: Sequence[str]
) -> Iterator[DictConfig] | None:
    """The combinations of the groups' options, each option composed once beside the first ones of the other groups.

    The words choose the first ones. None where something in a config reads Hydra's own.
    """
    base = _composed(loader, master, list(overrides))
    parts = []
    for axis in groups:
        rest = [word for word in overrides if not word.startswith(f"{axis.key}=")]
        others = [_composed(loader, master, [*rest, f"{axis.key}={value.text}"])[axis.key] for value in axis.values[1:]]
        parts.append([base[axis.key], *others])
    if any(READS_HYDRA in str(raw(config)) for config in (base, *(part for options in parts for part in options))):
        return None
    return (_put_together(base, groups, choice) for choice in product(*parts))


def _put_together(base: DictConfig, groups: Sequence[Axis], parts: Sequence[DictConfig]) -> DictConfig:
    config = deepcopy(base)
    with open_dict(config):
        for axis, part in zip(groups, parts, strict=True):
            config[axis.key] = part
    return config


def _are_apart(loader: ConfigLoader, master: DictConfig, groups: Sequence[Axis], overrides: Sequence[str]) -> bool:
    """Whether each group's part of the config depends on that group's choice alone, and the rest on no choice.

    So it is where every option keeps to the package of its group and rests on options of its own group only, and where
    no defaults list holds an interpolation, which would read another group's choice.
    """
    if master.hydra.searchpath:
        return False
    hydras = [*master.hydra.overrides.hydra, *overrides]
    defaults = loader.compute_defaults_list(master.hydra.job.config_name, hydras, RunMode.RUN).defaults
    packages = {entry.override_key: entry.package for entry in defaults}
    return (
        all(packages.get(axis.key) == axis.key for axis in groups)
        and not any("${" in str(_loaded(loader, entry.config_path)[1]) for entry in defaults)
        and all(_keeps_to_itself(loader, axis.key, value.content) for axis in groups for value in axis.values)
    )


def _keeps_to_itself(loader: ConfigLoader, group: str, option: Any) -> bool:
    package, defaults = _loaded(loader, f"{group}/{option}")
    inner = [entry for entry in defaults if entry != "_self_"]
    if package is not None or not all(isinstance(entry, str) and entry.isidentifier() for entry in inner):
        return False
    return all(_keeps_to_itself(loader, group, entry) for entry in inner)


def _loaded(loader: ConfigLoader, path: str) -> tuple[str | None, list[Any]]:
    """The package that a config's header names, and its defaults list."""
    source = next((source for source in loader.get_sources() if source.is_config(path)), None)
    if source is None:
        return "unknown", []  # Hydra says what is missing
    loaded = source.load_config(path)
    config = raw(loaded.config)
    return loaded.header.get("package"), config.get("defaults", []) if isinstance(config, dict) else []
