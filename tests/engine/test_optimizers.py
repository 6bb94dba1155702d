"""Optimizers, schedules and clipping equal torch's, step by step; and no rule ever sees another run's numbers."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler as schedulers

from lossbench.engine import train
from lossbench.errors import BadInput
from lossbench.interfaces import Optimizer, Schedule
from lossbench.models.dense import MLP
from lossbench.optimizers.adam import Adam, AdamW
from lossbench.optimizers.rmsprop import RMSprop
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule
from lossbench.schedules.cycles import OneCycle
from lossbench.schedules.decays import Constant, Cosine, Exponential, Linear, Step

STEPS = 200
KEPT = Recording(schedule=RecordingSchedule(points=9), keep=("parameters",))


def decayed(make, decay, **options):
    """A torch optimizer whose weights, and not its biases, decay."""
    return lambda groups: make([{**groups[0], "weight_decay": decay}, {**groups[1], "weight_decay": 0.0}], **options)


RULES = {
    "sgd": (SGD(lr=0.3), decayed(torch.optim.SGD, 0, lr=0.3)),
    "l2": (SGD(lr=0.3, l2=0.02), decayed(torch.optim.SGD, 0.02, lr=0.3)),
    "nesterov": (
        SGD(lr=0.1, momentum=0.9, nesterov=True, l2=0.02),
        decayed(torch.optim.SGD, 0.02, lr=0.1, momentum=0.9, nesterov=True),
    ),
    "adam": (Adam(lr=0.02, l2=0.02), decayed(torch.optim.Adam, 0.02, lr=0.02)),
    "adam_w": (AdamW(lr=0.02, decay=0.1), decayed(torch.optim.AdamW, 0.1, lr=0.02)),
    "rmsprop": (RMSprop(lr=0.01, l2=0.01), decayed(torch.optim.RMSprop, 0.01, lr=0.01)),
    "rmsprop with all": (
        RMSprop(lr=0.002, alpha=0.9, epsilon=1e-6, momentum=0.8, centered=True),
        decayed(torch.optim.RMSprop, 0, lr=0.002, alpha=0.9, eps=1e-6, momentum=0.8, centered=True),
    ),
}


def warmed(after, updates=30):
    """Torch's warm-up, and then another of its schedules."""

    def make(rule):
        rising = schedulers.LinearLR(rule, start_factor=1 / (updates + 1), total_iters=updates)
        return schedulers.SequentialLR(rule, [rising, after(rule)], milestones=[updates])

    return make


def one_cycle(rule):
    """Torch's, to the learning rate that the optimizer has."""
    return schedulers.OneCycleLR(
        rule,
        [group["lr"] for group in rule.param_groups],
        total_steps=STEPS,
        pct_start=0.4,
        div_factor=10,
        final_div_factor=100,
        cycle_momentum=False,
    )


SCHEDULES = {
    "none": (None, None),
    "warmup": (Constant(warmup=30), warmed(lambda rule: schedulers.ConstantLR(rule, factor=1.0))),
    "step": (Step(every=40, gamma=0.3), lambda rule: schedulers.StepLR(rule, 40, gamma=0.3)),
    "exponential": (Exponential(gamma=0.99), lambda rule: schedulers.ExponentialLR(rule, gamma=0.99)),
    "linear": (Linear(end=0.1, over=150), lambda rule: schedulers.LinearLR(rule, 1.0, 0.1, 150)),
    "cosine": (Cosine(), lambda rule: schedulers.CosineAnnealingLR(rule, STEPS)),
    "cosine after warmup": (Cosine(warmup=30), warmed(lambda rule: schedulers.CosineAnnealingLR(rule, STEPS - 30))),
    "one_cycle": (OneCycle(peak=0.4, rise_from=10.0, fall_to=100.0), one_cycle),
}
# torch asks for steps of the optimizer before those of the schedule; a SequentialLR takes one of its own at the start
pytestmark = pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step", "ignore:The epoch parameter")


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_rule_with_every_schedule_equals_torch_over_200_steps(rule, schedule, run, blobs, twin):
    (ours, theirs), (factor, scheduler) = RULES[rule], SCHEDULES[schedule]
    for clip_norm in (None, 0.2):
        spec, split = run(optimizer=ours, schedule=factor, clip_norm=clip_norm, steps=STEPS), blobs()
        wanted = twin(spec, split).train(theirs, scheduler)
        (trace,) = train(Cohort(runs=(spec,), recording=KEPT), split)
        for mine, other in zip(trace.parameters, wanted, strict=True):
            np.testing.assert_allclose(mine.weight, other.weight, rtol=1e-9, atol=1e-11)
            np.testing.assert_allclose(mine.bias, other.bias, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "none"])
def test_a_factor_is_that_of_torchs_scheduler_at_every_update(name: str) -> None:
    ours, scheduler = SCHEDULES[name]
    assert isinstance(ours, Schedule)
    rule = torch.optim.SGD([torch.zeros(1)], lr=0.7)
    theirs = scheduler(rule)
    for step in range(STEPS):
        assert ours.factor(step, STEPS) * 0.7 == pytest.approx(rule.param_groups[0]["lr"], rel=1e-10, abs=1e-15)
        rule.step()
        if step < STEPS - 1:
            theirs.step()


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "none"])
def test_a_short_training_has_a_factor_for_every_update(name: str, steps: int) -> None:
    schedule = SCHEDULES[name][0]
    assert isinstance(schedule, Schedule)
    assert all(0 <= schedule.factor(step, steps) <= 1 for step in range(steps))


