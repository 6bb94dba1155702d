"""A real browser opens a page and tells what a reader would have missed."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, ElementHandle, Page, sync_playwright

from lossbench.lab.page import write_lab

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
LOUD = {"error", "warning"}
UNFOLD = "document.querySelectorAll('details').forEach(fold => { fold.open = true })"
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
SHOWN = """picture => {
    const box = picture.getBoundingClientRect()
    const drawn = picture.tagName === 'IMG' ? picture.complete && picture.naturalWidth > 0 : true
    return drawn && box.width > 1 && box.height > 1 && picture.checkVisibility()
}"""
CLASHING = """() => {
    const first = new Map()
    return [...document.querySelectorAll('[id]')].filter(element => {
        const twin = first.get(element.id) ?? first.set(element.id, element).get(element.id)
        return twin.outerHTML !== element.outerHTML
    }).map(element => element.id)
}"""
HARD_TO_READ = """() => {
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
    for (const control of document.querySelectorAll('button, input, select, summary, nav a')) {
        const { width, height } = (control.type === 'checkbox' ? control.closest('label') : control).getBoundingClientRect()
        if (!control.checkVisibility() || Math.min(width, height) >= 24) continue
        faults.add(`hard to touch: ${control.id || control.textContent}`)
    }
    return [...faults]
}"""
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def defects(chromium: Browser) -> Iterator[Callable[[Path], list[str]]]:
    """Opens a page from disk and returns what is wrong with it, in words."""
    with chromium.new_context(offline=True, viewport={"width": 1280, "height": 900}) as context:
        yield lambda path: _defects(context.new_page(), path.resolve().as_uri())


def _defects(page: Page, address: str) -> list[str]:
    seen: list[str] = []
    page.on(
        "console", lambda said: seen.append(f"console {said.type}: {said.text}") if said.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: seen.append(f"script: {error}"))
    page.on("request", lambda request: seen.append(f"request: {request.url}") if request.url != address else None)
    page.goto(address, wait_until="load")
    page.evaluate(UNFOLD)
    pictures = page.query_selector_all("img, svg:not(svg svg), canvas")
    seen += [f"picture not shown: {_name(picture)}" for picture in pictures if not picture.evaluate(SHOWN)]
    seen += [f"picture is blank: {_name(picture)}" for picture in pictures if picture.evaluate(SHOWN) and _is_blank(picture)]
    seen += [f"two different elements are called {name}" for name in page.evaluate(CLASHING)]
    seen += ["wider than the window"] if page.evaluate(TOO_WIDE) else []
    return seen if pictures else [*seen, "no picture at all"]


def _listen(page: Page, address: str) -> list[str]:
    """A list that grows with what the console says and with every address asked for besides the page's own."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(f"console {said.type}: {said.text}") if said.type in LOUD else None)
    page.on("pageerror", lambda error: heard.append(f"script: {error}"))
    page.on("request", lambda request: heard.append(f"request: {request.url}") if request.url != address else None)
    return heard


def _name(picture: ElementHandle) -> str:
    return str(picture.evaluate("picture => picture.outerHTML.slice(0, 120)"))


def _is_blank(picture: ElementHandle) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("RGB"))
    return bool((pixels == pixels[0, 0]).all())


@pytest.fixture
def faults() -> Callable[[Page], list[str]]:
    """What of a page is cut off, too small to read or to touch, or wider than its window, in words."""
    return lambda page: list(page.evaluate(HARD_TO_READ))


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
