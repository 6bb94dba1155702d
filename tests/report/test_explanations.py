"""Stored explanations on a report's page: shown where there are some, as text."""

import json

import pytest

from lossbench.errors import BadInput
from lossbench.report.study_report import write_report

EVIL = "\x1b[2J<script>x</script>"


@pytest.fixture
def folder(made, tmp_path):
    return made.write(tmp_path / "study", [made.learn(seed=seed).only("test_accuracy") for seed in range(2)])


def explain(folder, rows):
    (folder / "explained").mkdir()
    (folder / "explained" / "explanations.json").write_text(json.dumps(rows), encoding="utf-8")


def pages(folder):
    page = write_report(folder).page
    return page.read_text(encoding="utf-8"), (folder / "report.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_was_explained_is_shown_as_text_and_healthy_groups_are_not(folder):
    ailing = {"group": f"a {EVIL}", "answer": "unknown", "verdict": f"Unknown. {EVIL}"}
    explain(folder, [ailing, {"group": "sound", "answer": "healthy", "verdict": "Healthy: all is well."}])
    for page in pages(folder):
        assert "Why it does not learn" in page
        assert "all is well" not in page
        assert "Unknown. " in page
        assert "<script>x" not in page
        assert "\x1b" not in page


@pytest.mark.slow
def test_a_study_that_nobody_explained_says_nothing_of_it(folder):
    assert not any("Why it does not learn" in page for page in pages(folder))


@pytest.mark.slow
@pytest.mark.parametrize("rows", [{}, [1], [{"group": "a", "answer": 3, "verdict": "b"}]])
def test_a_file_of_explanations_that_is_none_is_refused(rows, folder):
    explain(folder, rows)
    with pytest.raises(BadInput, match="holds no explanations as `lossbench explain` writes them"):
        write_report(folder)
