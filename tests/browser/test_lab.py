"""The lab: what the browser computes is what the engine computes, every control works, and nothing leaves or enters the page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from playwright.sync_api import Page

import lossbench as lb
from lossbench.audit.subjects.subject import of_class
from lossbench.lab.digits import STEPS
from lossbench.lab.table import tabulated
from lossbench.lab.zoo import on_one_sigmoid
from lossbench.registry import shelf
from lossbench.tables import GRADIENT_BIASES, GRADIENT_WEIGHTS

pytestmark = pytest.mark.slow
CLOSE = 1e-9  # relative: exponentials and sums round in another order here and there, and training carries that on
STARTS, RATE, SHORT = (1.5, 9.0), 0.15, 80
NEURON = """([losses, starts, rate, steps]) => losses.flatMap(id => starts.map(start => {
    const course = lossbenchLab.trainNeuron(lossbenchLab.losses.get(id).program, start, rate, steps)
    return {loss: id, start, ...course}
}))"""
NETWORK = """([losses, starts, rate, steps]) => losses.flatMap(id => starts.map(start => {
    const loss = lossbenchLab.losses.get(id)
    const net = new lossbenchLab.Network(lossbenchLab.digits, loss.program.several ?? loss.program, start, rate)
    const rows = []
    for (const step of steps) {
        net.seek(step)
        const seen = net.evaluate()
        if (step < net.last) net.backward()
        rows.push([step, seen.accuracy, seen.loss, ...(net.norms[step] ?? [])])
    }
    return {loss: id, start, rows}
}))"""


def zoo() -> list[Any]:
    """Every loss of the library on one sigmoid."""
    classes = [cls for cls in shelf("loss").values() if cls.__module__.startswith("lossbench.")]
    return [subject.loss for cls in classes for subject in on_one_sigmoid(of_class(cls, {}))]  # type: ignore[arg-type]


def study(folder: Path, **settings: Any) -> pd.DataFrame:
    """Records of runs that the engine trains, with the run's settings."""
    trained = lb.run(results=folder, dtype="float64", engine={"executor": "serial"}, **settings)
    return trained.records.merge(trained.runs, on="run")


def test_every_loss_moves_one_neuron_as_the_engine_does_at_every_step(tmp_path: Path, page: Page) -> None:
    losses = zoo()
    records = study(
        tmp_path,
        study="neuron",
        loss=losses,
        model="logistic",
        dataset="neuron",
        batch=None,
        init={"word": "given", "weight": list(STARTS), "bias": 0.0},
        optimizer={"lr": RATE},
        steps=SHORT,
        recording={"kind": "every"},
        probes=("loss", "output_factors", "saturation"),
    )
    columns = {
        "a": "activation_mean/1",
        "value": "test_loss",
        "gradient": "output_gradient",
        "error": "output_error",
        "slope": "output_slope",
    }
    courses = page.evaluate(NEURON, [[loss.word for loss in losses], STARTS, RATE, SHORT])
    assert len(courses) == len(losses) * len(STARTS) >= 26 * 2
    for course in courses:
        mine = records[(records["loss"] == course["loss"]) & (records["init.weight"] == course["start"])].sort_values("step")
        for name, column in columns.items():
            known = np.abs(course[name]) if name in {"gradient", "error"} else course[name]  # the engine keeps their sizes
            np.testing.assert_allclose(known, mine[column], rtol=CLOSE, atol=0, err_msg=f"{course['loss']} {name}")


def test_two_networks_learn_as_the_engine_s_do_at_every_recorded_step(tmp_path: Path, page: Page) -> None:
    losses = [lb.losses.CrossEntropy(link="sigmoid"), lb.losses.HalfSquaredError(link="sigmoid")]
    records = study(
        tmp_path,
        study="network",
        loss=losses,
        model={"hidden": (32,)},
        dataset="digits",
        init=["gentle", "saturated"],
        optimizer={"lr": 0.3},
        steps=STEPS,
        recording={"kind": "linear", "points": 127},
        probes=("loss", "accuracy", "gradient_norms"),
    )
    columns = [
        "step",
        "test_accuracy",
        "test_loss",
        *(f"{stem}/{layer}" for stem in (GRADIENT_WEIGHTS, GRADIENT_BIASES) for layer in (1, 2)),
    ]
    steps = sorted(int(step) for step in records["step"].unique())
    runs = page.evaluate(NETWORK, [[loss.word for loss in losses], ["gentle", "saturated"], 0.3, steps])
    assert len(runs) == 4
    for run in runs:
        bias = {"gentle": 0.0, "saturated": 8.0}[run["start"]]
        mine = records[(records["loss"] == run["loss"]) & (records["init.output_bias"] == bias)].sort_values("step")
        whole = np.array(run["rows"][:-1])  # at the last step the page takes no gradient
        np.testing.assert_allclose(
            whole, mine[columns].to_numpy()[:-1], rtol=CLOSE, atol=0, err_msg=f"{run['loss']} {run['start']}"
        )
        np.testing.assert_allclose(run["rows"][-1][:3], mine[columns[:3]].to_numpy()[-1], rtol=CLOSE, atol=0)


