"""The explorer on a phone, of a study whose runs grow beyond all bounds: what it writes and draws of them can be read."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from lossbench.report.study_report import write_report

LONG = "a_loss_whose_name_is_much_longer_than_a_phone_is_wide_and_goes_on_and_on"
TOOLTIP = "#vg-tooltip-element.visible"
INSIDE = "box => box.getBoundingClientRect().left >= 0 && box.getBoundingClientRect().right <= innerWidth"
TIMEOUT = 120_000  # a busy machine is no defect
pytestmark = pytest.mark.slow


def growing(run: Any) -> Any:
    """The same run, diverging: its losses are multiplied by 1,000 from record to record, and no layer is saturated."""
    losses = {name: values[:9] for name, values in run.curves.items() if "loss" in name}
    grown = {name: [value * 1e3**k for k, value in enumerate(values)] for name, values in losses.items()}
    calm = {name: [0.0] * 9 for name in run.curves if name.startswith("saturated")}
    return replace(run.diverged(9), curves={**run.diverged(9).curves, **grown, **calm})


@pytest.fixture(scope="module")
def report(made: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    losses = ({**made.CE, "gamma": 2.0}, {"word": LONG, "link": "sigmoid"}, {"word": "hinge", "link": "sigmoid"})
    runs = [made.learn(loss=loss, optimizer__lr=rate, seed=seed) for loss in losses for rate in (0.1, 3.0) for seed in range(3)]
    runs = [growing(run) if run.spec["optimizer"]["lr"] == 3.0 else run for run in runs]
    bare = [name for name in runs[0].curves if "log_loss" not in name]
    runs = [run.only(*bare) if run.spec["loss"]["word"] == "hinge" else run for run in runs]
    folder = made.write(tmp_path_factory.mktemp("grown") / "study", runs)
    write_report(folder)
    return Path(folder) / "report.html"


def test_printed_on_a4_no_table_is_cut_off(chromium: Browser, report: Path) -> None:
    with chromium.new_context(offline=True, viewport={"width": 703, "height": 1000}) as context:  # 210 mm less two margins of 12
        page = context.new_page()
        page.goto(report.as_uri(), timeout=TIMEOUT)
        page.emulate_media(media="print")
        widths = page.eval_on_selector_all(".wide", "all => all.map(one => one.scrollWidth - one.clientWidth)")
        assert widths
        assert max(widths) <= 0


@pytest.fixture(scope="module")
def page(chromium: Browser, report: Path) -> Iterator[Page]:
    with chromium.new_context(offline=True, viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.goto(f"{report.as_uri()}#explore?")
        yield page


def shown(page: Page, **state: str) -> str:
    """What stands beneath the chart once the state is chosen."""
    page.evaluate("state => { explorer.change({ ...explorer.initial(), ...state }); return explorer.ready }", state)
    return page.inner_text("#explore-final").replace("\N{NO-BREAK SPACE}", " ")


def test_what_diverged_is_told_once_and_what_was_not_recorded_is_called_so(page: Page) -> None:
    text = shown(page, rate="3")
    assert text.count("3 of 3 diverged") == text.count("diverged") == 3
    assert "hinge: not recorded" in shown(page, rate="0.1", measure="test_log_loss")


def test_numbers_of_many_digits_are_written_as_powers_of_ten(page: Page) -> None:
    shown(page, rate="3", measure="test_log_loss", height="log")
    labels = page.locator("#explore-chart .role-axis-label text").all_text_contents()
    assert any(re.fullmatch(r"1e\+\d+", label) for label in labels)
    assert max(map(len, labels)) <= len("100,000") - 1


def test_a_share_that_is_always_0_has_no_ticks_below_0(page: Page) -> None:
    shown(page, rate="3", measure="saturated/1", height="linear")
    labels = page.locator("#explore-chart .role-axis-label text").all_text_contents()
    assert labels
    assert not [label for label in labels if label.startswith(("-", "\N{MINUS SIGN}"))]


def test_crosses_of_runs_that_diverged_are_whole(page: Page) -> None:
    shown(page, rate="3", diverged="shown")
    chart = page.locator("#explore-chart .mark-group.role-frame.root path.background").first.bounding_box()
    crosses = page.locator("#explore-chart g.mark-symbol path[d^='M-']").all()
    assert page.inner_text("#explore-meaning").endswith("Each thin line is a run that diverged, up to its cross.")
    boxes = [box for cross in crosses if (box := cross.bounding_box())]
    assert boxes
    assert chart
    assert max(box["x"] + box["width"] for box in boxes) <= chart["x"] + chart["width"]


def test_pointing_is_answered_within_the_window(page: Page) -> None:
    shown(page, rate="0.1")
    box = page.locator("#explore-chart svg").bounding_box()
    assert box
    for share in (0.3, 0.5, 0.7, 0.95):
        page.locator("#explore-chart").scroll_into_view_if_needed()
        box = page.locator("#explore-chart svg").bounding_box()
        assert box
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 100)
        page.mouse.move(box["x"] + share * box["width"] + 1, box["y"] + 101)
        page.wait_for_selector(TOOLTIP)
        assert page.locator(TOOLTIP).evaluate(INSIDE)


def test_a_run_has_only_words_that_its_loss_has(page: Page) -> None:
    shown(page, rate="0.1", seed="0")
    runs = page.evaluate("explorer.data.runs.id.map((id, run) => [id, explorer.data.losses[explorer.data.runs.loss[run]].label])")
    run = next(name for name, label in runs if label.startswith("hinge"))
    shown(page, run=run)
    words = page.inner_text("#explore-run-words").split()
    assert "loss=hinge" in words
    assert not [word for word in words if word.endswith("=")]


def test_a_sentence_says_what_lines_and_bands_are(page: Page) -> None:
    for measure, middle in (("test_accuracy", "medians"), ("output_error", "geometric means")):
        shown(page, rate="0.1", measure=measure)
        wanted = f"Lines are {middle} over runs, bands reach from the smallest value to the largest."
        assert page.inner_text("#explore-meaning") == wanted
    shown(page, rate="0.1", seed="0")
    assert page.inner_text("#explore-meaning") == ""
    shown(page, rate="3", measure="saturated/1", height="log", steps="linear")
    assert page.inner_text("#explore-meaning").startswith("Nothing to draw: no value is above 0")
    assert page.locator("#explore-chart .role-axis-label text").all_text_contents()[:2] == ["0", "1"]


def test_the_name_of_the_chart_has_no_empty_part(page: Page) -> None:
    shown(page, rate="0.1")
    name = page.get_attribute("#explore-chart", "aria-label")
    assert name == "test accuracy by training step: learning rate 0.1, all seeds, median and band"


def test_small_panels_have_a_line_that_names_their_axes(page: Page) -> None:
    shown(page, rate="0.1", panels="each")
    heading = page.locator("#explore-chart .role-title-text").last
    assert heading.text_content() == "test accuracy (%), by training steps"


def test_a_keyboard_goes_from_the_list_to_a_run_and_back(page: Page) -> None:
    shown(page, rate="0.1")
    places = []
    for name in ("#explore-count", "#explore-runs button", "#explore-run-close"):
        page.locator(name).first.press("Enter")
        places.append(page.evaluate("document.activeElement.id"))
    assert places == ["explore-count", "explore-run-close", "explore-count"]
    assert "run=" not in page.url


def test_on_a_phone_a_button_of_the_list_is_whole(page: Page) -> None:
    shown(page, rate="0.1")
    page.evaluate("document.querySelector('#explore details').open = true")
    button, cell = (page.locator(f"#explore-runs {name}").first.bounding_box() for name in ("button", "td"))
    assert button
    assert cell
    assert round(button["x"] + button["width"]) <= round(cell["x"])


def test_on_dark_paper_too_the_key_has_the_colours_and_dashes_of_the_lines(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    shown(page, rate="0.1")
    looks = "all => all.map(one => [one.getAttribute('stroke'), one.getAttribute('stroke-dasharray') || '1 0'].join(' '))"
    key = page.eval_on_selector_all("#explore-legend line", looks)
    lines = page.eval_on_selector_all("#explore-chart g.mark-line.role-mark path", looks)
    page.emulate_media(color_scheme="light")
    assert {look.replace(",", " ") for look in lines} == set(key)
