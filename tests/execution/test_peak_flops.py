"""What a training's arithmetic is held against, and how that is told."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lossbench.execution import peak_flops
from lossbench.execution.executor import Summary
from lossbench.execution.peak_flops import SIDE, measured_peak_flops

SUMMARY = Summary(
    folder=Path("demo"), trained=10, already_stored=0, diverged=0, seconds=8.0, run_steps=4000, operations=16 * 10**9, peak=20e9
)


@pytest.mark.slow
def test_the_peak_is_a_product_s_operations_over_the_shortest_time_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 4.0, 10.0, 12.0, 20.0, 23.0, 30.0, 39.0, 40.0, 45.0])
    monkeypatch.setattr(peak_flops.time, "perf_counter", lambda: next(clock))
    assert measured_peak_flops("cpu") == 2 * SIDE**3 / 2.0


def test_measuring_the_peak_leaves_the_threads_as_they_were() -> None:
    before = torch.get_num_threads()
    assert measured_peak_flops("cpu") > 1e8
    assert torch.get_num_threads() == before


def test_the_summary_tells_the_share_of_the_peak_where_it_was_measured() -> None:
    assert SUMMARY.sentence().endswith("; 500 run-steps/s, 2 GFLOP/s in steps, 10% of this machine's matrix products.")
    assert replace(SUMMARY, peak=None).sentence().endswith("; 500 run-steps/s.")