@pytest.mark.slow
@pytest.mark.parametrize("rule", [SGD(lr=0.2), SGD(lr=0.2, momentum=0.5), AdamW(), RMSprop()], ids=str)
@pytest.mark.parametrize("bound", [None, 0.1])
def test_a_runs_bits_do_not_depend_on_the_others_schedules_and_bounds(rule, bound, run, blobs):
    runs = tuple(
        run(optimizer=replace(rule, lr=rate), schedule=schedule, seed=seed, dtype="float32", clip_norm=bound and bound * rate)
        for rate, seed in ((0.3, 1), (0.1, 2))
        for schedule in (None, Cosine(), Step(every=2), OneCycle())
    )
    for trace in train(Cohort(runs=runs, recording=KEPT), blobs()):
        same(trace, train(Cohort(runs=(trace.run,), recording=KEPT), blobs())[0])


def same(one, other):
    """Bit for bit."""
    for name, curve in one.values.items():
        np.testing.assert_array_equal(curve, other.values[name], err_msg=name)
    for mine, theirs in zip(one.parameters, other.parameters, strict=True):
        np.testing.assert_array_equal(mine.weight, theirs.weight)


@dataclass(frozen=True, kw_only=True)
class Normalised(Optimizer):
    """A step of one length, whatever the gradient's: a rule that adds up everything that it is handed, and counts its steps."""

    lr: float = 0.1
    floor: float = 0.0

    def start(self, parameter):
        return (parameter.new_zeros(()), parameter.new_zeros(parameter.shape))

    def update(self, hyper, parameter, gradient, memory, which):
        count, last = memory
        count.add_(1)
        assert int(count) == which.step
        assert parameter.dim() == 2
        parameter.sub_(hyper.lr * gradient / (gradient.norm() + hyper.floor + last.abs().max() * 0.1) / count)
        last.copy_(gradient)
        gradient.zero_()  # it is the rule's own copy


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_rule_that_is_written_for_one_run_sees_one_run(dtype: str, run, blobs):
    runs = tuple(
        run(optimizer=Normalised(lr=rate), seed=seed, dtype=dtype, model=MLP(hidden=(4,)), clip_norm=bound)
        for rate, seed in ((0.3, 1), (0.05, 2), (0.3, 3))
        for bound in (0.5, 0.01)
    )
    for trace in train(Cohort(runs=runs, recording=KEPT), blobs()):
        same(trace, train(Cohort(runs=(trace.run,), recording=KEPT), blobs())[0])
        assert (trace.values["gradient_norm_weights/1"] > 0).all()


def test_a_gradient_is_recorded_as_it_was_before_it_was_clipped(run, blobs):
    spec = run(optimizer=SGD(lr=0.1), steps=0)
    bare, bounded = (train(Cohort(runs=(one,), recording=KEPT), blobs())[0] for one in (spec, replace(spec, clip_norm=1e-3)))
    for name in ("gradient_norm_weights/1", "gradient_norm_biases/2"):
        np.testing.assert_allclose(bounded.values[name], bare.values[name], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "theirs"),
    [
        (SGD(lr=0.3, l1=0.02, l2=0.01), lambda groups: torch.optim.SGD(groups, lr=0.3)),
        (SGD(lr=0.1, momentum=0.9, l1=0.02), lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9)),
        (Adam(lr=0.02, l1=0.01), lambda groups: torch.optim.Adam(groups, lr=0.02)),
        (RMSprop(lr=0.01, l1=0.01, l2=0.02), lambda groups: torch.optim.RMSprop(groups, lr=0.01)),
    ],
    ids=["sgd", "momentum", "adam", "rmsprop"],
)
def test_a_penalty_is_that_of_a_loss_that_has_it_in_it_and_so_is_the_penalised_loss(rule, theirs, run, blobs, twin):
    spec, split = run(optimizer=rule, steps=20), blobs()
    recording = replace(KEPT, probes=("loss", "penalised_loss"))
    (trace,) = train(Cohort(runs=(spec,), recording=recording), split)
    other = twin(spec, split)
    step = theirs([{"params": other.weights}, {"params": other.biases}])

    def penalty():
        return sum(rule.l1 * w.abs().sum() + rule.l2 / 2 * w.square().sum() for w in other.weights)

    costs = {name: [] for name in trace.values}
    for number in range(spec.steps + 1):
        if number in trace.steps:
            for part, x, y in (("train", split.train_x, split.train_y), ("test", split.test_x, split.test_y)):
                loss = other.loss(x, y).detach()
                costs[f"{part}_loss"].append(loss)
                costs[f"{part}_penalised_loss"].append((loss + penalty()).detach())
        places = other.batch()
        step.zero_grad()
        (other.loss(split.train_x[places], split.train_y[places]) + penalty()).backward()
        step.step() if number < spec.steps else None
    for name, curve in trace.values.items():
        np.testing.assert_allclose(curve, costs[name], rtol=1e-8, err_msg=name)


@pytest.mark.parametrize("rule", [SGD, Adam, RMSprop])
def test_a_penalty_below_0_is_refused_and_one_of_0_is_not_described(rule):
    with pytest.raises(BadInput, match=r"optimizer\.l1 is -1; a penalty is 0 or more"):
        rule(l1=-1.0)
    assert "l1" not in rule(l1=0.0).describe()
