"""What is written for one run sees one run: the same bits alone and in company, for losses, metrics and probes."""

import io
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from sklearn.metrics import roc_auc_score

from lossbench import registry
from lossbench.engine import train
from lossbench.engine.claim_trial import looks_across
from lossbench.errors import BadInput
from lossbench.inits.normal import Normal
from lossbench.interfaces import Dense, Init, Layer, Loss, Model
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.interfaces.probe import Probe
from lossbench.losses.entropy import CrossEntropy
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule
from lossbench.registry import shelf
from lossbench.storage.parquet_part import Origin, part_content
from lossbench.tables import STEPS

_kept = {noun: dict(classes) for noun, classes in registry._classes.items()}


@dataclass(frozen=True, kw_only=True)
class BatchCentred(Loss):
    """A squared error of raw outputs centred over the batch."""

    link: Literal["auto", "sigmoid"] = "auto"

    def value(self, z, y):
        return (z - z.mean(-1, keepdim=True) - y).square().sum(-2)


@dataclass(frozen=True, kw_only=True)
class BatchScaled(BatchCentred):
    """A squared error of raw outputs over the largest of the batch."""

    def value(self, z, y):
        return (z / (1 + z.abs().amax()) - y).square().sum(-2)


@dataclass(frozen=True, kw_only=True)
class FalselyPerExample(BatchScaled):
    """The same, which claims otherwise."""

    per_example: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class RankArea(Metric):
    """The area under the ROC curve of all examples."""

    def measure(self, outputs):
        return _area(outputs.z[0].double(), outputs.y[0])


@dataclass(frozen=True, kw_only=True)
class ClassAreas(Metric):
    """The area under the ROC curve of each class against the rest, (C,)."""

    def measure(self, outputs):
        return torch.stack([_area(z, y) for z, y in zip(outputs.z.double(), outputs.y, strict=True)])


def _area(z, y):
    apart = z[y > 0.5][:, None] - z[y <= 0.5]
    return ((apart > 0).double() + 0.5 * (apart == 0)).mean()


@dataclass(frozen=True, kw_only=True)
class FalselyPerExampleMean(RankArea):
    """The mean of raw outputs for each example, which claims that it looks at one at a time."""

    per_example: ClassVar[bool] = True

    def measure(self, outputs):
        return outputs.z.mean().expand(outputs.z.shape[-1])


@dataclass(frozen=True, kw_only=True)
class LargestGradient(Probe):
    """Of everything it is shown the largest, and how often it was asked before."""

    calls: list[int] = field(default_factory=list)

    def measure(self, step):
        self.calls.append(1)
        largest = torch.stack([layer.weight.abs().max() for layer in step.gradients]).max()
        return {"largest": largest, "calls": torch.tensor(float(len(self.calls)))}


@dataclass(frozen=True, kw_only=True)
class OneByOne(Init):
    """Arrays that fit no layer."""

    def draw(self, layers, rng):
        return tuple(Dense(np.zeros((1, 1)), np.zeros((1, 1))) for _ in layers)


@dataclass(frozen=True, kw_only=True)
class Unchained(Model):
    """Layers that do not fit each other."""

    def layers(self, inputs, outputs):
        return (Layer(inputs, 4, "tanh"), Layer(5, outputs, None))


# Found by word while these tests run, and by no test of the shelf.
_nasty = {noun: {w: c for w, c in classes.items() if w not in _kept[noun]} for noun, classes in registry._classes.items()}
for _noun, _classes in _nasty.items():
    for _word in _classes:
        del registry._classes[_noun][_word]


@pytest.fixture(autouse=True)
def nasty_plugins(monkeypatch):
    for noun, classes in _nasty.items():
        shelf(noun)
        for word, cls in classes.items():
            monkeypatch.setitem(registry._classes[noun], word, cls)


def values(runs, split, probes):
    cohort = Cohort(runs=tuple(runs), recording=Recording(schedule=RecordingSchedule(kind="every"), probes=probes))
    return [trace.values for trace in train(cohort, split)]


@pytest.mark.slow
@pytest.mark.parametrize("loss", [BatchCentred, BatchScaled, CrossEntropy])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_looks_across_examples_is_the_same_bits_alone_and_in_company(loss, dtype, run, blobs):
    split = blobs(examples=150, classes=2)
    probes = ("loss", "rank_area", "largest_gradient", "gradient_norms", "output_factors")
    runs = [run(loss=loss(link="sigmoid"), seed=seed, dtype=dtype) for seed in range(5)]
    runs.insert(2, run(loss=CrossEntropy(link="sigmoid"), seed=9, dtype=dtype))
    together = values(runs, split, probes)
    for spec, company in zip(runs, together, strict=True):
        (alone,) = values([spec], split, probes)
        assert set(alone) == set(company)
        for name, curve in alone.items():
            np.testing.assert_array_equal(company[name], curve, err_msg=name)
        assert set(alone["calls"]) == {1.0}


