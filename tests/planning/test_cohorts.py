"""Cohorts on a device with memory of its own: as many runs as fit there, and a run takes no more than it is said to."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from lossbench.data.loading import load
from lossbench.engine import train
from lossbench.interfaces.recorders import recorder_classes
from lossbench.planning.cohorts import MATRICES, MOST, SAFE, _curves, at_once, cohorts, device_bytes
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec
from lossbench.registry import find

ENDS = RecordingSchedule(kind="linear", points=2)
PLENTY = 10**15  # bytes
RUNS = 60  # of a cohort whose memory is counted


def built(noun: str, word: str, **options: Any) -> Any:
    return find(noun, word).build(options)


def run(**changes: Any) -> RunSpec:
    """A run of digits, which is recorded as nobody chose, unless changed."""
    digits = built("dataset", "digits")
    things = {"loss": built("loss", "cross_entropy", link="softmax"), "model": built("model", "mlp", hidden=[32])}
    things |= {"init": built("init", "glorot"), "dataset": digits, "optimizer": built("optimizer", "adam", l2=0.01)}
    return RunSpec(**(things | {"data": load(digits).fingerprint, "seed": 0, "steps": 3, "batch": 32} | changes))


def on(word: str, **changes: Any) -> RunSpec:
    dataset = built("dataset", word)
    return run(dataset=dataset, data=load(dataset).fingerprint, **changes)


def rates(one: RunSpec, count: int) -> tuple[RunSpec, ...]:
    return tuple(replace(one, optimizer=replace(one.optimizer, lr=1 / (n + 1))) for n in range(count))


def seeds(one: RunSpec, count: int) -> tuple[RunSpec, ...]:
    return tuple(replace(one, seed=seed) for seed in range(count))


@given(run_bytes=st.integers(1, 10**9), free=st.integers(0, 10**12), runs=st.integers(1, 10**6))
def test_as_many_runs_as_fit_train_at_once_and_no_more(run_bytes: int, free: int, runs: int) -> None:
    chosen = at_once(run_bytes, free, runs)
    assert 1 <= chosen <= min(runs, MATRICES)
    assert chosen == 1 or chosen * run_bytes <= SAFE * free
    assert chosen in (runs, MATRICES) or (chosen + 1) * run_bytes > int(SAFE * free)


@pytest.mark.slow
@given(count=st.integers(1, 700), share=st.floats(0.001, 2))
def test_on_a_device_cohorts_are_as_few_as_fit_and_much_of_a_size(count: int, share: float) -> None:
    runs = seeds(run(), count)
    each = device_bytes(runs[0], Recording())
    free = int(count * each * share / SAFE)
    sizes = [len(cohort.runs) for cohort in cohorts(runs, Recording(), None, free)]
    assert sum(sizes) == count
    assert len(sizes) == -(-count // at_once(each, free, count))
    assert max(sizes) == -(-count // len(sizes))


def test_a_device_needs_no_second_worker_and_has_no_cache_to_stay_in() -> None:
    (cohort,) = cohorts(seeds(run(), 3 * MOST), Recording(), None, PLENTY)
    assert len(cohort.runs) == 3 * MOST


@pytest.mark.parametrize("free", [None, 0, 10**9, PLENTY])
def test_a_tile_that_somebody_chose_is_kept_whatever_is_free(free: int | None) -> None:
    runs = seeds(run(), 12)
    assert cohorts(runs, Recording(), 4, free) == cohorts(runs, Recording(), 4)
    assert [len(cohort.runs) for cohort in cohorts(runs, Recording(), 4, free)] == [4, 4, 4]


def test_runs_are_the_same_in_whatever_cohorts() -> None:
    runs = seeds(run(), 9) + seeds(on("iris", batch=8), 5)
    there = Counter(spec.id for spec in runs)
    for free in (None, 0, 10**6, PLENTY):
        assert Counter(spec.id for cohort in cohorts(runs, Recording(), None, free) for spec in cohort.runs) == there


@pytest.mark.slow
@pytest.mark.parametrize("word", [None, *recorder_classes()])
@pytest.mark.parametrize("hidden", [[], [8, 4]])
def test_a_run_leaves_no_more_curves_than_are_reckoned_with(word: str | None, hidden: list[int]) -> None:
    asked = Recording(schedule=ENDS, probes=(word,) if word else ())
    spec = on("iris", model=built("model", "mlp" if hidden else "logistic", **({"hidden": hidden} if hidden else {})), batch=8)
    (trace,) = train(Cohort(runs=(spec,), recording=asked), load(spec.dataset).split)
    assert len(trace.values) <= _curves(asked, len(hidden) + 1, 3)


def neuron(word: str, **changes: Any) -> RunSpec:
    """A run of a single layer."""
    return on(word, **({"model": built("model", "logistic"), "init": built("init", "uniform")} | changes))


def plainly(one: RunSpec) -> RunSpec:
    return replace(one, optimizer=built("optimizer", "sgd"))


COUNTED: dict[str, tuple[Callable[[], tuple[RunSpec, ...]], Recording]] = {
    "a network by Adam": (lambda: rates(run(), RUNS), Recording(schedule=ENDS)),
    "every seed's own batch": (lambda: seeds(run(), RUNS), Recording(schedule=ENDS)),
    "double precision": (lambda: rates(run(dtype="float64"), RUNS), Recording(schedule=ENDS)),
    "every probe": (lambda: rates(run(steps=1), RUNS // 3), Recording(schedule=ENDS, probes=tuple(recorder_classes()))),
    "a loss that makes much of its outputs, where they are far off": (
        lambda: rates(neuron("breast_cancer", batch=None, loss=built("loss", "bi_tempered")), RUNS),
        Recording(schedule=ENDS),
    ),
    "many inputs, few units": (lambda: seeds(plainly(neuron("mnist_5k", batch=10)), 6 * RUNS), Recording(schedule=ENDS)),
    "long curves": (
        lambda: rates(plainly(run(steps=1000)), RUNS),
        Recording(schedule=RecordingSchedule(kind="every"), probes=("gradient_norms",)),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("counted", COUNTED)
def test_a_run_takes_less_memory_than_it_is_reckoned_with_and_not_much_less(counted: str) -> None:
    chosen, asked = COUNTED[counted]
    runs = chosen()
    half, whole = (most_bytes(Cohort(runs=part, recording=asked)) for part in (runs[::2], runs))
    assert 0.1 < (whole - half) / (len(runs) / 2) / device_bytes(runs[0], asked) < 0.95


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: what a training takes of one is not counted")
@pytest.mark.parametrize("counted", COUNTED)
def test_a_run_takes_no_more_of_a_card_than_it_is_reckoned_with(counted: str) -> None:
    chosen, asked = COUNTED[counted]
    runs = chosen() * 8  # so that what all have in common is little beside what each has
    split = load(runs[0].dataset).split
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    train(Cohort(runs=runs, recording=asked), split, "cuda")
    shared = sum(4 * part.nbytes for part in split[:4])
    assert torch.cuda.max_memory_allocated() - before < len(runs) * device_bytes(runs[0], asked) + shared


def most_bytes(cohort: Cohort) -> int:
    """What the tensors of a training take together at its worst moment."""
    split = load(cohort.runs[0].dataset).split
    train(cohort, split)  # layouts are tried out, as on no device
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as seen:
        train(cohort, split)
    changes = [event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for change in sorted(changes, key=lambda change: change.start_ns()):
        held += change.nbytes()
        most = max(most, held)
    return most
