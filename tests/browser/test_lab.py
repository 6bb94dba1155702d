"""The lab: what the browser computes is what the engine computes, every control works, and nothing leaves or enters the page."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from playwright.sync_api import Browser, Page

import lossbench as lb
from lossbench.audit.subjects.subject import of_class
from lossbench.lab.digits import STEPS
from lossbench.lab.page import write_lab
from lossbench.lab.table import tabulated
from lossbench.lab.zoo import on_one_sigmoid
from lossbench.registry import shelf
from lossbench.tables import GRADIENT_BIASES, GRADIENT_WEIGHTS

pytestmark = pytest.mark.slow
CLOSE = 1e-9  # relative: exponentials and sums round in another order here and there, and training carries that on
STARTS, RATE, SHORT = (1.5, 9.0), 0.15, 80
HOSTILE = "</script><script>window.robbed = true</script><img src=x onerror='window.robbed = true'>"
PLUGIN = f'''
"""Losses that somebody wrote."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from lossbench import OUTPUTS, Loss


@dataclass(frozen=True, kw_only=True)
class Mine(Loss):
    """{HOSTILE} A loss with markup in it.

    Domain: 0 and 1.
    Link: sigmoid.
    Formula: {HOSTILE} ℓ = ¼ Σ (a − y)⁴.
    Identities: none.
    Properties: none.
    Source: made up.
    """

    per_example: ClassVar[bool] = True
    link: Literal["sigmoid"] = "sigmoid"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return 0.25 * (torch.sigmoid(z) - y).pow(4).sum(OUTPUTS)
