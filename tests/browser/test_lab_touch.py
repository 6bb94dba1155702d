"""The lab on a touch screen, on paper, and for those who hear it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
PAPER = """() => {
    const style = (selector, name) => getComputedStyle(document.querySelector(selector))[name]
    const [ink, unit] = [style('body', 'color'), style('.units i', 'printColorAdjust')]
    return [ink, unit, style('figure', 'breakInside'), style('.languages', 'display')]
}"""


def at_rest(page: Page) -> float:
    """Where the page is scrolled to, once it has stood still for half a second: after a swipe it glides on for a while."""
    seen, still = float(page.evaluate("scrollY")), 0
    while still < 5:
        page.wait_for_timeout(100)
        before, seen = seen, float(page.evaluate("scrollY"))
        still = still + 1 if seen == before else 0
    return seen


def test_a_finger_drags_the_point_and_sliders_and_a_swipe_that_begins_on_a_slider_only_scrolls(
    chromium: Browser, lab: Path
) -> None:
    phone = {"width": 390, "height": 844}
    with chromium.new_context(viewport=phone, has_touch=True, is_mobile=True, locale="en-GB") as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{lab.as_uri()}#z=4&n=30")
        touch = context.new_cdp_session(page)

        def swipe(selector: str, dx: float, dy: float, share: float = 0.5) -> float:
            page.evaluate("selector => document.querySelector(selector).scrollIntoView({block: 'center'})", selector)
            box = page.locator(selector).bounding_box()
            assert box
            x, y, top = box["x"] + share * box["width"], box["y"] + box["height"] / 2, page.evaluate("scrollY")
            for name, step in [("touchStart", 0), *[("touchMove", n) for n in range(1, 9)], ("touchEnd", 8)]:
                points = [] if name == "touchEnd" else [{"x": x + dx * step / 8, "y": y + dy * step / 8}]
                touch.send("Input.dispatchTouchEvent", {"type": name, "touchPoints": points})
                page.wait_for_timeout(20)
            return at_rest(page) - top

        state = "[lossbenchLab.state.z, lossbenchLab.state.n]"
        assert swipe("#start", 0, -160, 0.8) > 50
        assert page.evaluate(state) == [4, 30]
        assert swipe("#neuron-scrub", 0, -160, 0.8) > 50
        assert page.evaluate(state) == [4, 30]
        assert swipe("#valley-chart", 0, -160, 0.3) > 50
        assert page.evaluate(state) == [4, 30]
        assert swipe("#valley-chart .handle", -60, 5) == 0
        assert page.evaluate("lossbenchLab.state.z") < 4
        assert swipe("#start", 100, 0, 0.1) == 0
        assert page.evaluate("lossbenchLab.state.z") > 4


def test_on_paper_the_page_is_dark_on_light_and_keeps_the_colours_of_units(opened: Callable[[str], Page]) -> None:
    page = opened("view=network&nn=10")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(PAPER) == ["rgb(34, 34, 34)", "exact", "avoid", "none"]
    page.emulate_media(media="screen", color_scheme="light")


def test_each_picture_of_a_network_says_whose_it_is_and_its_numbers_in_the_reader_s_language(
    opened: Callable[[str], Page],
) -> None:
    english = opened("view=network&nn=20&lang=en").locator("#network").aria_snapshot()
    for name in (
        'img "cross entropy: 32 hidden units',
        'img "half squared error: 32 hidden units',
        'group "half squared error: Outputs',
        "cross entropy: outputs ",
    ):
        assert name in english
    chinese = opened("view=network&nn=20&lang=zh").locator("#network").aria_snapshot()
    assert 'img "交叉熵：32 个隐藏单元' in chinese
    assert "%、半平方误差 " in chinese
