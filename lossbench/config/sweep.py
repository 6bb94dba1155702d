"""A sweep becomes points: every run that the words name as one composed config.

Hydra composes what shapes a config (group choices, +x, ~x, x@package, a dictionary as a value); all other values are only
put in their places. Nothing is composed once a run.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig

from lossbench.config.compositions import READS_HYDRA, chooses, compositions
from lossbench.config.overrides import LIMIT, TOO_MANY, Axis, read_axes
from lossbench.config.resolution import Point, points, raw
from lossbench.errors import BadInput


def expand(loader: ConfigLoader, master: DictConfig, overrides: Sequence[str]) -> list[Point]:
    """Every run that the words and the config's own sweep name; a run that is named twice is there twice.

    `master` is what Hydra composes from the words without the swept ones. Raises BadInput, or what Hydra and OmegaConf raise.
    """
    sweeps = [read_axes(loader, [*grid, *overrides]) for grid in _grids(master)]
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
    rest = [axis for axis in axes if not chooses(loader, axis)]
    shaping = [axis for axis in axes if axis not in rest or not axis.only_assigns(rest)]
    assigning = [axis for axis in axes if axis not in shaping]
    whole = any(READS_HYDRA in str(value.content) for axis in axes for value in axis.values)
    for config in compositions(loader, master, shaping, whole=whole):
        yield from points(config, assigning)