'''
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


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    (folder / "lab_plugin.py").write_text(PLUGIN, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        return write_lab(folder / "lab.html", ["lab_plugin:Mine"])


@pytest.fixture(scope="module")
def heard() -> list[str]:
    """What the console said, and every address that was asked for besides the page's own."""
    return []


@pytest.fixture(scope="module")
def page(chromium: Browser, lab: Path, heard: list[str]) -> Iterator[Page]:
    with chromium.new_context(offline=True, viewport={"width": 1200, "height": 900}, locale="en-GB") as context:
        page = context.new_page()
        page.set_default_timeout(120_000)  # a busy machine is no defect
        page.on("console", lambda said: heard.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: heard.append(f"script: {error}"))
        page.on("request", lambda request: heard.append(request.url) if request.url.partition("#")[0] != lab.as_uri() else None)
        page.goto(lab.as_uri())
        yield page


@pytest.fixture
def opened(page: Page, lab: Path) -> Callable[[str], Page]:
    """The page at an address of its own."""

    def open_at(words: str) -> Page:
        page.goto("about:blank")
        page.goto(f"{lab.as_uri()}#{words}")
        return page

    return open_at


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


def wait_until(page: Page, condition: str) -> None:
    """Playwright's own waiting evaluates text inside the page, which the page's policy forbids."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never: {condition}")


def test_run_step_scrub_and_keys_move_the_neuron_and_the_address_says_so(opened: Callable[[str], Page]) -> None:
    page = opened("z=3&r=0.2&h=100")
    page.click("#neuron-step")
    page.click("#neuron-step")
    page.click("#neuron-back")
    assert page.input_value("#neuron-scrub") == "1"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("lossbenchLab.state.n") == 2
    page.fill("#neuron-scrub", "40")
    assert "n=40" in page.url
    page.keyboard.press("Home")
    page.click("#neuron-play")
    wait_until(page, "lossbenchLab.state.n === 100")
    page.fill("#start", "5.5")
    page.select_option("#horizon", "1000")
    page.check("#bug")
    page.select_option("#neuron-losses-c", "focal")
    state = page.evaluate("({...lossbenchLab.state})")
    assert {"z": 5.5, "h": 1000, "bug": 1, "c": "focal", "n": 0}.items() <= state.items()
    assert page.evaluate("document.querySelector('#factors svg').getAttribute('aria-label')").count("×") == 3
    again = opened(page.url.partition("#")[2])
    assert again.evaluate("({...lossbenchLab.state})") == state


def test_the_point_is_dragged_to_another_start(opened: Callable[[str], Page]) -> None:
    page = opened("z=4")
    handle = page.locator("#valley-chart .handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y, steps=4)
    page.mouse.up()
    assert 0 <= page.evaluate("lossbenchLab.state.z") < 3
    assert "z=" in page.url


def test_the_network_trains_scrubs_back_to_the_same_numbers_and_says_why_a_digit_is_never_answered(
    opened: Callable[[str], Page],
) -> None:
    page = opened("view=network&nn=30")
    before = page.inner_text("#networks")
    page.click("#network-step")
    page.fill("#network-scrub", "120")
    page.fill("#network-scrub", "30")
    assert page.inner_text("#networks") == before
    never = page.locator(".digits button.never").first
    never.click()
    assert "never" in page.inner_text("#networks")
    assert "×" in page.inner_text("#why")
    page.select_option("#network-start", "gentle")
    page.click("#network-play")
    wait_until(page, "lossbenchLab.state.nn > 3")
    page.click("#network-play")
    assert page.inner_text("#network-play") == "Train"


def test_each_question_sets_the_page_up_and_both_languages_ask_it(opened: Callable[[str], Page]) -> None:
    page = opened("lang=zh")
    questions = set()
    for number in range(1, 11):
        page.click(f"#question-list li:nth-child({number}) button")
        questions.add(page.inner_text("#question-text"))
        assert f"q={number}" in page.url
    assert len(questions) == 10
    page = opened("q=4&lang=zh")  # a lesson's link says no more than that
    page.click("#answer-show")
    chinese = page.inner_text("#answer-text")
    assert "23" in chinese  # cross entropy's steps from z₀ = 6 at η = 0.15
    assert "1,416" in chinese  # half squared error's
    page.click("[data-language=en]")
    page.click("#answer-show")
    assert "23" in page.inner_text("#answer-text") != chinese
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("width", [1200, 800, 390])
@pytest.mark.parametrize("words", ["c=formula&z=8", "view=network&nn=10&lang=zh", "q=3"])
def test_nothing_is_wider_than_the_window(opened: Callable[[str], Page], width: int, words: str) -> None:
    page = opened(words)
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_addresses_from_strangers_set_nothing_that_is_impossible(opened: Callable[[str], Page]) -> None:
    page = opened(
        "z=1e99&r=NaN&h=7&a=nothing&b=__proto__&lang=xx&view=robbed&q=-9&n=-4&f=" + HOSTILE.replace("&", "%26") + "&c=formula"
    )
    state = page.evaluate("({...lossbenchLab.state})")
    assert {
        "z": 20,
        "r": 0.15,
        "h": 100,
        "a": "cross_entropy",
        "b": "half_squared_error",
        "view": "neuron",
        "q": 0,
        "n": 0,
    }.items() <= (state.items())
    assert page.locator(".problem").count() == 1


def test_every_control_has_a_name_for_those_who_hear_the_page(opened: Callable[[str], Page]) -> None:
    page = opened("c=formula")
    nameless = """[...document.querySelectorAll('button, input, select, svg[role=img], canvas')]
        .filter(element => !(element.getAttribute('aria-label') || element.textContent.trim() || element.labels?.length))
        .map(element => element.outerHTML)"""
    assert page.evaluate(nameless) == []
    page.click("#tab-network")
    assert page.evaluate(nameless) == []


def test_who_wants_no_motion_sees_the_end_at_once(opened: Callable[[str], Page]) -> None:
    page = opened("h=300")
    page.emulate_media(reduced_motion="reduce")
    page.click("#neuron-play")
    assert page.evaluate("lossbenchLab.state.n") == 300
    page.emulate_media(reduced_motion="no-preference")


def test_the_page_is_small_obeys_no_text_and_asks_for_nothing(page: Page, lab: Path, heard: list[str]) -> None:
    assert lab.stat().st_size <= 1.5e6
    assert "window.robbed" in page.evaluate("lossbenchLab.losses.get('mine').formula")  # it is there, and is text
    assert page.evaluate("window.robbed") is None
    assert heard == []
