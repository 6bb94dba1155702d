"""Points become runs, and runs cohorts: what a plan means."""

import json
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from lossbench.data.loading import load
from lossbench.datasets.noisy import Noisy
from lossbench.errors import BadInput
from lossbench.planning.cohorts import CACHE_BYTES, MOST, run_size
from lossbench.planning.plan import NOUNS, cohorts, make_plan, stored_run
from lossbench.planning.spec import Recording, RunSpec
from lossbench.registry import find

GOLDEN = json.loads((Path(__file__).parent / "golden" / "run_ids.json").read_text(encoding="utf-8"))
POINT: dict[str, Any] = {
    "study": "test",
    "loss": {"word": "cross_entropy", "link": "auto"},
    "model": {"word": "mlp", "hidden": [5], "activation": "sigmoid"},
    "init": {"word": "glorot"},
    "dataset": {"word": "iris", "seed": 3},
    "label_noise": 0.0,
    "validation": 0,
    "optimizer": {"word": "sgd", "lr": 0.1, "momentum": 0.0, "nesterov": False, "l2": 0.0},
    "seed": 0,
    "batch": 10,
    "order": "shuffled",
    "last_batch": "dropped",
    "epochs": 4,
    "steps": None,
    "dtype": "float32",
    "clip_norm": None,
    "class_weights": None,
    "pos_weight": None,
    "weighted_mean": "examples",
    "schedule": {"word": "constant"},
    "recording": {"kind": "log", "points": 20},
    "probes": None,
    "examples": None,
    "keep": [],
    "plugins": [],
    "engine": {"device": "cpu", "executor": "auto", "workers": None, "tile": None},
}


def point(**changes: Any) -> dict[str, Any]:
    """POINT with settings changed; optimizer__lr=3 changes one inside."""
    changed = deepcopy(POINT)
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        if inner:
            changed[outer][inner] = value
        else:
            changed[outer] = value
    return changed


def run(**changes: Any) -> RunSpec:
    (only,) = make_plan([point(**changes)]).runs
    return only


