"""Products that several threads share are the products, and a run's bits depend neither on the threads nor on its company."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lossbench.engine import products, train
from lossbench.engine.products import Product, Products, pieces
from lossbench.engine.threads import lent_threads
from lossbench.models.dense import MLP
from lossbench.optimizers.adam import Adam
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule

EVERY = Recording(schedule=RecordingSchedule(kind="every"), keep=("parameters",))
WIDE = MLP(hidden=(40, 37), activation="tanh")
RULES = {
    "sgd": (SGD(lr=0.3), {}, lambda groups: torch.optim.SGD(groups, lr=0.3)),
    "clipped": (SGD(lr=0.3), {"clip_norm": 0.1}, lambda groups: torch.optim.SGD(groups, lr=0.3)),
    "adam": (Adam(lr=0.05), {}, lambda groups: torch.optim.Adam(groups, lr=0.05)),
}


@pytest.fixture
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut products that are done at once."""
    monkeypatch.setattr(products, "LARGE", 2000)
    monkeypatch.setattr(products, "PIECE", 1000)


def drawn(*shape: int) -> torch.Tensor:
    return torch.empty(shape, dtype=torch.float64).uniform_(-1, 1, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.usefixtures("_small_is_large")
@pytest.mark.parametrize("rows", [16, 17, 32, 100, 1001])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_what_is_cut_is_the_product(rows: int, threads: int) -> None:
    left, right, start = drawn(2, rows, 20), drawn(2, 20, 12), drawn(2, rows, 12)
    out, added = torch.empty_like(start), start.clone()
    wanted = left @ right
    blocks = pieces(Product(left, right, out))
    assert (len(blocks) > 1) == (rows > 16)
    assert torch.equal(torch.cat([block.left for block in blocks], 1), left)
    with lent_threads(threads):
        Products((Product(left, right, out),), cut=True).multiply()
        Products((Product(left, right, added),), cut=True).add()
    torch.testing.assert_close(out, wanted)
    torch.testing.assert_close(added, start + wanted)


def test_blocks_are_a_power_of_two_and_follow_from_the_shape() -> None:
    def heights(rows: int, inner: int, columns: int) -> list[int]:
        product = Product(torch.empty(1, rows, inner), torch.empty(1, inner, columns), torch.empty(1, rows, columns))
        return [piece.left.shape[1] for piece in pieces(product)]

    assert heights(512, 784, 128) == [256, 256]
    assert heights(2000, 784, 128) == [256] * 7 + [208]
    assert heights(100, 784, 128) == [100]
    assert heights(30, 784, 1000) == [30]  # published nets keep the bits that they were stored with
    assert heights(16, 10**4, 10**3) == [16]


@pytest.mark.usefixtures("_small_is_large")
@pytest.mark.parametrize("batch", [None, 7])
@pytest.mark.parametrize("rule", RULES)
def test_large_layers_train_as_autograd_and_torch_optim_do(rule: str, batch: int | None, run, blobs, twin) -> None:
    ours, options, theirs = RULES[rule]
    split = blobs(features=21)
    spec = run(model=WIDE, optimizer=ours, batch=batch, **options)
    (trace,) = train(Cohort(runs=(spec,), recording=EVERY), split)
    for mine, wanted in zip(trace.parameters, twin(spec, split).train(theirs), strict=True):
        np.testing.assert_allclose(mine.weight, wanted.weight, rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(mine.bias, wanted.bias, rtol=1e-8, atol=1e-11)


@pytest.mark.usefixtures("_small_is_large")
@pytest.mark.parametrize("rule", RULES)
def test_bits_depend_neither_on_threads_nor_on_company(rule: str, run, blobs) -> None:
    ours, options, _ = RULES[rule]
    split = blobs(features=21)
    spec = run(model=WIDE, optimizer=ours, dtype="float32", **options)
    runs = [replace(spec, seed=seed) for seed in (3, 3, 4)]
    traces = []
    for threads in (1, 2, 5):
        with lent_threads(threads):
            traces += [train(Cohort(runs=tuple(part), recording=EVERY), split)[0] for part in (runs, runs[:1])]
    for other in traces[1:]:
        for name, curve in traces[0].values.items():
            np.testing.assert_array_equal(curve, other.values[name], err_msg=name)
        for mine, theirs in zip(traces[0].parameters, other.parameters, strict=True):
            np.testing.assert_array_equal(mine.weight, theirs.weight)
