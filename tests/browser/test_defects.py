"""The harness catches each defect that a report must not have: a check that never fails would check nothing."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

DOT = "<svg width='20' height='20'><circle cx='10' cy='10' r='5'/></svg>"
PAGE = "<!doctype html><meta charset=utf-8><title>t</title><body>{}</body>"
Defects = Callable[[Path], list[str]]


def opened(defects: Defects, folder: Path, body: str) -> list[str]:
    """What is wrong with a page of this body."""
    path = folder / "a page.html"
    path.write_text(PAGE.format(body), encoding="utf-8")
    return defects(path)


@pytest.mark.slow
def test_a_sound_page_has_no_defect(defects: Defects, tmp_path: Path) -> None:
    vector = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><path d='M0 0L9 9L0 9'/></svg>"
    image = f"<img alt='a triangle' src='data:image/svg+xml;base64,{b64encode(vector).decode()}'>"
    folded = f"<details><summary>more</summary>{DOT}</details>"
    assert opened(defects, tmp_path, image + folded + "<script>console.log('fine')</script>") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<script>console.error('ouch')</script>", "console error: ouch"),
        ("<script>console.warn('hm')</script>", "console warning: hm"),
        ("<script>nowhere()</script>", "script: nowhere is not defined"),
        ("<script src='https://example.org/a.js'></script>", "request: https://example.org/a.js"),
        ("<script>fetch('http://example.org/data').catch(() => 0)</script>", "request: http://example.org/data"),
        ("<link rel=stylesheet href='other.css'>", "request: file://"),
        ("<style>@import url('https://example.org/b.css');</style>", "request: https://example.org/b.css"),
        ("<img alt='' src='gone.png'>", "picture not shown: <img"),
        ("<img alt='' src='data:image/png;base64,AAAA'>", "picture not shown: <img"),
        ("<svg width='0' height='9'></svg>", "picture not shown: <svg"),
        ("<div style='display:none'><svg width='9' height='9'></svg></div>", "picture not shown: <svg"),
        ("<svg width='9' height='9'></svg>", "picture is blank: <svg"),
        ("<p id=a>one</p><p id=a>two</p>", "two different elements are called a"),
        ("<p style='width: 3000px'>wide</p>", "wider than the window"),
    ],
)
def test_each_defect_is_caught(defects: Defects, tmp_path: Path, body: str, found: str) -> None:
    seen = opened(defects, tmp_path, DOT + body)
    assert any(defect.startswith(found) for defect in seen), seen


@pytest.mark.slow
def test_a_page_without_pictures_is_no_report(defects: Defects, tmp_path: Path) -> None:
    assert opened(defects, tmp_path, "<p>words</p>") == ["no picture at all"]