def test_an_epoch_is_as_many_whole_batches_as_fit() -> None:
    rows = len(load(find("dataset", "iris").build({"seed": 3})).split.train_x)  # type: ignore[arg-type]
    assert rows % 10, "or the rest of an epoch is not tested"
    assert run(batch=10).steps == 4 * (rows // 10)
    assert run(batch=rows).steps == 4
    assert run(batch=None).steps == 4
    assert run(batch=10, steps=7).steps == 7


def test_a_batch_larger_than_the_data_is_refused() -> None:
    rows = len(load(run().dataset).split.train_x)
    with pytest.raises(BadInput, match=f"batch is {rows + 1} and iris has {rows} training examples"):
        run(batch=rows + 1)


@pytest.mark.parametrize(
    ("word", "loss", "link"),
    [
        ("iris", "cross_entropy", "softmax"),
        ("breast_cancer", "cross_entropy", "sigmoid"),
        ("iris", "half_squared_error", "softmax"),
        ("diabetes", "half_squared_error", "identity"),
    ],
)
def test_the_data_settle_the_link(word: str, loss: str, link: str) -> None:
    assert run(dataset={"word": word}, loss={"word": loss}).loss.link == link


def test_a_link_without_meaning_is_refused() -> None:
    with pytest.raises(BadInput, match="no meaning on the identity link"):
        run(dataset={"word": "diabetes"}, loss={"word": "squentropy"})


def test_label_noise_wraps_the_data_and_nothing_else() -> None:
    clean, noisy = run(), run(label_noise=0.2)
    assert noisy.dataset == Noisy(of=clean.dataset, rate=0.2, seed=3)
    assert noisy.data != clean.data
    assert replace(noisy, dataset=clean.dataset, data=clean.data) == clean


def test_a_first_training_s_loss_gets_its_link_from_the_data_too() -> None:
    begun = {"word": "half_squared_error", "link": "auto"}
    after = {"word": "continued", "loss": begun, "init": {"word": "glorot"}, "lr": 0.5, "steps": 8}
    later = run(init=after)
    assert later.first == run(steps=8, loss=begun, optimizer__lr=0.5)
    assert later.first.loss.link == "softmax"
    assert stored_run(later.describe()) == later


def test_losses_of_different_widths_cannot_follow_one_another() -> None:
    begun = {"word": "gaussian_learnt_variance"}
    after = {"word": "continued", "loss": begun, "init": {"word": "glorot"}, "lr": 0.5, "steps": 8}
    loss = {"word": "half_squared_error", "link": "auto"}
    with pytest.raises(BadInput, match=r"half_squared_error wants 1 raw output here, and gaussian_learnt_variance"):
        run(dataset={"word": "diabetes"}, loss=loss, init=after)


def test_a_run_that_is_named_twice_is_planned_once() -> None:
    points = [point(seed=1), point(seed=2), point(seed=1), point(seed=1, loss={"word": "cross_entropy", "link": "softmax"})]
    assert [spec.seed for spec in make_plan(points).runs] == [1, 2]


def test_points_that_share_their_options_and_points_that_do_not_make_the_same_runs() -> None:
    alike = point()
    shared = make_plan([{**alike, "seed": seed} for seed in range(5)])
    assert shared == make_plan([point(seed=seed) for seed in range(5)])
    assert len({id(spec.model) for spec in shared.runs}) == 1, "built once"


@pytest.mark.parametrize("name", ["study", "recording", "probes", "examples", "keep", "engine"])
def test_what_belongs_to_the_study_is_one_for_a_sweep(name: str) -> None:
    other = {"study": "b", "recording": {"kind": "every"}, "probes": ["loss"], "examples": 5, "keep": "parameters", "engine": {}}
    with pytest.raises(BadInput, match=f"{name} is one for a whole sweep"):
        make_plan([point(), point(**{name: other[name]})])


def test_a_word_alone_is_a_list_of_one() -> None:
    recording = make_plan([point(keep="parameters", probes="accuracy")]).recording
    assert (recording.keep, recording.probes) == (("parameters",), ("accuracy",))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**32}, "between 0 and 4,294,967,295"),
        ({"seed": "one"}, "seed wants a whole number"),
        ({"batch": 0}, "batch is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"steps": 0}, "steps is 0"),
        ({"steps": 2**31}, "steps is 2147483648"),
        ({"epochs": 2**30, "batch": 1}, "at most 2,147,483,647"),
        ({"label_noise": 1.5}, "label_noise is 1.5"),
        ({"label_noise": float("nan")}, "label_noise is nan"),
        ({"order": "shufled"}, "Did you mean 'shuffled'"),
        ({"dtype": "float16"}, "float32, float64"),
        ({"examples": 0}, "examples is 0"),
        ({"probes": []}, "null records everything"),
        ({"probes": ["acuracy"]}, "Did you mean 'accuracy'"),
        ({"probes": 3}, "probes wants a list"),
        ({"keep": ["weights"]}, "Known: epoch:N, parameters, step:N"),
        ({"keep": ["step:9999"]}, "keep has step:9999, which is step 9,999, and a run takes 44 steps"),
        ({"recording": None}, "recording is None"),
        ({"schedule": None}, "schedule is None"),
        ({"schedule": {"word": "cosin"}}, "Did you mean 'cosine'"),
        ({"schedule": {"word": "cosine", "warmup": -1}}, "schedule.warmup is -1"),
        ({"schedule": {"word": "step", "every": 0}}, "schedule.every is 0"),
        ({"clip_norm": 0.0}, "clip_norm is 0"),
        ({"recording": {"kind": "lag"}}, "Did you mean 'log'"),
        ({"engine": {"workers": 0}}, "engine.workers is 0"),
        ({"engine": {"tile": 0}}, "engine.tile is 0"),
        ({"loss": None}, "loss is None"),
        ({"loss": {"word": "cross_entrpy"}}, "Did you mean 'cross_entropy'"),
        ({"loss": {"word": "cross_entropy", "gamma": 1}}, "No option of the loss 'cross_entropy' is called 'gamma'"),
        ({"optimizer__lr": -1.0}, "optimizer.lr is -1"),
        ({"model__activation": "sigmiod"}, "Did you mean 'sigmoid'"),
        ({"sede": 3}, "Did you mean 'seed'"),
        ({"plugins": ["no.such.module"]}, "could not be imported"),
    ],
)
def test_a_point_without_meaning_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        make_plan([point(**changes)])


def test_a_setting_that_is_gone_is_refused() -> None:
    with pytest.raises(BadInput, match="'seed' is gone"):
        make_plan([{name: value for name, value in POINT.items() if name != "seed"}])


def test_a_sweep_of_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="names no runs"):
        make_plan([])


@pytest.mark.parametrize("frozen", GOLDEN, ids=lambda frozen: str(frozen["id"]))
def test_run_ids_outlive_refactors(frozen: dict[str, Any]) -> None:
    spec = dict(frozen["spec"])
    things = {noun: thing(noun, spec.pop(noun)) for noun in NOUNS if noun in spec}
    again = RunSpec(**things, **spec)
    assert again.describe() == frozen["spec"]
    assert again.id == frozen["id"]


