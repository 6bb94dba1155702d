"""A sweep becomes points: every run that the words name as one composed config.

Hydra composes once for each combination of group choices, and of whatever else shapes a config (+x, ~x, x@package, a
dictionary as a value), not once a run.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, open_dict

from lossbench.axes import LIMIT, TOO_MANY, Axis, read_axes
from lossbench.errors import BadInput
from lossbench.points import Point, points, raw


def expand(loader: ConfigLoader, master: DictConfig, words: Sequence[str]) -> list[Point]:
    """Every run that the words and the config's own sweep name; a run that is named twice is there twice.

    `master` is what Hydra composes from the words without the swept ones. Raises BadInput, or what Hydra and OmegaConf raise.
    """
    sweeps = [read_axes(loader, [*grid, *words]) for grid in _grids(master)]
    if sum(prod(len(axis.values) for axis in axes) for axes in sweeps) > LIMIT:
        raise BadInput(TOO_MANY)
    return [point for axes in sweeps for point in _grid_points(loader, master, axes)]


def _grids(master: DictConfig) -> list[list[str]]:
    """The config's own sweeps, each as words: hydra.sweeper.params, or each of hydra.sweeper.grids on top of them."""
    sweeper = raw(master.hydra.sweeper)
    params, grids = sweeper.get("params") or {}, sweeper.get("grids") or [{}]
    if not isinstance(grids, list) or not all(isinstance(grid, dict) for grid in [params, *grids]):
        raise BadInput(
            "hydra.sweeper.params wants a mapping from keys to values, such as {loss: 'ce,mse', seed: range(3)}, and "
            f"hydra.sweeper.grids a list of such mappings. They are {params} and {grids}."
        )
    return [[f"{key}={_written(key, value)}" for key, value in {**params, **grid}.items()] for grid in grids]


def _written(key: str, value: Any) -> str:
    if isinstance(value, list | dict):
        raise BadInput(
            f"The config sweeps {key} over {value!r}. It wants text, as on the command line: {key}: a,b for two values, "
            f"{key}: '[a,b]' for one value that is a list."
        )
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


def _grid_points(loader: ConfigLoader, master: DictConfig, axes: Sequence[Axis]) -> Iterator[Point]:
    groups = {axis.key for axis in axes if loader.get_group_options(axis.override.key_or_group)}
    shaping = [axis for axis in axes if axis.key in groups or not axis.only_assigns(axes)]
    assigning = [axis for axis in axes if axis not in shaping]
    for choice in product(*(axis.values for axis in shaping)):
        words = [f"{axis.key}={value.text}" for axis, value in zip(shaping, choice, strict=True)]
        yield from points(_composed(loader, master, words), assigning)


def _composed(loader: ConfigLoader, master: DictConfig, words: Sequence[str]) -> DictConfig:
    """What Hydra composes from the words, without Hydra's own part, which ${hydra:…} still reads."""
    config = loader.load_sweep_config(master, list(words))
    if raw(config.hydra.sweeper) != raw(master.hydra.sweeper):
        raise BadInput(f"{' '.join(words)}: a sweep over configs that hold a sweep themselves. Run them one after another.")
    HydraConfig.instance().set_config(config)
    with open_dict(config):
        del config["hydra"]
    return config
