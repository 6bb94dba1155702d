"""The sweep as a Hydra program around the eager loop: `python -m benchmarks.rivals.hydra_eager --multirun loss=… seed=…`."""

import math
from dataclasses import dataclass
from pathlib import Path

import hydra
import pandas as pd
import torch
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from torch import Tensor, nn

from benchmarks.lesson import DIGITS
from benchmarks.rivals.eager import COSTS, network
from lossbench.data.loading import load

POINTS = 60  # recorded moments of a run, evenly spaced in log(1 + step)


@dataclass
class Config:
    """What a run may be told."""

    loss: str = "cross_entropy"
    rate: float = 0.1
    seed: int = 0
    steps: int = 2000


ConfigStore.instance().store(name="config", node=Config)


@hydra.main(version_base=None, config_name="config")
def main(config: Config) -> None:
    """Train one run; its records are records.csv in the folder that Hydra makes for it."""
    torch.set_num_threads(1)
    train_x, train_y, test_x, test_y = (torch.tensor(part, dtype=torch.float32) for part in load(DIGITS.dataset).split[:4])
    order = torch.from_numpy(DIGITS.order(config.seed, config.steps + 1))
    model, cost = network(DIGITS, config.seed), COSTS[config.loss, True]
    optimizer = torch.optim.SGD(model.parameters(), lr=config.rate)
    recorded = {round(math.expm1(math.log1p(config.steps) * point / (POINTS - 1))) for point in range(POINTS)}
    rows = []
    for step in range(config.steps + 1):
        optimizer.zero_grad()
        cost(model(train_x[order[step]]), train_y[order[step]]).backward()
        if step in recorded:
            rows.append(
                {
                    "step": step,
                    **_fit(model, cost, train_x, train_y, "train"),
                    **_fit(model, cost, test_x, test_y, "test"),
                    **_norms(model),
                }
            )
        if step < config.steps:
            optimizer.step()
    pd.DataFrame(rows).to_csv(Path(HydraConfig.get().runtime.output_dir) / "records.csv", index=False)


@torch.no_grad()
def _fit(model: nn.Sequential, cost: nn.Module, x: Tensor, y: Tensor, name: str) -> dict[str, float]:
    z = model(x)
    return {f"{name}_loss": cost(z, y).item(), f"{name}_accuracy": (z.argmax(1) == y.argmax(1)).float().mean().item()}


def _norms(model: nn.Sequential) -> dict[str, float]:
    named = model.named_parameters()
    return {name: parameter.grad.norm().item() for name, parameter in named if parameter.grad is not None}


if __name__ == "__main__":
    main()