def thing(noun: str, description: dict[str, Any]) -> Any:
    options = {name: thing(noun, value) if isinstance(value, dict) else value for name, value in description.items()}
    return find(noun, options.pop("word")).build(options)


SGD = {"word": "sgd"}
changes = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 3),
        "loss": st.sampled_from([{"word": "cross_entropy"}, {"word": "half_squared_error"}]),
        "optimizer": st.sampled_from(
            [{"word": "adam"}, *(SGD | {"lr": r, "momentum": m} for r in (0.1, 0.2) for m in (0.0, 0.5))]
        ),
        "model": st.sampled_from(
            [{"word": "logistic"}, *({"word": "mlp", "hidden": [4], "activation": a} for a in ("tanh", "relu"))]
        ),
        "dataset": st.sampled_from([{"word": "iris"}, {"word": "wine"}, {"word": "iris", "seed": 1}]),
        "batch": st.sampled_from([None, 10]),
        "dtype": st.sampled_from(["float32", "float64"]),
        "steps": st.sampled_from([5, 6]),
    },
)


@pytest.mark.slow
@settings(max_examples=60)
@given(sweep=st.lists(changes, min_size=1, max_size=12), seeds=st.integers(1, 12), tile=st.none() | st.integers(1, 9))
def test_cohorts_hold_every_run_once_and_only_what_may_train_together(sweep: list[Any], seeds: int, tile: int | None) -> None:
    runs = make_plan([point(**{**change, "seed": seed}) for change in sweep for seed in range(seeds)]).runs
    found = cohorts(runs, Recording(), tile)
    assert Counter(spec.id for cohort in found for spec in cohort.runs) == Counter(spec.id for spec in runs)
    for cohort in found:
        assert len({program(spec) for spec in cohort.runs}) == 1
        assert len(cohort.runs) <= (tile or max(1, min(MOST, -(-len(runs) // 2))))
        neighbours([spec.loss for spec in cohort.runs])
        neighbours([(spec.loss, spec.seed) for spec in cohort.runs])


def test_in_a_cohort_equal_losses_stand_together_and_then_equal_seeds() -> None:
    losses = ({"word": "cross_entropy"}, {"word": "half_squared_error"})
    points = [point(optimizer__lr=lr, seed=seed, loss=loss) for lr in (0.1, 0.2) for seed in (2, 0, 1) for loss in losses]
    (cohort,) = cohorts(make_plan(points).runs, Recording(), 12)
    places = [(spec.loss.word, spec.seed) for spec in cohort.runs]
    assert places == [(loss["word"], seed) for loss in losses for seed in (0, 0, 1, 1, 2, 2)]


def test_runs_with_another_number_of_raw_outputs_are_another_cohort() -> None:
    losses = ({"word": "half_squared_error"}, {"word": "gaussian_learnt_variance"}, {"word": "huber"})
    points = [
        point(loss=loss, dataset={"word": "diabetes"}, model={"word": "logistic"}, init={"word": "uniform"}) for loss in losses
    ]
    found = cohorts(make_plan(points).runs, Recording(), 12)
    assert [[spec.loss.word for spec in cohort.runs] for cohort in found] == [
        ["half_squared_error", "huber"],
        ["gaussian_learnt_variance"],
    ]
    assert [run_size(cohort.runs[0]).layers[-1].outputs for cohort in found] == [1, 2]


def program(spec: RunSpec) -> tuple[Any, ...]:
    options = {name: value == 0 if isinstance(value, float) else value for name, value in spec.optimizer.describe().items()}
    return (spec.dataset, spec.data, spec.model, spec.batch, spec.order, spec.steps, spec.dtype, json.dumps(options))


def neighbours(keys: list[Any]) -> None:
    """Equal keys stand side by side."""
    stretches = [key for key, _ in groupby(keys)]
    assert len(stretches) == len(set(stretches))


@pytest.mark.slow
def test_a_tile_that_nobody_chose_fits_into_the_cache() -> None:
    points = [point(dataset={"word": "digits"}, model__hidden=[width], seed=seed) for width in (20, 60) for seed in range(150)]
    runs = make_plan(points).runs
    for cohort in cohorts(runs, Recording(), None):
        assert len(cohort.runs) > 2
        assert len(cohort.runs) * run_size(cohort.runs[0]).bytes <= CACHE_BYTES


def test_the_arithmetic_of_a_step_is_counted_by_its_products() -> None:
    size = run_size(run(model__hidden=[5, 7], batch=10))
    forward = [10 * 4 * 5, 10 * 5 * 7, 10 * 7 * 3]  # multiply and add, for each product of (B × in) by (in × out)
    assert size.operations == 2 * (sum(forward) + sum(forward) + sum(forward[1:]))
