"""The documentation site: it is built without a warning, its links lead somewhere, and no page asks anything of a network."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser

SCRIPTS = Path(__file__).parents[2] / "docs" / "site"
PAGES = ("index.html", "docs/tutorial.html", "docs/zoo.html", "docs/reference/api.html", "docs/mathematics.html")
WIDTHS = (390, 1200)  # pixels: a phone and a screen
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def script(name: str, patch: pytest.MonkeyPatch) -> ModuleType:
    """One of the site's scripts, which import one another by their bare names."""
    patch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module(name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")  # of Sphinx's own libraries
def test_the_site_is_built_has_no_dead_link_and_asks_nothing_of_a_network(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    script("build", monkeypatch).build(tmp_path / "source", site)
    (site / "lab.html").write_text("<title>a stand-in for the lab, which has tests of its own</title>", encoding="utf-8")
    assert script("links", monkeypatch).faults(site) == []
    assert len(list(site.rglob("*.html"))) > 50
    for width in WIDTHS:
        asked: list[str] = []
        with chromium.new_context(viewport={"width": width, "height": 900}) as context:
            page = context.new_page()
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            for name in PAGES:
                page.goto((site / name).as_uri())
                assert page.evaluate(OVERFLOW) == 0, (name, width)
            assert page.locator("math").count() > 50
        assert len(asked) > len(PAGES)
        assert not [address for address in asked if not address.startswith(("file:", "data:"))]


def test_a_dead_link_a_dead_anchor_and_a_fetched_picture_are_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b.html").write_text('<h1 id="top-of-b">B</h1>', encoding="utf-8")
    text = '<a href="b.html#top-of-b">1</a><a href="b.html#gone">2</a><a href="c.html">3</a><img src="https://example.org/x.png">'
    (tmp_path / "a.html").write_text(text + '<a href="https://example.org">4</a><a href="#here">5</a>', encoding="utf-8")
    assert script("links", monkeypatch).faults(tmp_path) == [
        "a.html fetches https://example.org/x.png",
        "a.html links to b.html#gone",
        "a.html links to c.html",
        "a.html links to #here",
    ]


def test_a_docstring_becomes_fields_and_examples_and_what_looks_like_markup_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["What |z| is:", "", "    run(x_*2)", "", "Formula: ℓ = a_*b of", "`gamma`.", "Source: somebody."]
    assert script("conf", monkeypatch).as_rst(lines) == [
        r"What \|z\| is::",
        "",
        "    run(x_*2)",
        "",
        "",
        r":Formula: ℓ = a\_\*b of",
        "    ``gamma``.",
        ":Source: somebody.",
    ]
