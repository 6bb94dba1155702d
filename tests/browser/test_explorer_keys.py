"""The explorer's chart read by keys alone: what they tell against the records, and where they lead."""

import re
from collections.abc import Iterator
from dataclasses import replace
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page

from lossbench.report.study_report import write_report
from lossbench.tables import read_study

TOLD = re.compile(r"(?P<loss>[^,]*), step (?P<step>[\d,]+): (?P<value>[\d.,e+-]+)(?P<band> \(\S+ to \S+, 3 runs\))?")
RING = "#explore-chart [class*=' ring'] path"
CROSSES = "#explore-chart g.mark-symbol path[d^='M-']"
TIMEOUT = 120_000  # a busy machine is no defect
pytestmark = pytest.mark.slow


def far(run: Any) -> Any:
    """The same run, recorded at ten times its steps, with a million times its log loss."""
    losses = {name: [1_000_000 * value for value in run.curves[name]] for name in run.curves if name.endswith("log_loss")}
    return replace(run, steps=[10 * step for step in run.steps], curves={**run.curves, **losses})


@pytest.fixture(scope="module")
def study(made: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = [far(made.learn(loss=loss, seed=seed)) for loss in (made.CE, made.MSE) for seed in range(3)]
    folder = Path(made.write(tmp_path_factory.mktemp("keys") / "study", runs))
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def values(study: Path) -> "pd.Series[float]":
    """The median log loss by loss and step."""
    stored = read_study(study)
    rows = stored.records.merge(stored.runs[["run", "loss"]], on="run")
    return rows.groupby(["loss", "step"])["test_log_loss"].median()


@pytest.fixture(scope="module")
def page(chromium: Browser, study: Path) -> Iterator[Page]:
    with chromium.new_context(offline=True, viewport={"width": 390, "height": 640}) as context:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.goto(f"{(study / 'report.html').as_uri()}#explore?")
        yield page


@pytest.fixture(params=["one", "each"])
def reached(page: Page, request: pytest.FixtureRequest) -> Page:
    """The page with its chart reached by the tab key."""
    state = {"measure": "test_log_loss", "panels": request.param}
    page.evaluate("state => { explorer.change({ ...explorer.initial(), ...state }); return explorer.ready }", state)
    page.locator("#explore-legend button").last.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "explore-chart"
    return page


def told(page: Page) -> tuple[str, int, float]:
    """Loss, step and value beneath the chart."""
    match = TOLD.fullmatch(page.inner_text("#explore-point").replace("\N{NO-BREAK SPACE}", " "))
    assert match
    return match["loss"].replace(" ", "_"), int(match["step"].replace(",", "")), float(match["value"].replace(",", ""))


def pressed(page: Page, *keys: str) -> tuple[str, int, float]:
    for key in keys:
        page.keyboard.press(key)
    return told(page)


def test_keys_read_every_recorded_value_of_every_loss(reached: Page, values: "pd.Series[float]") -> None:
    assert reached.inner_text("#explore-point").startswith("Arrow keys read values")
    for loss in ("cross_entropy", "half_squared_error"):
        row = [pressed(reached, "Home"), *(pressed(reached, "ArrowRight") for _ in range(len(values[loss]) - 1))]
        assert {one for one, _, _ in row} == {loss}
        assert [step for _, step, _ in row] == list(values[loss].index)
        assert [value for _, _, value in row] == pytest.approx(list(values[loss]), rel=6e-3)
        assert pressed(reached, "ArrowRight") == row[-1]
        assert pressed(reached, "ArrowLeft") == row[-2]
        assert pressed(reached, "ArrowDown")[1] == row[-2][1]  # another loss at the same step


def test_every_point_has_one_name_for_those_who_hear_the_page(reached: Page, values: "pd.Series[float]") -> None:
    names = reached.eval_on_selector_all("#explore-chart [aria-label*=', step ']", "all => all.map(one => one.ariaLabel)")
    assert len(names) == len(set(names)) == len(values)


def test_numbers_over_999_have_a_comma(reached: Page) -> None:
    pressed(reached, "Home", "End")
    assert re.search(
        r"step 4,000: \d{1,2},\d{3} \(\d{1,2},\d{3} to \d{1,2},\d{3}, 3\sruns\)", reached.inner_text("#explore-point")
    )


def test_a_point_that_is_read_is_ringed_in_its_panel_and_within_the_window(reached: Page) -> None:
    each = "panels=each" in reached.url
    for turn, key in enumerate(("End", "ArrowDown", "ArrowDown")):
        pressed(reached, key)
        reached.wait_for_function(f'document.querySelectorAll("{RING}").length === 1')
        assert reached.locator(CROSSES).count() == 0
        ring = reached.locator(RING).bounding_box()
        heading = (
            reached.locator("#explore-chart .role-title-text", has_text="half squared error").bounding_box() if each else None
        )
        assert ring
        assert (
            0
            <= ring["y"]
            < ring["y"] + ring["height"]
            <= reached.evaluate("document.querySelector('#explore-point').getBoundingClientRect().top")
        )
        if heading:
            assert (ring["y"] > heading["y"]) == (turn % 2 == 1)


def test_keys_leave_the_page_where_it_is_and_the_chart_without_a_trace(reached: Page) -> None:
    pressed(reached, "ArrowUp")
    before = reached.evaluate("scrollY")
    pressed(reached, "ArrowLeft", "ArrowRight", "Home")
    assert reached.evaluate("scrollY") == before
    reached.keyboard.press("Tab")
    assert reached.inner_text("#explore-point") == ""
    reached.wait_for_function(f'document.querySelectorAll("{RING}").length === 0')


def test_enter_shows_the_run_of_a_single_seed_and_the_chart_keeps_its_place(page: Page) -> None:
    page.evaluate("() => { explorer.change({ ...explorer.initial(), seed: '2' }); return explorer.ready }")
    page.locator("#explore-chart").press("End")
    page.locator("#explore-chart").press("ArrowLeft")
    before = page.inner_text("#explore-point")
    page.locator("#explore-chart").press("Enter")
    page.evaluate("explorer.ready")
    assert page.inner_text("#explore-point") == before
    assert page.locator(RING).count() == 1
    words = page.inner_text("#explore-run-words").split()
    assert {"loss=cross_entropy", "seed=2"} <= set(words)


@pytest.mark.parametrize("measure", ["test_log_loss", "output_error", "output_slope", "output_gradient"])
def test_the_sentence_beneath_the_chart_tells_the_ends_of_its_lines(measure: str, page: Page) -> None:
    page.evaluate("measure => { explorer.change({ ...explorer.initial(), measure }); return explorer.ready }", measure)
    sentence = page.inner_text("#explore-final")
    for key in ("End", "ArrowDown"):
        page.locator("#explore-chart").press(key)
        match = re.match(r"(.*), step [\d,]+: (\S+)", page.inner_text("#explore-point"))
        assert match
        assert "\N{NO-BREAK SPACE}".join(match.groups()) in sentence


@pytest.mark.parametrize("measure", ["output_slope", "output_error", "train_loss"])
def test_a_logarithmic_axis_labels_every_power_of_ten(measure: str, page: Page) -> None:
    state = {"measure": measure, "height": "log"}
    page.evaluate("state => { explorer.change({ ...explorer.initial(), ...state }); return explorer.ready }", state)
    texts = "axes => [...axes.at(-1).querySelectorAll('text')].filter(one => one.getAttribute('opacity') !== '0')"
    read = page.eval_on_selector_all("#explore-chart .role-axis-label", f"{texts}.map(one => one.textContent)")
    labels = [float(text) for text in read if text]
    powers = range(ceil(log10(min(labels))), floor(log10(max(labels))) + 1)
    assert powers
    assert {10.0**power for power in powers} <= set(labels)


@pytest.mark.parametrize(("number", "end"), [(2, "; loss 0: no such run; loss 1: no such run."), (4, "; 4 losses: no such run.")])
def test_losses_without_a_run_are_named_while_they_are_few(number: int, end: str, page: Page) -> None:
    add = "losses.push(...Array.from({ length: number }, (_, n) => ({ ...losses[0], label: `loss ${n}` })))"
    page.evaluate("() => { explorer.change(explorer.initial()); return explorer.ready }")
    page.evaluate(f"number => {{ const {{ losses }} = explorer.data; {add}; explorer.tell(); losses.length -= number }}", number)
    assert page.inner_text("#explore-final").endswith(end)
