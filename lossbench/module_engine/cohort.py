"""A cohort of one module, laid out once: its skeleton, how its runs are trained, and its tiles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lossbench.interfaces import Model, Split
from lossbench.interfaces.dataset import class_members
from lossbench.module_engine.mapping import ONE_BY_ONE, TileSizes, tile_sizes
from lossbench.module_engine.skeleton import Skeleton
from lossbench.module_engine.start import Learnt, Starts, new_module
from lossbench.module_engine.tile import Tile, TileShape
from lossbench.modules.checks import examined, refuse_examples, refuse_parameters
from lossbench.modules.convolution import MOST_PATCHES, fastest_form
from lossbench.planning.example_counts import EVALUATED
from lossbench.planning.spec import RunSpec

DTYPES = {"float32": torch.float32, "float64": torch.float64}
_answers: dict[tuple[Model, TileShape, str, str], TileSizes] = {}  # by what decides it


@dataclass(frozen=True)
class ModuleCohort:
    """What the runs of a cohort have in common, and how they are mapped."""

    shape: TileShape
    skeleton: Skeleton
    starts: Starts
    like: Tensor
    mapped: TileSizes

    @property
    def size(self) -> int:
        """How many runs a tile holds that is not the last."""
        return self.mapped.largest

    def padded(self, runs: Sequence[RunSpec]) -> list[RunSpec]:
        """The runs, and copies of the last one until tiles are full."""
        return [*runs, *[runs[-1]] * (self.mapped.filled(len(runs)) - len(runs))]

    def tiles(self, runs: Sequence[RunSpec], learnt: Learnt) -> list[Tile]:
        """The tiles of padded runs, in their order."""
        parts = [runs[start : start + self.size] for start in range(0, len(runs), self.size)]
        return [Tile(part, self.skeleton, self.starts.state(part, learnt), self.shape) for part in parts]


def module_cohort(run: RunSpec, split: Split, device: str) -> ModuleCohort:
    """The cohort of runs such as one. Raises BadInput where its module cannot be trained; each fault is one sentence."""
    like = torch.empty(0, dtype=DTYPES[run.dtype], device=device)
    inputs = split.inputs or split.train_x.shape[1:]
    shape = TileShape(
        inputs=tuple(inputs),
        outputs=run.loss.raw_outputs(split.train_y.shape[1]),
        targets=split.train_y.shape[1],
        width=run.batch or len(split.train_x),
        members=class_members(split),
    )
    x = torch.as_tensor(split.train_x[: shape.width]).to(like).view(-1, *shape.inputs)
    module = new_module(run.model, shape.inputs, shape.outputs, 0)
    refuse_parameters(run.model, module)
    module.to(like)
    for part in (split.train_x, split.test_x):
        refuse_examples(module, torch.as_tensor(part))
    before = torch.get_rng_state()
    outline = examined(run.model, module, x, shape.outputs)
    if x.is_cpu and len(x) * outline.patches <= MOST_PATCHES:
        fastest_form(module, x, mapped=True)
    skeleton = Skeleton(module, outline)
    skeleton.list_masks(x)
    starts = Starts(shape.inputs, shape.outputs, outline, like)
    skeleton.random = _draws(skeleton, x)
    cohort = ModuleCohort(shape, skeleton, starts, like, ONE_BY_ONE)
    cohort = replace(cohort, mapped=_tile_sizes(run, split, cohort, x))
    if cohort.mapped.reason and outline.convolutional and x.is_cpu:
        fastest_form(module, x, mapped=False)
    torch.set_rng_state(before)
    return cohort


def _draws(skeleton: Skeleton, x: Tensor) -> bool:
    """Whether a pass draws from torch's global stream."""
    before = torch.get_rng_state()
    skeleton.masks.listing = True
    with torch.no_grad():
        skeleton.module.train()(x)
    skeleton.masks.listing = False
    return not torch.equal(before, torch.get_rng_state())


def _tile_sizes(run: RunSpec, split: Split, cohort: ModuleCohort, x: Tensor) -> TileSizes:
    """How runs are mapped; found out once for a model, its shapes, data type and device."""
    key = run.model, cohort.shape, run.dtype, x.device.type
    if key not in _answers:
        counts = [
            min(EVALUATED, len(part) - start)
            for part in (split.train_x, split.test_x)
            for start in (0, len(part) // EVALUATED * EVALUATED)
        ]
        one = cohort.starts.own_state(run)
        _answers[key] = tile_sizes(cohort.skeleton, one, x, sorted({count for count in counts if count}))
    return _answers[key]
