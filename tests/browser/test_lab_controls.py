"""The lab's controls: every one works, the page fits its window, obeys no text of others, and asks for nothing."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
HOSTILE = "</script><script>window.robbed = true</script><img src=x onerror='window.robbed = true'>"


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
    assert "The largest output on this image is 8" in page.inner_text("#why")
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


def test_the_book_s_slip_shows_the_error_by_itself_as_the_step(opened: Callable[[str], Page]) -> None:
    page = opened("z=4&a=cross_entropy&b=half_squared_error")
    bars = "#factors svg"
    assert "error 55.6 × slope 0.0177 = gradient 0.982" in str(page.get_attribute(bars, "aria-label"))
    page.check("#bug")
    assert "error 55.6 × slope 1 = gradient 55.6" in str(page.get_attribute(bars, "aria-label"))


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("log(4.5-z)", "= gradient −2. diverged after step 0."),
        ("log(y)+z", "error – × slope 0.0177 = gradient –. no finite number at z₀."),
    ],
)
def test_a_neuron_says_where_its_numbers_end(opened: Callable[[str], Page], formula: str, words: str) -> None:
    page = opened(f"z=4&c=formula&f={quote(formula)}&n=300")
    assert words in str(page.get_attribute("#factors svg", "aria-label"))


@pytest.mark.parametrize(
    ("formula", "words"),
    [("sqrt(z-4)", "There the loss or its gradient is not a finite number."), ("log(y)+z", "The run ended here")],
)
def test_a_network_says_where_its_numbers_end(opened: Callable[[str], Page], formula: str, words: str) -> None:
    page = opened(f"view=network&b=formula&f={quote(formula)}&nn=9")
    assert "diverged after step 0" in page.inner_text("#networks")
    page.click("[data-digit=b3]")
    assert words in page.inner_text("#why")


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


def test_a_frame_that_began_before_the_click_takes_no_step_back(opened: Callable[[str], Page]) -> None:
    least = """async () => {
        const now = performance.now.bind(performance), steps = []
        performance.now = () => now() + 200
        document.querySelector('#neuron-play').click()
        performance.now = now
        for (let n = 0; n < 5; n++) { await new Promise(requestAnimationFrame); steps.push(lossbenchLab.state.n) }
        document.querySelector('#neuron-play').click()
        return Math.min(...steps)
    }"""
    assert opened("h=300").evaluate(least) == 0


def test_without_script_the_page_says_what_it_needs_and_shows_no_dead_control(chromium: Browser, lab: Path) -> None:
    with chromium.new_context(offline=True, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(lab.as_uri())
        assert page.locator("noscript p:visible").count() == 2
        assert page.locator("button:visible, input:visible, select:visible").count() == 0


def test_the_page_is_small_obeys_no_text_and_asks_for_nothing(page: Page, lab: Path, heard: list[str]) -> None:
    assert lab.stat().st_size <= 1.5e6
    assert "window.robbed" in page.evaluate("lossbenchLab.losses.get('mine').formula")  # it is there, and is text
    assert page.evaluate("window.robbed") is None
    assert heard == []
