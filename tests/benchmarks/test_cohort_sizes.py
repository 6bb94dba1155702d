"""Laws of the contest between cohorts of several sizes, which is held on a graphics card, and here on the CPU."""

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from benchmarks import cohort_sizes as contest
from benchmarks.__main__ import main
from benchmarks.contest import Disagreement
from benchmarks.lesson import DIGITS, MNIST, Lesson
from benchmarks.page import Result, Surroundings, page, table, write
from benchmarks.timing import interleave
from lossbench.datasets.classic import Iris
from lossbench.storage.provenance import provenance

WHERE = Surroundings(command="python -m benchmarks cohort_sizes", provenance=provenance("cpu", 2), load=0.1)
SMALL = Lesson(dataset=Iris(), hidden=(5,), batch=4, seeds=2, rates=(0.1, 0.2, 0.5))
LESSONS = {"small": SMALL, "digits": DIGITS}


@pytest.fixture
def no_card(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.slow
def test_cohorts_of_every_size_and_network_are_timed_and_shown_by_the_second():
    held = contest.cohort_sizes("cpu", sizes=(1, 4), steps=5, lessons=LESSONS)
    agreed = held.check()
    assert agreed.endswith("largest relative difference: small 0e+00, digits 0e+00.")
    rounds = interleave(held.contestants, 1, [].append)
    names = ["small, 1 run", "small, 4 runs", "digits, 1 run", "digits, 4 runs"]
    assert [list(taken) for taken in rounds] == [names]
    text = page([Result(name="cohort_sizes", contest=held, agreed=agreed, rounds=rounds)], {}, WHERE)
    assert "|  | µs a run-step, median | least | most | run-steps a second |" in text
    for name in names:
        (line,) = (line for line in text.splitlines() if line.startswith(f"| {name} |"))
        median, *_, rate = (float(cell.replace(",", "")) for cell in line.split("|")[2:-1])
        assert rate == pytest.approx(1e6 / median, rel=0.01)


def test_without_a_card_the_page_says_what_it_lacks(no_card, tmp_path):
    held = contest.cohort_sizes()
    result = Result(name="cohort_sizes", contest=held, agreed=held.check(), rounds=interleave(held.contestants, 1, [].append))
    text = page([result], {}, WHERE)
    assert text.endswith(f"## {contest.TITLE}\n\n{contest.ABSENT}\n")
    assert "needs a CUDA device" in contest.ABSENT
    write(tmp_path, text, table([result], WHERE))
    assert pd.read_parquet(tmp_path / "benchmarks.parquet").empty


def test_without_a_card_the_command_says_so_and_goes_on(no_card):
    answer = CliRunner().invoke(main, ["cohort_sizes", "--repetitions", "1"])
    assert answer.exit_code == 0, answer.output
    assert contest.ABSENT in answer.output


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [DIGITS, MNIST], ids=["digits", "MNIST"])
@pytest.mark.parametrize("count", contest.SIZES)
def test_a_cohort_has_its_size_and_looks_like_a_sweep(lesson, count):
    runs = contest.some(lesson, count, 3)
    assert len({run.id for run in runs}) == len(runs) == count
    assert {run.optimizer.lr for run in runs} <= set(lesson.rates)
    if count > 1:
        assert Counter(run.loss for run in runs) == dict.fromkeys(lesson.losses, count // 2)
        assert len(set(Counter((run.loss, run.seed) for run in runs).values())) == 1


def test_a_device_that_computes_something_else_is_refused(monkeypatch):
    def wrong(cohort, split, device):
        factor = 1.0 if device == "cpu" else 1.1
        traces = train(cohort, split)
        return [replace(trace, values={name: factor * curve for name, curve in trace.values.items()}) for trace in traces]

    train = contest.train
    monkeypatch.setattr(contest, "train", wrong)
    assert "small" in contest._agreed("cpu", {"small": SMALL})
    with pytest.raises(Disagreement, match="small on cuda"):
        contest._agreed("cuda", {"small": SMALL})


def test_the_clock_waits_for_the_card_and_its_memory_is_counted_anew(monkeypatch):
    seen = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: seen.append("wait"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: seen.append("forget"))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 7_000)
    monkeypatch.setattr(contest.time, "perf_counter", lambda: seen.append("look") or float(len(seen)))
    monkeypatch.setattr(contest, "train", lambda *_: seen.append("train"))
    taken = contest._clocked(contest.Cohort(runs=contest.some(SMALL, 1, 3), recording=contest.NORMS), "cuda")
    assert seen == ["wait", "forget", "look", "train", "wait", "look"]
    assert (taken.seconds, taken.peak) == (3.0, 7_000)