def test_the_recorded_area_and_batch_loss_are_those_of_one_runs_whole_data(run, blobs, twin):
    split = blobs(examples=150, classes=2)
    runs = [run(loss=BatchCentred(link="sigmoid"), seed=seed) for seed in range(3)]
    for spec, company in zip(runs, values(runs, split, ("loss", "rank_area")), strict=True):
        z = twin(spec, split).outputs(split.train_x)[-1].detach().numpy()
        np.testing.assert_allclose(company["train_rank_area"][0], roc_auc_score(split.train_y[:, 0], z[:, 0]), rtol=1e-12)
        centred = ((z - z.mean(0) - split.train_y) ** 2).sum(1).mean()
        np.testing.assert_allclose(company["train_loss"][0], centred, rtol=1e-12)


def test_a_metric_of_all_examples_may_give_a_number_for_each_class(run, blobs, twin):
    split = blobs(examples=150, classes=3)
    runs = [run(seed=seed) for seed in range(3)]
    together = values(runs, split, ("class_areas",))
    for spec, company in zip(runs, together, strict=True):
        (alone,) = values([spec], split, ("class_areas",))
        z = twin(spec, split).outputs(split.train_x)[-1].detach().numpy()
        for number in range(3):
            column = f"train_class_areas/{number}"
            np.testing.assert_array_equal(company[column], alone[column])
            expected = roc_auc_score(split.train_y[:, number], z[:, number])
            np.testing.assert_allclose(company[column][0], expected, rtol=1e-12)


def test_a_false_claim_is_refused_before_anything_is_trained(run, blobs):
    split = blobs(classes=2)
    with pytest.raises(BadInput, match="FalselyPerExample says per_example = True"):
        values([run(loss=FalselyPerExample(link="sigmoid"))], split, ("loss",))
    with pytest.raises(BadInput, match="FalselyPerExampleMean says per_example = True"):
        values([run(loss=CrossEntropy(link="sigmoid"))], split, ("falsely_per_example_mean",))


def _measured(metric, loss, task, z, y):
    return metric.measure(Outputs(z, y, loss, task))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_loss_and_no_metric_that_claims_to_be_per_example_looks_across_examples(dtype):
    wrong = []
    for word, cls in shelf("loss").items():
        if word in _nasty["loss"]:
            continue
        for task, targets in (("classification", 1), ("classification", 3), ("regression", 2)):
            try:
                loss = cls().on(task, targets)
            except BadInput:
                continue
            sizes = (loss.raw_outputs(targets), targets)
            parts = [loss.value, loss.gradient, loss.error]
            parts += [
                partial(_measured, metric(), loss, task)
                for word_, metric in shelf("metric").items()
                if word_ not in _nasty["metric"] and metric.per_example and task in metric.tasks
            ]
            wrong += [(word, task, targets, part) for part in parts if looks_across(part, sizes, task, dtype)]
    assert not wrong


@pytest.mark.parametrize(
    ("change", "message"), [({"init": OneByOne()}, "OneByOne drew"), ({"model": Unchained()}, "Unchained are")]
)
def test_shapes_that_do_not_fit_are_refused_before_anything_compiled_sees_them(change, message, run, blobs):
    with pytest.raises(BadInput, match=message):
        values([run(**change)], blobs(), ("gradient_norms",))


def test_a_run_that_is_not_finite_at_its_first_step_leaves_its_mates_alone(run, blobs):
    split, recording = blobs(), Recording(schedule=RecordingSchedule(kind="every"), probes=("loss", "gradient_norms"))
    runs = [run(init=Normal(std=1e308), dtype="float32"), run(init=Normal(std=0.1), dtype="float32")]
    lost, mate = train(Cohort(runs=tuple(runs), recording=recording), split)
    (alone,) = train(Cohort(runs=(runs[1],), recording=recording), split)
    assert (lost.outcome, lost.stopped, lost.steps) == ("diverged", 0, ())
    assert mate.outcome == "finished"
    assert all(np.array_equal(mate.values[name], curve, equal_nan=True) for name, curve in alone.values.items())
    origin = Origin(recording="{}", invocation="i", task="classification", device="cpu")
    for traces in ([lost], [lost, mate]):
        stored = pq.read_table(io.BytesIO(part_content(traces, origin))).to_pylist()
        assert [row[STEPS] for row in stored] == [list(trace.steps) for trace in traces]
