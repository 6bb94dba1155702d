"""Reports from the command line, as their readers meet them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from lossbench.report.study_report import write_report

STUDY = Path(__file__).parents[2] / "results" / "clamped_plateau"  # with claims
HOSTILE = "<script src='https://example.org/a.js'></script><img alt='' src='gone.png'>"
pytestmark = pytest.mark.slow


def lossbench(folder: Path, *words: str) -> None:
    """Give a command in a folder."""
    program = Path(sys.executable).with_name("lossbench")
    done = subprocess.run([program, *words], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_demo_ends_in_a_page_that_stands_alone_without_defect(tmp_path: Path, defects: Callable[[Path], list[str]]) -> None:
    lossbench(tmp_path, "run", "experiment=demo")
    lossbench(tmp_path, "report", "results/demo")
    page = (tmp_path / "results/demo/report.html").rename(tmp_path / "elsewhere.html")
    assert defects(page) == []


def test_text_from_data_is_shown_and_not_obeyed(tmp_path: Path, defects: Callable[[Path], list[str]]) -> None:
    rows = [f"{row % 7},{row % 5},{row % 2}" for row in range(60)]
    (tmp_path / "data.csv").write_text("\n".join([f'a,b,"{HOSTILE}"', *rows]), encoding="utf-8")
    table = ("dataset=table", "dataset.path=data.csv", f'dataset.target="{HOSTILE}"')
    lossbench(tmp_path, "run", "study=hostile", *table, "loss=ce,mse", "steps=20", "batch=8")
    lossbench(tmp_path, "report", "results/hostile")
    page = tmp_path / "results/hostile/report.html"
    assert "&lt;script" in page.read_text(encoding="utf-8")
    assert defects(page) == []


def test_without_script_the_page_reads_as_before(chromium: Browser, demo: Path) -> None:
    with chromium.new_context(offline=True, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((demo / "report.html").as_uri())
        assert not page.is_visible("#explore")
        assert page.locator("figure img").count() == len(list(demo.glob("figures/*.svg")))
        assert page.is_visible("table >> nth=0")


def test_on_a_phone_every_verdict_on_a_claim_stands_within_the_window(chromium: Browser, tmp_path: Path) -> None:
    folder = shutil.copytree(STUDY, tmp_path / STUDY.name)
    with chromium.new_context(offline=True, viewport={"width": 390, "height": 900}) as context:
        page = context.new_page()
        page.goto(write_report(folder).page.as_uri())
        verdicts = [box for cell in page.locator("[data-column=verdict]").all() if (box := cell.bounding_box())]
        claims = page.get_by_role("table", name="Claims and verdicts")
        assert len(verdicts) == claims.get_by_role("row").count() - 1 - page.locator(".claims .setting").count() > 0
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in verdicts)


def test_on_paper_a_cells_small_type_is_smaller_than_what_it_annotates(chromium: Browser, demo: Path) -> None:
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((demo / "report.html").as_uri())
        page.emulate_media(media="print")
        sizes = "cells => cells.map(cell => [cell, cell.parentElement].map(one => parseFloat(getComputedStyle(one).fontSize)))"
        pairs = page.eval_on_selector_all("td small, th small", sizes)
        assert pairs
        assert all(small < cell for small, cell in pairs)
        assert not page.is_visible("figcaption >> nth=0")


def test_on_paper_folded_explanations_are_open(chromium: Browser, demo: Path, tmp_path: Path) -> None:
    study = shutil.copytree(demo, tmp_path / "demo")
    (study / "explained").mkdir()
    rows = [{"group": f"group {n}", "answer": "wrong labels", "verdict": "Stalls."} for n in range(30)]
    (study / "explained" / "explanations.json").write_text(json.dumps(rows), encoding="utf-8")
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.goto(write_report(study).page.as_uri())
        last = page.get_by_text("group 29", exact=True)
        assert not last.is_visible()
        page.emulate_media(media="print")
        assert last.is_visible()
        assert not page.get_by_text("Each group").is_visible()


def test_what_goes_on_beyond_the_right_edge_fades_there_until_its_end_is_reached(chromium: Browser, demo: Path) -> None:
    widths = "one => [one.scrollWidth, one.clientWidth]"
    fade = "one => getComputedStyle(one).getPropertyValue('--fade')"
    for width, goes_on in ((390, True), (1400, False)):
        with chromium.new_context(offline=True, viewport={"width": width, "height": 900}) as context:
            page = context.new_page()
            page.goto((demo / "report.html").as_uri())
            table = page.locator("#scoreboard .wide")
            whole, shown = table.evaluate(widths)
            assert (whole > shown) is goes_on
            assert (table.evaluate(fade) == "0px") is not goes_on
            table.evaluate("one => { one.scrollLeft = one.scrollWidth }")
            page.wait_for_timeout(200)
            assert table.evaluate(fade) == "0px"


def test_the_colour_of_each_loss_stands_before_its_name_in_the_scoreboard(chromium: Browser, demo: Path) -> None:
    boxes = """rows => rows.map(row => {
      const name = document.createRange()
      name.selectNodeContents(row.lastChild)
      return [row, row.querySelector('i'), name].map(one => one.getBoundingClientRect().left)
    })"""
    for width in (390, 800, 1200):
        with chromium.new_context(offline=True, viewport={"width": width, "height": 900}) as context:
            page = context.new_page()
            page.goto((demo / "report.html").as_uri())
            lefts = page.eval_on_selector_all("#scoreboard th[scope=row]", boxes)
            assert len(lefts) == 4
            assert all(cell <= dot < name for cell, dot, name in lefts)
