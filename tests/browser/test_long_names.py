"""Names as long as the records allow, without a space: a page of a study stays as wide as its window."""

import json

import pytest

from lossbench.report.study_report import write_report

LONG = "L" * 200
pytestmark = pytest.mark.slow


def test_no_name_makes_a_page_wider_than_its_window(made, tmp_path, chromium, faults):
    runs = [
        made.learn(loss={"word": loss, "link": "sigmoid"}, init=init, seed=seed).only("test_accuracy", "test_log_loss")
        for loss in ("cross_entropy", LONG)
        for init in (made.GENTLE, {"word": LONG})
        for seed in range(2)
    ]
    folder = made.write(tmp_path / "study", runs)
    (folder / "study.json").write_text(json.dumps({"format": 1, "name": LONG}))
    (folder / "explained").mkdir()
    explained = [{"group": LONG, "answer": "unknown", "verdict": f"Unknown. {LONG}"}]
    (folder / "explained" / "explanations.json").write_text(json.dumps(explained))
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.goto(write_report(folder).page.as_uri())
        page.evaluate("explorer.ready")
        for width in (1200, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert not [fault for fault in faults(page) if fault.startswith("the page is")]