SIGMOID, SOFTPLUS = torch.sigmoid, torch.nn.functional.softplus
TYPED: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "(a − y)²/2": lambda z, y: (SIGMOID(z) - y) ** 2 / 2,
    "-(y*log(a) + (1-y)*ln(1-a))": lambda z, y: -(y * SIGMOID(z).log() + (1 - y) * (1 - SIGMOID(z)).log()),
    "softplus(z) − y·z": lambda z, y: SOFTPLUS(z) - y * z,
    "2(a-y)^4 + 0.1 abs(z) exp(-z^2)": lambda z, y: 2 * (SIGMOID(z) - y) ** 4 + 0.1 * z.abs() * torch.exp(-(z**2)),
    "max(0, 1 - (2y-1)z)^1.5": lambda z, y: (1 - (2 * y - 1) * z).clamp_min(0) ** 1.5,
    "sqrt((a-y)^2 + 1e-3) / (1 + e^(-z)) - tanh(z/3)*pi": lambda z, y: (
        ((SIGMOID(z) - y) ** 2 + 1e-3).sqrt() * SIGMOID(z) - torch.tanh(z / 3) * torch.pi
    ),
    "y + log1p(z*z) + expm1(-min(z, 2)) + 2^z": lambda z, y: y + torch.log1p(z * z) + torch.expm1(-z.clamp_max(2)) + 2**z,
}
EVALUATED = """([text, zs, ys]) => {
    const {program} = lossbenchLab.formulaLoss(text), run = lossbenchLab.prepare(program, 1, zs.length)
    run.z.set(zs)
    run.y.set(ys)
    run.run()
    return zs.map((_, n) => [run.value(n), run.gradient(0, n)])
}"""


@pytest.mark.parametrize("text", TYPED)
def test_a_typed_formula_has_the_derivative_that_autograd_finds(page: Page, text: str) -> None:
    z = torch.linspace(-4.3, 4.1, 29, dtype=torch.float64, requires_grad=True)
    y = (torch.arange(29) % 2).double()
    value = TYPED[text](z, y)
    (slope,) = torch.autograd.grad(value.sum(), z)
    expected = torch.stack([value, slope], 1).detach().numpy()
    np.testing.assert_allclose(page.evaluate(EVALUATED, [text, z.tolist(), y.tolist()]), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    "text", ["1/(z-z)", "log(0)", "sqrt(-1)", "0/0", "exp(1000)", "0*log(0)", "z/(y-y)", "log(-a)", "0/(z-z) + z"]
)
def test_a_formula_that_is_a_finite_number_nowhere_is_refused(page: Page, text: str) -> None:
    assert page.evaluate("text => { try { lossbenchLab.formulaLoss(text) } catch (error) { return error.key } }", text) == (
        "formula.nowhere"
    )


@pytest.mark.parametrize("text", ["log(z)", "1/z", "z - sqrt(z)*0 + 1/(z+abs(z))", "max(log(z), 1/z)"])
def test_a_formula_has_no_slope_where_it_has_no_finite_value(page: Page, text: str) -> None:
    z = [-2.0, 0.0, 0.5, 3.0]
    finite = np.isfinite(page.evaluate(EVALUATED, [text, z, [0, 1, 0, 1]]))
    assert (finite[:, 0] == finite[:, 1]).all()
    assert not finite[:2].all()
    assert finite[2:].all()


def test_a_table_gives_the_loss_between_its_points(page: Page) -> None:
    loss = lb.losses.Focal(link="sigmoid")
    program, separable = tabulated(loss, 10)
    assert separable
    z = torch.linspace(-11.3, 9.7, 41, dtype=torch.float64)[None]
    y = (torch.arange(41) % 2).double()[None]
    between = """([program, zs, ys]) => {
        const run = lossbenchLab.prepare(program, 1, zs.length)
        run.z.set(zs)
        run.y.set(ys)
        run.run()
        return zs.map((_, n) => [run.value(n), run.gradient(0, n)])
    }"""
    expected = torch.stack([loss.value(z, y), loss.gradient(z, y)[0]], 1)
    np.testing.assert_allclose(page.evaluate(between, [program, *z.tolist(), *y.tolist()]), expected, rtol=1e-9, atol=1e-12)


def test_what_is_no_formula_is_refused_in_a_sentence_and_does_nothing(page: Page) -> None:
    refused = """text => {
        try { lossbenchLab.formulaLoss(text); return null } catch (error) { return error.key ?? `crash ${error}` }
    }"""
    hostile = ["alert(1)", "constructor", "z.constructor", "toString(z)", "z=>1", "__proto__(z)", "[z]", "z;z", "`z`", '"z"']
    broken = [
        "",
        " ",
        "(",
        "z +",
        "max(z)",
        "exp z",
        "1..2",
        "z)",
        "z" * 301,
        "(" * 60 + "z" + ")" * 60,
        "-" * 90 + "z",
        ")",
        "z,y",
    ]
    keys = {text: page.evaluate(refused, text) for text in [*hostile, *broken]}
    assert not {text: key for text, key in keys.items() if not str(key).startswith("formula.")}
