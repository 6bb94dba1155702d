"""Every control of the lab and of the explorer does something: driven by itself, it changes the page or its address.

The controls are those that the pages have, not those that a test knows of: a new one is driven, too.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow
CONTROLS = "button, input, select, summary"
# [name, whether it has something to do] of each control. Of several alike (digits, questions, runs) one stands for all,
# and what is pressed already, or the last of its kind, has nothing to do.
LISTED = """all => all.map(one => [
  one.id || one.dataset.language || one.dataset.view || `${(one.closest('[id]') ?? one.parentElement).id} ${one.tagName}`,
  !(one.disabled || one.ariaPressed === 'true' || one.ariaSelected === 'true' || !one.checkVisibility()),
])"""
STATE = """() => [
  location.hash, document.body.innerHTML, ...[...document.querySelectorAll('input, select')].map(one => one.value),
].join()"""
LAB = ("q=2&n=20&b=formula", "lang=zh&q=3&view=network&nn=20&b=brier")
# The tabs and languages that are chosen in one of the two are driven in the other.
EXPLORED = "rate=1&height=log&run="


@pytest.fixture
def empty(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(offline=True, viewport={"width": 1200, "height": 900}, locale="en-GB") as context:
        page = context.new_page()
        page.set_default_timeout(120_000)  # a busy machine is no defect
        yield page


def controls(page: Page, scope: str) -> tuple[set[str], dict[str, Locator]]:
    """The names of all controls of a part of the page, and by name those that have something to do."""
    each = page.locator(scope).locator(CONTROLS)
    listed = each.evaluate_all(LISTED)
    return {name for name, _ in listed}, {name: each.nth(n) for n, (name, able) in enumerate(listed) if able}


def drive(control: Locator) -> None:
    """What a reader does with it: press it, open it, move it to one of its ends, choose or type something else."""
    kind = control.evaluate("one => one.tagName === 'INPUT' ? one.type : one.tagName")
    if kind == "SELECT":
        chosen = control.input_value()
        others = control.evaluate("one => [...one.options].filter(option => !option.disabled).map(option => option.value)")
        control.select_option(next(value for value in reversed(others) if value != chosen))
    elif kind == "range":
        low, high = (str(control.evaluate(f"one => one.{end}")) for end in ("min", "max"))
        control.fill(low if control.input_value() == high else high)
    elif kind == "text":
        control.fill("(a - y)^4")
    else:
        control.click()


def assert_each_does_something(open_at: Callable[[str], Page], addresses: tuple[str, ...], scope: str) -> None:
    driven, every = set(), set()
    for address in addresses:
        names, able = controls(open_at(address), scope)
        every |= names
        for name in able:
            page = open_at(address)
            before = page.evaluate(STATE)
            drive(controls(page, scope)[1][name])
            for _ in range(100):
                if page.evaluate(STATE) != before:
                    break
                page.wait_for_timeout(50)
            changed = page.evaluate(STATE) != before
            assert changed, f"{name} at {address} changes nothing"
            driven.add(name)
    assert driven == every


def test_every_control_of_the_lab_does_something(empty: Page, lab: Path) -> None:
    def open_at(words: str) -> Page:
        empty.goto("about:blank")
        empty.goto(f"{lab.as_uri()}#{words}")
        before, state = "", empty.evaluate(STATE)
        while state != before:  # a network trains up to the step of its address
            empty.wait_for_timeout(300)
            before, state = state, empty.evaluate(STATE)
        return empty

    assert_each_does_something(open_at, LAB, "body")


def test_every_control_of_the_explorer_does_something(empty: Page, demo: Path) -> None:
    def open_at(words: str) -> Page:
        empty.goto("about:blank")
        empty.goto(f"{(demo / 'report.html').as_uri()}#explore?{words}")
        empty.evaluate("explorer.ready")
        empty.evaluate("document.querySelectorAll('#explore details').forEach(one => { one.open = true })")
        return empty

    run = open_at("").evaluate("explorer.data.runs.id[0]")
    assert_each_does_something(open_at, (EXPLORED + run,), "#explore")
