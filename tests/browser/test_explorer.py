"""The part of a report that can be touched: every control, and what it shows against the records."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page

from lossbench.report.study_report import write_report
from lossbench.tables import read_study

HOSTILE = "</script><script>window.robbed = 1</script><img src=x onerror='window.robbed = 1'>\" datum['x'] {{window.robbed = 1}}"
TICKS = "[...document.querySelectorAll('#explore-chart .role-axis-label text')].map(one => one.textContent).sort().join(' ')"
LINES = "#explore-chart g.mark-line.role-mark path"
TIMEOUT = 120_000  # a busy machine is no defect
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(chromium: Browser, heard: list[str]) -> Iterator[Page]:
    with chromium.new_context(offline=True, viewport={"width": 1200, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.on("console", lambda said: heard.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: heard.append(f"script: {error}"))
        page.on(
            "request", lambda asked: heard.append(asked.url) if not asked.url.startswith(("file:", "data:", "about:")) else None
        )
        yield page


@pytest.fixture
def at(page: Page, demo: Path, heard: list[str]) -> Iterator[Callable[[str], Page]]:
    """The report of the invented demo at an address of its own; nothing may be heard of it."""

    def open_at(words: str = "") -> Page:
        page.goto("about:blank")
        page.goto(f"{(demo / 'report.html').as_uri()}#explore?{words}")
        settled(page)
        return page

    heard.clear()
    yield open_at
    assert heard == []


def settled(page: Page) -> None:
    page.evaluate("explorer.ready")


def sorted_ticks(page: Page) -> list[str]:
    settled(page)
    return str(page.evaluate(TICKS)).split(" ")


def points(page: Page) -> list[tuple[str, int, float]]:
    """What the chart tells a screen reader of its points: loss, step and value."""
    settled(page)
    labels = page.eval_on_selector_all("#explore-chart [aria-label*=', step ']", "all => all.map(one => one.ariaLabel)")
    matched = [re.fullmatch(r"([^,]*), step (\d+): ([\d.e+-]+)(\s%)?", label) for label in labels]
    return [(m[1], int(m[2]), float(m[3]) / (100 if m[4] else 1)) for m in matched if m]


@pytest.fixture(scope="module")
def records(demo: Path) -> pd.DataFrame:
    """A row a recorded step, with what its run was."""
    study = read_study(demo)
    runs = study.runs[["run", "loss", "init.output_bias", "optimizer.lr", "seed", "outcome"]]
    return study.records.merge(runs.rename(columns={"optimizer.lr": "rate", "init.output_bias": "bias"}), on="run")


def expected(rows: pd.DataFrame, column: str) -> dict[tuple[str, int], float]:
    medians = rows.groupby(["loss", "step"])[column].median()
    return {(str(loss).replace("_", " "), int(step)): float(value) for (loss, step), value in medians.items()}


def agree(page: Page, rows: pd.DataFrame, column: str, tolerance: float) -> None:
    shown = {(loss, step): value for loss, step, value in points(page)}
    wanted = expected(rows, column)
    assert shown.keys() == wanted.keys()
    for key, value in shown.items():
        assert value == pytest.approx(wanted[key], rel=tolerance, abs=5.1e-4), key


@pytest.mark.parametrize("rate", ["0.03", "0.3"])
def test_the_slider_goes_through_every_rate(rate: str, at: Callable[..., Page], records: pd.DataFrame) -> None:
    page = at()
    page.fill("#explore-rate", str(1 + [0.03, 0.3, 1.0].index(float(rate))))
    assert page.inner_text("#explore-rate-value") == rate
    rows = records[(records.rate == float(rate)) & (records.bias > 0)]
    agree(page, rows, "test_accuracy", 1e-3)


@pytest.mark.parametrize(
    ("column", "label"), [("test_log_loss", "test log loss"), ("gradient_norm_weights/1", "‖dL/dW‖, layer 1")]
)
def test_measures_settings_and_seeds_are_those_that_are_asked_for(
    column: str, label: str, at: Callable[..., Page], records: pd.DataFrame
) -> None:
    page = at("rate=0.3")
    page.select_option("#explore-measure", column)
    page.select_option("#explore-setting", "gentle start")
    gentle = records[(records.rate == 0.3) & (records.bias == 0)]
    agree(page, gentle, column, 6e-3)
    page.select_option("#explore-seed", "4")
    agree(page, gentle[gentle.seed == 4], column, 6e-3)
    assert label in page.inner_text("#explore-chart")


def test_at_rates_of_their_own_losses_show_the_runs_that_judge(
    at: Callable[..., Page], records: pd.DataFrame, demo: Path
) -> None:
    rates = pd.read_csv(demo / "tables" / "rates.csv")
    chosen = rates[rates.chosen & (rates.setting == "saturated start")].set_index("loss")["learning_rate"]
    rows = records[(records.bias > 0) & (records.seed > 1) & (records.rate == records.loss.str.replace("_", " ").map(chosen))]
    agree(at(), rows, "test_accuracy", 1e-3)


def test_the_factors_that_are_shown_multiply(at: Callable[..., Page]) -> None:
    error, slope, gradient = (
        {(who, step): v for who, step, v in points(at(f"measure=output_{n}"))} for n in ("error", "slope", "gradient")
    )
    assert len(gradient) > 20
    for key, value in gradient.items():
        assert error[key] * slope[key] == pytest.approx(value, rel=0.02)


def test_a_click_sets_a_loss_apart_and_another_brings_all_back(at: Callable[..., Page]) -> None:
    page = at("rate=0.3")
    key = page.locator("#explore-legend button", has_text="half squared error")

    def colours() -> set[str]:
        settled(page)
        return set(page.eval_on_selector_all(LINES, "all => all.map(one => one.getAttribute('stroke'))"))

    assert "#b9b9b9" not in colours()
    key.click()
    assert key.get_attribute("aria-pressed") == "true"
    assert {"#b9b9b9", "#d55e00"} <= colours()
    assert "apart=half+squared+error" in page.url
    key.click()
    assert "#b9b9b9" not in colours()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_set_apart_lies_further_from_the_paper_than_the_rest(scheme: Any, at: Callable[..., Page]) -> None:
    page = at("rate=0.3&apart=half+squared+error")
    page.emulate_media(color_scheme=scheme)
    page.evaluate("explorer.draw()")
    settled(page)
    lines = page.eval_on_selector_all(LINES, "all => all.map(one => one.getAttribute('stroke'))")
    page.emulate_media(color_scheme="light")
    parts = [[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in set(lines)]
    (faded, shown) = (sum(colour) for colour in sorted(parts, key=np.ptp))  # greys have no hue
    assert (shown < faded) == (scheme == "light")


def test_panels_scales_and_zoom_change_the_axes(at: Callable[..., Page]) -> None:
    page = at("rate=0.3&measure=test_log_loss")
    ticks = [sorted_ticks(page)]
    for name in ("height", "steps"):
        page.select_option(f"#explore-{name}", "linear")
        ticks.append(sorted_ticks(page))
    assert len(set(map(tuple, ticks))) == 3
    box = page.locator("#explore-chart svg").bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.keyboard.down("Alt")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Alt")
    page.wait_for_function(f"before => {TICKS} !== before", arg=" ".join(ticks[-1]))
    page.mouse.dblclick(*middle)
    page.wait_for_function(f"before => {TICKS} === before", arg=" ".join(ticks[-1]))
    page.select_option("#explore-panels", "each")
    settled(page)
    assert page.locator("#explore-chart .role-title-text").all_text_contents()[:-1] == ["cross entropy", "half squared error"]


def test_pointing_at_a_line_reads_its_value(at: Callable[..., Page]) -> None:
    page = at("rate=0.3")
    box = page.locator("#explore-chart svg").bounding_box()
    assert box
    page.mouse.move(box["x"] + 500, box["y"] + 150)
    page.wait_for_selector("#vg-tooltip-element.visible")
    text = page.inner_text("#vg-tooltip-element")
    read = re.fullmatch(r"(.*), step (\d+): ([\d.]+)\s% \([\d.]+\s% to [\d.]+\s%, 6\sruns\)", text.strip())
    assert read
    assert (read[1], int(read[2]), pytest.approx(float(read[3]) / 100)) in points(page)


def test_runs_that_diverged_are_shown_on_request(at: Callable[..., Page], records: pd.DataFrame) -> None:
    page = at("rate=1.0".replace("1.0", "1"))
    assert "diverged" in page.inner_text("#explore-final")
    one = len(points(page))
    page.check("#explore-diverged")
    broken = records[(records.rate == 1.0) & (records.bias > 0) & (records.outcome == "diverged")]
    assert broken.run.nunique() == 6
    settled(page)
    labels = page.eval_on_selector_all("#explore-chart [aria-label*=', run ']", "all => all.length")
    assert (one, labels) == (len(points(page)), len(broken))


def test_a_run_has_an_address_its_words_its_curve_and_its_end(at: Callable[..., Page], records: pd.DataFrame, demo: Path) -> None:
    run = records[(records.loss == "half_squared_error") & (records.rate == 0.3) & (records.seed == 4) & (records.bias == 0)]
    name = str(run.run.iloc[0])
    page = at(f"run={name}")
    assert page.is_visible("#explore-run")
    words = page.inner_text("#explore-run-words")
    assert {"loss=half_squared_error", "init=gentle", "optimizer.lr=0.3", "seed=4"} <= set(words.split())
    ends = dict(zip(*(page.locator(f"#explore-run-values {tag}").all_inner_texts() for tag in ("dt", "dd")), strict=True))
    share = float(ends["test accuracy"].removesuffix("\N{NO-BREAK SPACE}%"))
    assert share / 100 == pytest.approx(run.test_accuracy.iloc[-1], abs=6e-4)
    assert float(ends["test log loss (nats)"]) == pytest.approx(run.test_log_loss.iloc[-1], rel=6e-3)
    page.click("#explore-run-close")
    assert not page.is_visible("#explore-run")
    page.click("summary#explore-count")
    button = page.locator("#explore-runs button").first
    chosen = button.inner_text()
    button.click()
    assert f"run={chosen}" in page.url
    page.reload()
    settled(page)
    assert page.inner_text("#explore-run-id") == chosen


@pytest.mark.parametrize(
    "words", ["setting=none&rate=7&seed=x&run=0&nothing=1", "constructor=1&__proto__=2", "%E0%A4%A", "run=<img src=x>"]
)
def test_an_address_that_names_nothing_shows_the_first_view(words: str, at: Callable[..., Page]) -> None:
    first = points(at())
    assert points(at(words)) == first


def test_every_control_has_a_name_for_those_who_hear_the_page(at: Callable[..., Page]) -> None:
    heard_page = at().locator("#explore").aria_snapshot()
    controls = re.findall(r"- (?:combobox|slider|checkbox|button)\b.*", heard_page)
    assert len(controls) >= 10
    assert not [control for control in controls if not re.match(r"- \w+ \"\w", control)]


def test_the_chart_has_a_name_that_says_what_is_chosen(at: Callable[..., Page]) -> None:
    page = at("rate=0.3&seed=4&measure=test_log_loss")
    name = "test log loss (nats) by training step: saturated start, learning rate 0.3, seed 4"
    assert f'figure "{name}"' in page.locator("#explore").aria_snapshot()
    page.select_option("#explore-seed", "all")
    assert page.get_by_role("figure", name="saturated start, learning rate 0.3, all seeds, median and band").count() == 1


def test_names_from_a_strangers_study_run_nothing(chromium: Browser, made: Any, tmp_path: Path) -> None:
    losses = [{"word": HOSTILE, "link": "sigmoid"}, {"word": "datum.x]+alert(1)", "link": "sigmoid"}]
    runs = [made.learn(loss=loss, init={"word": word}, seed=n) for loss in losses for word in (HOSTILE, "b") for n in (0, 1)]
    column = f"gradient_norm_weights/3:{HOSTILE}"
    runs = [replace(run, curves={**run.curves, column: run.curves["test_accuracy"]}) for run in runs]
    write_report(made.write(tmp_path / "study", runs))
    with chromium.new_context(offline=True, viewport={"width": 390, "height": 800}) as context:
        page, heard = context.new_page(), []
        page.on("console", lambda said: heard.append(said.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.goto((tmp_path / "study" / "report.html").as_uri(), timeout=TIMEOUT)
        settled(page)
        page.select_option("#explore-measure", column)
        settled(page)
        assert HOSTILE in page.locator("#explore-chart").text_content()
        for panels in ("one", "each"):
            page.select_option("#explore-panels", panels)
            settled(page)
        page.locator("#explore-legend button").first.click()
        page.locator("#explore-chart svg").hover()
        page.click("summary#explore-count")
        page.locator("#explore-runs button").first.click()
        settled(page)
        assert HOSTILE.split("<img", maxsplit=1)[0] in page.inner_text("#explore-legend").replace("_", " ")
        assert page.evaluate("window.robbed") is None
        assert heard == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (800, "light"), (1200, "dark")])
def test_no_width_and_no_scheme_cuts_anything_off(
    width: int, scheme: Any, chromium: Browser, demo: Path, faults: Callable[[Page], list[str]]
) -> None:
    with chromium.new_context(offline=True, viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{(demo / 'report.html').as_uri()}#explore?panels=each")
        settled(page)
        assert faults(page) == []
        chart = page.locator("#explore-chart")
        assert chart.evaluate("chart => chart.scrollWidth - chart.clientWidth") <= 0
        ink = page.evaluate("getComputedStyle(document.body).color")
        assert (np.mean([int(part) for part in re.findall(r"\d+", ink)[:3]]) > 128) == (scheme == "dark")
