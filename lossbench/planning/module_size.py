"""How large a run of a torch module is: one is made, shown a few examples, and forgotten."""

from functools import lru_cache

import torch

from lossbench.data.loading import load
from lossbench.interfaces import Dataset, Model
from lossbench.modules.checks import examined, refuse_examples, refuse_parameters
from lossbench.modules.outline import Outline

SHOWN = 8  # examples


@lru_cache(maxsize=256)
def module_outline(model: Model, dataset: Dataset, outputs: int) -> Outline:
    """What the module of a model on a data set, to so many raw outputs, is made of. Raises BadInput where it cannot be run."""
    split = load(dataset).split
    x = torch.as_tensor(split.train_x[:SHOWN]).float()
    with torch.random.fork_rng(devices=[]):
        module = model.module(tuple(split.inputs or x.shape[1:]), outputs)
        refuse_parameters(model, module)
        module.float()
        for part in (split.train_x, split.test_x):
            refuse_examples(module, torch.as_tensor(part))
        return examined(model, module, x.view(-1, *(split.inputs or x.shape[1:])), outputs)
