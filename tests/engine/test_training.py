"""Laws of training: runs equal a naive twin's, and never depend on their company."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from trained import KEPT, alone, assert_same

from lossbench.engine import train
from lossbench.inits.given import File
from lossbench.inits.normal import Normal
from lossbench.inits.uniform import Uniform
from lossbench.interfaces import Loss, Optimizer, Split
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP, Logistic
from lossbench.optimizers.adam import Adam
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, RunSpec

SOFTMAX, SQUARED = CrossEntropy(link="softmax"), HalfSquaredError(link="softmax")


def torch_sgd(groups):
    weights, biases = groups
    return torch.optim.SGD([{**weights, "weight_decay": 0.02}, biases], lr=0.3, momentum=0.9, nesterov=True)


def torch_adam(groups):
    weights, biases = groups
    return torch.optim.Adam([{**weights, "weight_decay": 0.02}, biases], lr=0.05, betas=(0.8, 0.99), eps=1e-6)


RULES = {
    "sgd": (SGD(lr=0.3), lambda groups: torch.optim.SGD(groups, lr=0.3)),
    "momentum": (SGD(lr=0.3, momentum=0.9), lambda groups: torch.optim.SGD(groups, lr=0.3, momentum=0.9)),
    "nesterov": (SGD(lr=0.3, momentum=0.9, nesterov=True, l2=0.02), torch_sgd),
    "adam": (Adam(lr=0.05, beta1=0.8, beta2=0.99, epsilon=1e-6, l2=0.02), torch_adam),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("loss", [SOFTMAX, SQUARED, HalfSquaredError(link="sigmoid")], ids=str)
def test_training_equals_autograd_with_torch_optim(rule: str, loss: Loss, run, blobs, twin):
    ours, theirs = RULES[rule]
    spec, split = run(loss=loss, optimizer=ours), blobs()
    expected = twin(spec, split).train(theirs)
    for mine, wanted in zip(alone(spec, split).parameters, expected, strict=True):
        np.testing.assert_allclose(mine.weight, wanted.weight, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(mine.bias, wanted.bias, rtol=1e-10, atol=1e-13)


EACH = MLP(hidden=(4, 3), activation=("softsign", "tanh"))
DEEP = (MLP(hidden=(4, 3), activation="tanh"), MLP(hidden=(6, 2, 3), activation="relu"), EACH)


@pytest.mark.parametrize("batching", [{"batch": size, "order": o} for size in (None, 1, 7) for o in ("shuffled", "sequential")])
@pytest.mark.parametrize("model", [Logistic(), MLP(hidden=(1,)), *DEEP], ids=str)
def test_every_model_and_order_of_examples_equals_the_twin(model, batching, run, blobs, twin):
    spec, split = run(model=model, **batching), blobs()
    expected = twin(spec, split).train(RULES["sgd"][1])
    for mine, wanted in zip(alone(replace(spec, optimizer=SGD(lr=0.3)), split).parameters, expected, strict=True):
        np.testing.assert_allclose(mine.weight, wanted.weight, rtol=1e-9, atol=1e-12)


@st.composite
def cohorts(draw) -> tuple[tuple[RunSpec, ...], Split, list[int]]:
    """Runs of random shapes that may share a cohort, their data, and where to cut the cohort."""
    classes, features = draw(st.sampled_from([2, 3, 5, 10])), draw(st.integers(1, 70) | st.just(200))
    batch = draw(st.integers(1, 40) | st.sampled_from([2, 5, 10]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    labels = rng.integers(classes, size=60)
    y = labels[:, None].astype(float) if classes == 2 else np.eye(classes)[labels]
    x = rng.standard_normal((60, features))
    split = Split(x[:50], y[:50], x[50:], y[50:], "classification")
    link = "sigmoid" if classes == 2 else draw(st.sampled_from(["sigmoid", "softmax"]))
    template = RunSpec(
        loss=CrossEntropy(link=link),
        model=draw(st.sampled_from([Logistic(), MLP(hidden=(draw(st.integers(1, 33)),)), MLP(hidden=(7, 3), activation="tanh")])),
        init=Normal(std=draw(st.sampled_from([0.3, 3.0]))),
        dataset=draw(st.just(None)),
        optimizer=draw(st.sampled_from([SGD(lr=0.3), SGD(lr=0.1, momentum=0.9), Adam()])),
        data="",
        seed=0,
        steps=draw(st.integers(1, 9)),
        batch=draw(st.sampled_from([batch, None])),
        dtype=draw(st.sampled_from(["float32", "float64"])),
    )
    seeds, rates = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    runs = tuple(
        replace(template, loss=loss, seed=seed, optimizer=replace(template.optimizer, lr=0.1 * (place + 1)))
        for loss in (CrossEntropy(link=link), HalfSquaredError(link=link))
        for seed in range(seeds)
        for place in range(rates)
    )
    chosen = draw(st.lists(st.sampled_from(runs), min_size=1, max_size=len(runs), unique=True))
    return tuple(chosen), split, draw(st.lists(st.integers(0, len(chosen)), max_size=2))


@pytest.mark.slow
@settings(max_examples=100)
@given(cohorts())
def test_a_run_is_the_same_bits_in_any_cohort_in_any_order_in_any_split(drawn):
    runs, split, cuts = drawn
    together = train(Cohort(runs=runs, recording=KEPT), split)
    edges = [0, *sorted(cuts), len(runs)]
    parts = [runs[start:stop][::-1] for start, stop in pairwise(edges) if start < stop]
    apart = {t.run: t for part in parts for t in train(Cohort(runs=part, recording=KEPT), split)}
    for trace in together:
        assert_same(trace, apart[trace.run])
    assert_same(alone(runs[-1], split), together[-1])


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_outside_changes_nothing(threads: int, run, blobs):
    before = alone(run(dtype="float32"), blobs())
    torch.set_num_threads(threads)
    try:
        assert_same(before, alone(run(dtype="float32"), blobs()))
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(1)


@pytest.mark.slow
def test_wide_layers_keep_the_law_too(blobs):
    split = blobs(examples=300, features=784, classes=10)
    template = RunSpec(
        loss=SOFTMAX, model=MLP(hidden=(30,)), init=Uniform(), dataset=None, optimizer=SGD(), data="", seed=0, steps=3, batch=10
    )
    for dtype in ("float32", "float64"):
        named = replace(template, dtype=dtype)
        runs = tuple(replace(named, seed=seed, loss=loss) for loss in (SOFTMAX, SQUARED) for seed in (1, 2) for _ in "ab")
        for trace in train(Cohort(runs=runs, recording=KEPT), split):
            assert_same(trace, alone(trace.run, split))


@pytest.mark.parametrize("batch", [1, 3, 10])
def test_a_wide_layer_s_gradient_is_measured_and_followed_though_it_is_not_formed(batch: int, run, blobs, twin):
    spec, split = run(model=MLP(hidden=(16,)), batch=batch, optimizer=SGD(lr=0.3), steps=20), blobs(40, features=300)
    fused, formed = alone(replace(spec, dtype="float32"), split), alone(spec, split)
    for name in ("gradient_norm_weights/1", "gradient_norm_biases/1", "update_ratio/1", "train_loss"):
        np.testing.assert_allclose(fused.values[name], formed.values[name], rtol=1e-4, err_msg=name)
    for mine, wanted in zip(fused.parameters, twin(spec, split).train(RULES["sgd"][1]), strict=True):
        np.testing.assert_allclose(mine.weight, wanted.weight, rtol=1e-4, atol=1e-5)


def test_a_run_that_diverges_is_a_row_with_an_outcome_and_its_mates_do_not_change(run, blobs):
    wild = run(loss=HalfSquaredError(link="identity"), optimizer=SGD(lr=1e30), dtype="float32", model=Logistic())
    calm = replace(wild, optimizer=SGD(lr=0.01))
    lost, kept = train(Cohort(runs=(wild, calm), recording=KEPT), blobs())
    assert lost.outcome == "diverged"
    assert 0 < lost.stopped < wild.steps
    assert lost.steps == tuple(range(lost.stopped))
    assert lost.parameters is None
    assert kept.outcome == "finished"
    assert_same(kept, alone(calm, blobs()))


def test_a_cohort_of_nothing_but_diverging_runs_ends_early_with_all_outcomes(run, blobs):
    spec = run(loss=HalfSquaredError(link="identity"), optimizer=SGD(lr=1e30), dtype="float32", steps=300)
    told = []
    traces = train(Cohort(runs=(spec, replace(spec, seed=4)), recording=KEPT), blobs(), report=told.append)
    assert [trace.outcome for trace in traces] == ["diverged", "diverged"]
    assert max(told) < spec.steps


def test_the_same_seed_gives_every_loss_the_same_start_and_the_same_examples(run, blobs):
    split = blobs()
    first = {loss: alone(run(loss=loss, steps=1, optimizer=SGD(lr=1e-300)), split).parameters for loss in (SOFTMAX, SQUARED)}
    for one, other in zip(first[SOFTMAX], first[SQUARED], strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)


def test_seeds_differ(run, blobs):
    one, other = (alone(run(seed=seed), blobs()) for seed in (0, 1))
    assert not np.array_equal(one.values["train_loss"], other.values["train_loss"])


def test_an_end_continued_from_its_file_equals_the_longer_run(run, blobs, tmp_path):
    spec, split = run(batch=None, steps=5), blobs()
    half = alone(spec, split)
    arrays = {f"{kind}_{n}": getattr(p, kind) for n, p in enumerate(half.parameters, 1) for kind in ("weight", "bias")}
    np.savez(tmp_path / "half.npz", **arrays)
    rest = alone(replace(spec, init=File(path=str(tmp_path / "half.npz"))), split)
    longer = alone(replace(spec, steps=10), split)
    np.testing.assert_array_equal(rest.values["train_loss"], longer.values["train_loss"][5:])


def test_a_loss_without_a_gradient_of_its_own_learns_by_autograd(run, blobs):
    @dataclass(frozen=True, kw_only=True)
    class Borrowed(Loss):
        """Cross entropy's value, and nothing else."""

        link: str = "softmax"

        def value(self, z, y):
            return SOFTMAX.value(z, y)

    one, other = (alone(run(loss=loss), blobs()) for loss in (Borrowed(), SOFTMAX))
    for name, curve in one.values.items():
        np.testing.assert_allclose(curve, other.values[name], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("rule", [SGD(lr=0.2, l2=0.1), SGD(lr=0.2, momentum=0.5), Adam(l2=0.1)], ids=str)
def test_runs_of_which_some_switch_an_option_off_are_no_cohort(rule: Optimizer, run, blobs):
    off = replace(rule, l2=0.0) if rule.l2 else replace(rule, momentum=0.0)
    runs = (run(optimizer=rule), run(optimizer=off))  # without a penalty or a memory it is another program
    with pytest.raises(ValueError, match="train in cohorts of their own"):
        train(Cohort(runs=runs, recording=KEPT), blobs())


class Drawer:
    """A checkpoint that saves after every step, and keeps every state that it was given."""

    seconds = -1.0

    def __init__(self, first=None) -> None:
        self.kept, self.first = [], first

    def load(self):
        return self.first

    def save(self, arrays) -> None:
        self.kept.append({name: array.copy() for name, array in arrays.items()})


@pytest.mark.slow
@pytest.mark.parametrize("rule", [SGD(lr=0.3), SGD(lr=0.3, momentum=0.9), Adam(lr=0.05)], ids=str)
@pytest.mark.parametrize("batch", [4, None])
def test_training_continued_from_any_checkpoint_is_the_same_bits(rule: Optimizer, batch: int | None, run, blobs):
    split, drawer = blobs(), Drawer()
    wild = run(loss=HalfSquaredError(link="softmax"), optimizer=replace(rule, lr=1e300), batch=batch, dtype="float32")
    cohort = Cohort(runs=(run(optimizer=rule, batch=batch, dtype="float32"), wild), recording=KEPT)
    whole = train(cohort, split, checkpoint=drawer)
    assert len(drawer.kept) == cohort.runs[0].steps + 1
    for kept in drawer.kept:
        for trace, continued in zip(whole, train(cohort, split, checkpoint=Drawer(kept)), strict=True):
            assert_same(trace, continued)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: training on one is compared with the CPU")
def test_training_on_a_cuda_device_agrees_with_the_cpu_and_with_itself(run, blobs):
    runs, split = tuple(run(loss=loss, seed=seed) for loss in (SOFTMAX, SQUARED) for seed in (0, 1)), blobs()
    cohort = Cohort(runs=runs, recording=KEPT)
    first, second, cpu = train(cohort, split, "cuda"), train(cohort, split, "cuda"), train(cohort, split)
    for one, again, expected in zip(first, second, cpu, strict=True):
        assert_same(one, again)
        for name, curve in expected.values.items():
            np.testing.assert_allclose(one.values[name], curve, rtol=1e-9, atol=1e-12, err_msg=name)
