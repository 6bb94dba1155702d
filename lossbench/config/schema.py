"""What a config may say: its schema, and every registered class as an option by itself."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import MISSING

from lossbench.config.structured import is_wrapper, twin
from lossbench.errors import BadInput
from lossbench.files.yaml import read_yaml
from lossbench.folders import conf_folder
from lossbench.planning.spec import RecordingSchedule, Resources
from lossbench.registry import Registered, every_class, field_types, load_plugins, plain, shelf

GROUPS = ("loss", "model", "init", "dataset", "optimizer", "schedule")
PRESET_GROUPS = (*GROUPS, "engine", "experiment")


@dataclass
class Config:
    """The top level of a config; conf/config.yaml gives the values and says what they mean."""

    study: str = MISSING
    loss: Any = MISSING
    model: Any = MISSING
    init: Any = MISSING
    dataset: Any = MISSING
    label_noise: float = MISSING
    validation: float = MISSING
    optimizer: Any = MISSING
    seed: int = MISSING
    batch: int | None = MISSING
    order: str = MISSING
    last_batch: str = MISSING
    epochs: int = MISSING
    steps: int | None = MISSING
    dtype: str = MISSING
    clip_norm: float | None = MISSING
    class_weights: Any = MISSING
    pos_weight: float | None = MISSING
    weighted_mean: str = MISSING
    schedule: Any = MISSING
    recording: Any = field(default_factory=twin(RecordingSchedule))
    probes: Any = MISSING
    examples: int | None = MISSING
    keep: Any = MISSING
    plugins: list[str] = MISSING
    engine: Any = field(default_factory=twin(Resources))


@dataclass
class Sweep:
    """hydra.sweeper: a sweep in a config. `params` maps keys to values as on the command line; `grids` is a list of such."""

    params: Any = None
    grids: Any = None


def register() -> None:
    """Put the schema and every registered class into Hydra's store, so that `loss=focal loss.gamma=3` composes."""
    store = ConfigStore.instance()
    store.store(name="schema", node=Config)
    store.store(group="hydra/sweeper", name="lossbench", node=Sweep, provider="lossbench")
    for noun in GROUPS:
        for word, cls in every_class(noun).items():
            if not is_wrapper(cls):
                store.store(group=noun, name=word, node=twin(cls, word))


def offer(noun: str, word: str, chosen: Registered) -> None:
    """Make a word such as my_losses:mine choose what was made of it, as `loss=my_losses:mine`."""
    values = {name: plain(getattr(chosen, name)) for name in field_types(type(chosen))}
    ConfigStore.instance().store(group=noun, name=word, node=twin(type(chosen), chosen.word)(**values))


def presets(group: str, folder: Path | None = None) -> dict[str, Path]:
    """The files of a group by name, the project's own and those of a folder beside them."""
    folders = [conf_folder(), *([folder] if folder else [])]
    return {path.stem: path for directory in folders for path in sorted((directory / group).glob("*.yaml"))}


def choosable() -> dict[str, list[str]]:
    """What each group can be set to."""
    return {group: [*presets(group), *(shelf(group) if group in GROUPS else ())] for group in PRESET_GROUPS}


def load_named_plugins(overrides: Iterable[str], folder: Path | None = None) -> None:
    """Import the plugins that the words, or the experiments that they choose, name; before Hydra composes.

    What a plugin registers is an option, and Hydra must know the options first. Raises BadInput where a module cannot be
    imported.
    """
    chosen = chosen_words(overrides, ("plugins", "experiment"))
    names = list(chosen.get("plugins", []))
    for experiment in chosen.get("experiment", []):
        names += _plugins_of(presets("experiment", folder).get(experiment))
    import_plugins(names)


def import_plugins(modules: Sequence[str]) -> None:
    """Import modules of the user's; those of the current folder are found after all others. Raises BadInput."""
    if modules and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    load_plugins(modules)


def chosen_words(overrides: Iterable[str], keys: Sequence[str]) -> dict[str, list[str]]:
    """The words that some keys are given; what cannot be read is left for Hydra to refuse."""
    return dict(_settings(overrides, tuple(f"{sign}{key}=" for key in keys for sign in ("", "+"))))


def _settings(overrides: Iterable[str], beginnings: tuple[str, ...]) -> Iterable[tuple[str, list[str]]]:
    parser = OverridesParser.create()
    for word in overrides:
        if not word.startswith(beginnings):
            continue
        try:
            override = parser.parse_override(word)
            value = list(override.sweep_iterator()) if override.is_sweep_override() else override.value()
        except HydraException:
            continue
        items = value if isinstance(value, list) else [value]
        yield override.key_or_group, [item for item in items if isinstance(item, str)]


def _plugins_of(path: Path | None) -> list[str]:
    if path is None:
        return []
    content = read_yaml(path)
    named = content.get("plugins", []) if isinstance(content, dict) else []
    if not isinstance(named, list):
        raise BadInput(f"{path} has plugins: {named}; it wants a list of modules, such as [{named}].")
    return [str(module) for module in named]
