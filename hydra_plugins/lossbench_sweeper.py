"""The doorstep: Hydra finds sweepers only here. This one hands the whole sweep over at once."""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from lossbench.config.sweep import expand


@dataclass
class Sweep:
    """hydra.sweeper: a sweep in a config. `params` maps keys to values as on the command line; `grids` is a list of such."""

    _target_: str = "hydra_plugins.lossbench_sweeper.LossbenchSweeper"
    params: Any = None
    grids: Any = None


ConfigStore.instance().store(group="hydra/sweeper", name="lossbench", node=Sweep, provider="lossbench")


class LossbenchSweeper(Sweeper):
    """Calls the task function once, with every run of the sweep as a plain dictionary."""

    def __init__(self, params: Any = None, grids: Any = None) -> None:
        del params, grids  # Hydra resolves what it gives here; `expand` reads it from the config, to be resolved for each run

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.loader = hydra_context.config_loader
        self.task = task_function
        self.master = config

    def sweep(self, arguments: list[str]) -> Any:
        return self.task(expand(self.loader, self.master, arguments))
