"""The first layer's products are those of each run with its own batch, however the runs are laid out."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lossbench.engine import first_layer
from lossbench.engine.determinism import fitting, group_of
from lossbench.engine.first_layer import FirstLayerShape, layout
from lossbench.engine.products import Layout, Products
from lossbench.engine.stacking import Sharing

FIRST = FirstLayerShape(3, 4, 5, lasting=False, dtype=torch.float64, device="cpu")


def sharing(*owners: int, alike: bool = False) -> Sharing:
    return Sharing(tuple(dict.fromkeys(owners)), owners, alike)


def drawn(*shape: int) -> torch.Tensor:
    return torch.empty(shape, dtype=torch.float64).uniform_(-1, 1, generator=torch.Generator().manual_seed(sum(shape)))


@given(owners=st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_run_blocks_name_every_run_once_with_its_batch(owners: list[int]) -> None:
    told = [
        (run_block.start + batch * run_block.runs + run, run_block.first_batch + batch)
        for run_block in sharing(*owners).run_blocks()
        for batch in range(run_block.batches)
        for run in range(run_block.runs)
    ]
    assert told == list(enumerate(owners))


def test_neighbours_with_equally_many_runs_each_are_one_run_block() -> None:
    assert sharing(0, 0, 1, 1, 2, 2).run_blocks() == ((0, 2, 0, 3),)
    assert sharing(0, 0, 1, 1, 2).run_blocks() == ((0, 2, 0, 2), (4, 1, 2, 1))


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("owners", [(0, 0, 1, 1), (0, 0, 0, 1, 1), (0, 1, 2), (0, 0, 0, 0)], ids=str)
def test_products_are_those_of_each_run_with_its_batch(owners: tuple[int, ...], tall: bool) -> None:
    left, right, start = drawn(len(owners), 3, 4), drawn(3, 4, 5), drawn(len(owners), 3, 5)
    wanted = torch.einsum("rmk,rkn->rmn", left, right[list(owners)])
    out, added = torch.empty_like(start), start.clone()
    laid = Layout(sharing(*owners).run_blocks(), group=2 if len(set(owners)) == 1 else 1, tall=tall)
    laid.products(left, right, out).multiply()
    laid.products(left, right, added).add()
    torch.testing.assert_close(out, wanted)
    torch.testing.assert_close(added, start + wanted)


@pytest.mark.parametrize("same", [True, False])
def test_runs_stand_in_groups_only_where_their_bits_are_the_same_everywhere(same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_layer, "_alike_in_groups", lambda *_: same)
    found = layout(sharing(*[0] * 16, alike=True), FIRST._replace(units=1), 0)
    assert found is not None
    assert found.group == (16 if same else 1)
    assert not found.tall


def test_a_run_whose_bits_depend_on_where_it_stands_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    first_layer._alike_in_groups.cache_clear()
    assert first_layer._alike_in_groups(FIRST._replace(units=16), 1, 1)

    class Uneven(Products):
        def multiply(self) -> None:
            for left, right, out in self.parts:
                torch.bmm(left, right, out=out)
                out[:, -1].mul_(1 + 1e-15)  # the last row is worked out by another loop

    monkeypatch.setattr("lossbench.engine.products.Products", Uneven)
    first_layer._alike_in_groups.cache_clear()
    assert not first_layer._alike_in_groups(FIRST._replace(units=1), 1, 16)
    first_layer._alike_in_groups.cache_clear()


def test_where_one_run_alone_has_its_batch_every_run_is_given_one_of_its_own() -> None:
    assert layout(sharing(0, 0, 1), FIRST, 0) is None
    assert layout(sharing(0, 1, 2), FIRST, 0) is not None


@given(runs=st.integers(1, 70), rows=st.integers(1, 40))
def test_a_cohort_is_filled_up_to_whole_groups_and_no_further(runs: int, rows: int) -> None:
    filled, group = fitting(runs, rows), group_of(rows)
    assert filled % group == 0
    assert 0 <= filled - runs < group
