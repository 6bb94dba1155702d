"""A device's free memory: who asks for it, how it is shared, and what is said where it does not suffice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lossbench.commands import cli
from lossbench.commands.actions import outline
from lossbench.data.loading import load
from lossbench.engine import dense
from lossbench.execution import executor, forecast
from lossbench.execution.device_memory import as_memory_error, free_bytes
from lossbench.planning.cohorts import SAFE, device_bytes
from lossbench.planning.plan import Plan
from lossbench.planning.spec import Cohort, Recording, Resources, RunSpec
from lossbench.registry import find

GIGABYTE = 10**9
CUDA = Resources(device="cuda", executor="serial")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a card with 10 of its 16 gigabytes free is asked, in order."""
    seen: list[str] = []

    def mem_get_info() -> tuple[int, int]:
        seen.append("mem_get_info")
        return 10 * GIGABYTE, 16 * GIGABYTE

    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: seen.append("empty_cache"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", mem_get_info)
    return seen


def plan(count: int, resources: Resources) -> Plan:
    parts = {"loss": ("cross_entropy", {"link": "softmax"}), "model": ("mlp", {"hidden": [5]}), "init": ("glorot", {})}
    parts |= {"dataset": ("iris", {}), "optimizer": ("sgd", {})}
    things: dict[str, Any] = {noun: find(noun, word).build(options) for noun, (word, options) in parts.items()}
    one = RunSpec(**things, data=load(things["dataset"]).fingerprint, seed=0, steps=3, batch=10)
    runs = tuple(replace(one, seed=seed) for seed in range(count))
    return Plan(study="study", runs=runs, recording=Recording(probes=("gradient_norms",)), resources=resources)


def test_what_torch_keeps_for_later_counts_as_free(asked: list[str]) -> None:
    assert free_bytes(CUDA) == 10 * GIGABYTE
    assert asked == ["empty_cache", "mem_get_info"]


def test_the_cpu_is_not_asked(asked: list[str]) -> None:
    assert [
        free_bytes(Resources(executor=executor, workers=workers)) for executor in ("auto", "loky") for workers in (None, 2)
    ] == [None] * 4
    assert not asked


@pytest.mark.parametrize(
    ("executor", "workers", "share"), [("auto", None, 1), ("auto", 4, 1), ("serial", 4, 1), ("loky", None, 1), ("loky", 4, 4)]
)
def test_workers_that_were_asked_for_share_the_device(asked: list[str], executor: Any, workers: int | None, share: int) -> None:
    resources = Resources(device="cuda", executor=executor, workers=workers)
    assert free_bytes(resources) == 10 * GIGABYTE // share


def trained(plan: Plan, folder: Path) -> list[Cohort]:
    """The cohorts that `run` trains."""
    return executor._cohorts(folder, plan.runs, plan)


def shown(plan: Plan, folder: Path) -> list[Cohort]:
    """A cohort of each kind that `plan` shows."""
    seen: list[Cohort] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecast, "estimate", lambda kinds, _: seen.extend(kinds) or 0.0)
        outline.print_outline(plan, folder)
    return seen


@pytest.mark.parametrize("cohorts", [trained, shown])
def test_on_a_card_a_cohort_is_what_fits_there(
    cohorts: Callable[[Plan, Path], list[Cohort]], asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = plan(600, CUDA)
    assert [len(cohort.runs) for cohort in cohorts(wide, tmp_path)] == [600]
    assert [len(cohort.runs) for cohort in cohorts(replace(wide, resources=replace(CUDA, tile=600)), tmp_path)] == [600]
    free = int(320 * device_bytes(wide.runs[0], wide.recording) / SAFE)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, free))
    assert {len(cohort.runs) for cohort in cohorts(wide, tmp_path)} == {300}
    assert max(len(cohort.runs) for cohort in cohorts(replace(wide, resources=Resources()), tmp_path)) < 300


@pytest.mark.slow
def test_where_the_device_is_full_a_sentence_says_what_would_need_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(*_: Any) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dense, "train", train)
    for command in ("run", "plan"):
        assert cli.answer([command, "dataset=iris", "epochs=1"]) == 1
        assert "there is not enough memory. What was stored is kept; a smaller engine.tile needs less" in capsys.readouterr().err


def test_another_error_of_the_device_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="illegal memory access"), as_memory_error():
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
