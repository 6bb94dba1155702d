"""How the lab is laid out: it fits every window, nothing is cut off or too small, and the Chinese page is Chinese."""

from collections.abc import Callable

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
FAULTS = """() => {
    const root = document.documentElement, faults = new Set()
    if (root.scrollWidth > root.clientWidth) faults.add(`the page is ${root.scrollWidth} wide`)
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
        const text = texts.currentNode.textContent.trim(), holder = texts.currentNode.parentElement
        if (!text || !holder.checkVisibility() || holder.closest('script, style')) continue
        if (parseFloat(getComputedStyle(holder).fontSize) < 11) faults.add(`too small: ${text}`)
        const picture = holder.closest('svg')?.getBoundingClientRect(), place = holder.getBoundingClientRect()
        if (picture && (place.left < picture.left - 1 || place.right > picture.right + 1)) faults.add(`cut off: ${text}`)
    }
    for (const control of document.querySelectorAll('button, input, select, summary')) {
        const { width, height } = (control.type === 'checkbox' ? control.closest('label') : control).getBoundingClientRect()
        if (control.checkVisibility() && (width < 24 || height < 24)) faults.add(`hard to touch: ${control.id || control.textContent}`)
    }
    return [...faults]
}"""
SHOWN = """() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), shown = []
    const names = document.querySelectorAll('[aria-label], [title]')
    for (const element of names) shown.push(element.getAttribute('aria-label') ?? '', element.title ?? '')
    while (texts.nextNode()) {
        const holder = texts.currentNode.parentElement
        if (holder.checkVisibility() && !holder.closest('script, style, noscript, pre, [lang=en]')) shown.push(texts.currentNode.textContent)
    }
    return shown
}"""
ENGLISH = r"""([texts, names]) => {
    const known = new Set(names.split(' ')), words = texts.flatMap(text => text.match(/[A-Za-z][A-Za-z0-9]{2,}/g) ?? [])
    return [...new Set(words.filter(word => !known.has(word)))]
}"""
NAMES = (
    "lossbench sigmoid softmax softplus log exp expm1 log1p tanh sqrt abs sign relu max min alpha order shift inset offset foo mine"
    " Brier Fahlman Poly Beta Home"
)


@pytest.mark.parametrize("width", [1200, 800, 390])
@pytest.mark.parametrize("words", STATES)
def test_every_text_is_whole_and_readable_and_every_control_can_be_touched(
    opened: Callable[[str], Page], width: int, words: str
) -> None:
    page = opened(words)
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.evaluate(FAULTS) == []


@pytest.mark.parametrize("words", ["q=3&c=formula&f=foo(z", "view=network&nn=10"])
def test_what_the_chinese_page_says_is_chinese_but_for_names_and_formulas(opened: Callable[[str], Page], words: str) -> None:
    page = opened(f"{words}&lang=zh")
    if page.is_visible("#answer-show"):
        page.click("#answer-show")
    else:
        page.locator(".digits button").first.click()
    assert page.evaluate(ENGLISH, [page.evaluate(SHOWN), NAMES]) == []


def test_the_chinese_page_names_every_loss_of_the_zoo_and_says_what_its_formula_says_in_words(opened: Callable[[str], Page]) -> None:
    page = opened("lang=zh")
    texts = []
    for word in page.evaluate("[...lossbenchLab.losses.values()].filter(loss => !loss.own).map(loss => loss.id)"):
        page.select_option("#neuron-losses-a", word)
        texts += [page.locator("#neuron-losses-a option:checked").text_content(), page.locator(".loss .formula").first.text_content()]
    assert len(texts) >= 2 * 26
    assert page.evaluate(ENGLISH, [texts, NAMES]) == []
