"""How the lab is laid out: it fits every window, nothing is cut off or too small, and the Chinese page is Chinese."""

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.slow
STATES = (
    "c=formula&z=8&h=10000&n=10000",
    "b=formula&f=foo(z&c=mine",
    "q=7&lang=zh",
    "view=network&nn=10&lang=zh",
    "view=network&b=mine&nn=20",
)
SHOWN = """() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), shown = []
    const names = document.querySelectorAll('[aria-label], [title]')
    for (const element of names) shown.push(element.getAttribute('aria-label') ?? '', element.title ?? '')
    while (texts.nextNode()) {
        const { parentElement: holder, textContent: text } = texts.currentNode
        if (holder.checkVisibility() && !holder.closest('script, style, noscript, pre, [lang=en]')) shown.push(text)
    }
    return shown
}"""
PARTS = """formula => {
    const texts = document.createTreeWalker(formula, NodeFilter.SHOW_TEXT), parts = []
    while (texts.nextNode()) parts.push(texts.currentNode.textContent)
    return parts
}"""
LINES = """formula => {
    const texts = document.createTreeWalker(formula, NodeFilter.SHOW_TEXT), range = document.createRange(), lines = ['']
    let before = 0
    while (texts.nextNode()) {
        for (const [n, sign] of [...texts.currentNode.data].entries()) {
            range.setStart(texts.currentNode, n)
            range.setEnd(texts.currentNode, n + 1)
            const { left, width } = range.getBoundingClientRect()
            if (width && left < before - 20) lines.push('')
            if (width) before = left
            lines[lines.length - 1] += sign
        }
    }
    return lines
}"""
ENGLISH = r"""([texts, names]) => {
    const known = new Set(names.split(' ')), words = texts.flatMap(text => text.match(/[A-Za-z][A-Za-z0-9]{2,}/g) ?? [])
    return [...new Set(words.filter(word => !known.has(word)))]
}"""
HALF_WIDTH = r"[\u4e00-\u9fff]\s*[,;:.?!%]|[,;:.?!]\s*[\u4e00-\u9fff]"
NAMES = (
    "lossbench sigmoid softmax softplus log exp expm1 log1p tanh sqrt abs sign relu max min alpha order shift inset offset"
    " foo mine Brier Fahlman Poly Beta Home"
)


@pytest.mark.parametrize("width", [1200, 800, 390])
@pytest.mark.parametrize("words", STATES)
def test_every_text_is_whole_and_readable_and_every_control_can_be_touched(
    opened: Callable[[str], Page], faults: Callable[[Page], list[str]], width: int, words: str
) -> None:
    page = opened(words)
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("new Promise(requestAnimationFrame)")
    assert faults(page) == []


@pytest.mark.parametrize("words", ["q=3&c=formula&f=foo(z", "view=network&nn=10"])
def test_what_the_chinese_page_says_is_chinese_but_for_names_and_formulas(opened: Callable[[str], Page], words: str) -> None:
    page = opened(f"{words}&lang=zh")
    if page.is_visible("#answer-show"):
        page.click("#answer-show")
    else:
        page.locator(".digits button").first.click()
    shown = page.evaluate(SHOWN)
    assert page.evaluate(ENGLISH, [shown, NAMES]) == []
    assert not [text for text in shown if re.search(HALF_WIDTH, text)]


def test_the_chinese_page_names_every_loss_and_says_what_formulas_say_in_words(opened: Callable[[str], Page]) -> None:
    page = opened("lang=zh")
    texts = []
    for word in page.evaluate("[...lossbenchLab.losses.values()].filter(loss => !loss.own).map(loss => loss.id)"):
        page.select_option("#neuron-losses-a", word)
        texts.append(page.locator("#neuron-losses-a option:checked").text_content())
        texts += page.locator(".loss .formula").first.evaluate(PARTS)
    assert len(texts) >= 2 * 26
    assert page.evaluate(ENGLISH, [texts, NAMES]) == []
    assert not [text for text in texts if re.search(HALF_WIDTH, text) or text.endswith(".")]


def test_formulas_are_set_low_and_high_as_they_are_written_by_hand(opened: Callable[[str], Page]) -> None:
    page = opened("a=focal&b=slope_left_out&c=formula&f=(z%2B9)^-0.5&lang=en")
    formulas = page.locator("#neuron-losses .formula").all()
    focal_text, slope_text, typed_text = (formula.inner_html().replace("&nbsp;", " ") for formula in formulas)
    assert focal_text.startswith("ℓ = −Σ<sub>c</sub> y<sub>c</sub> (1 − p<sub>c</sub>)<sup>γ</sup> log p<sub>c</sub>;")
    assert "(e<sup>−z<sub>c</sub></sup> − z<sub>c</sub>)" in slope_text
    assert typed_text == "dℓ/\u2060dz = −0.5·(z + 9)<sup>−1.5</sup>"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [800, 390])
def test_no_line_of_a_formula_ends_within_a_round_bracket_or_after_a_sign(
    opened: Callable[[str], Page], width: int, lang: str
) -> None:
    page = opened(f"lang={lang}")
    page.set_viewport_size({"width": width, "height": 900})
    broken = 0
    for word in page.evaluate("[...lossbenchLab.losses.keys()].filter(id => id !== 'mine')"):
        page.select_option("#neuron-losses-a", word)
        lines = page.locator(".loss .formula").first.evaluate(LINES)
        ends = ["".join(lines[: n + 1]).strip() for n in range(len(lines))]
        assert not [end for end in ends if end.count("(") != end.count(")") or end[-1] in "+−=/⁠"], lines
        broken += len(lines) > 1
    assert broken > 9
    page.select_option("#neuron-losses-a", "formula")
    page.fill("#neuron-losses input[type=text]", "+".join(["(a-y)^2*(z-1)*tanh(z-y)"] * 9))
    page.keyboard.press("Enter")
    assert len(page.locator(".loss .formula").first.evaluate(LINES)) > 3
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("words", ["z=4", "z=4&h=3000", "z=9&h=10000", "z=20"])
def test_the_factors_axis_names_1_and_holds_every_bar_whole(opened: Callable[[str], Page], words: str) -> None:
    page = opened(f"{words}&n=10000")
    page.set_viewport_size({"width": 390, "height": 900})
    page.evaluate("new Promise(requestAnimationFrame)")
    texts = page.locator("#factors text").evaluate_all("texts => texts.map(text => [text.textContent, text.getAttribute('y')])")
    lowest = max(float(y) for _, y in texts)
    axis = [text for text, y in texts if float(y) == lowest]
    assert "1" in axis
    assert 3 <= len(axis) <= 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_digit_that_is_never_answered_has_a_border_in_the_colour_of_its_text(
    opened: Callable[[str], Page], scheme: Literal["light", "dark"]
) -> None:
    page = opened("view=network&nn=10")
    page.emulate_media(color_scheme=scheme)
    colours = page.locator(".digits .never").evaluate_all(
        "buttons => buttons.map(button => [getComputedStyle(button, '::after').borderTopColor, getComputedStyle(button).color])"
    )
    assert colours
    assert all(border == text for border, text in colours)


def test_the_answer_why_comes_into_view_on_a_phone(opened: Callable[[str], Page]) -> None:
    page = opened("view=network&nn=10")
    page.set_viewport_size({"width": 390, "height": 700})
    page.locator(".digits button").first.click()
    top, bottom = page.locator("#why").evaluate("why => [why.getBoundingClientRect().top, why.getBoundingClientRect().bottom]")
    assert top >= 0
    assert bottom <= 701
