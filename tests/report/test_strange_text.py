"""Text of a stranger's study, on pages and on a terminal: it is shown, and does nothing."""

import json

import pytest

from lossbench.claims.terminal import shown
from lossbench.commands.actions.reproduction import print_list
from lossbench.report.explorer.library import drawing_library
from lossbench.report.page import plain, visible
from lossbench.report.study_report import write_report
from lossbench.report.terminal import print_scoreboard

EVIL = "\x1b[2J\u202e<script>x</script>[red]|`$"
INVISIBLE = {chr(code) for code in (*range(32), *range(127, 160), 0x202E, 0x2066, 0x200B, 0xFEFF)} - {"\n", "\t"}


@pytest.mark.slow
def test_a_page_and_a_terminal_show_what_would_be_an_escape_or_markup(made, tmp_path, capsys):
    runs = [
        made.learn(loss={"word": loss, "link": EVIL}, dataset={"word": EVIL, "seed": seed}, seed=seed).only("test_accuracy")
        for loss in ("cross_entropy", EVIL)
        for seed in range(2)
    ]
    provenance = {EVIL: EVIL, "versions": {EVIL: EVIL}}
    folder = made.write(tmp_path / "study", runs, {"words": [EVIL], "provenance": provenance})
    (folder / "study.json").write_text(json.dumps({"format": 1, "name": EVIL}))
    report = write_report(folder)
    print_scoreboard(report.scoreboard)
    pages = [report.page.read_text().replace(drawing_library(), ""), (folder / "report.md").read_text()]
    assert not any("<script>x" in page for page in pages)
    for text in (*pages, capsys.readouterr().out):
        assert not INVISIBLE & set(text)
        assert "\\x1b" in text.replace("\\\\", "\\")


@pytest.mark.parametrize("show", [visible, plain, shown])
def test_every_door_shows_invisible_characters(show):
    assert not INVISIBLE & set(show("".join(sorted(INVISIBLE))))
    assert show("95\N{NO-BREAK SPACE}%").split() == ["95", "%"]


def test_a_list_of_experiments_shows_a_strangers_title(tmp_path, monkeypatch, capsys):
    (tmp_path / "experiments" / "odd").mkdir(parents=True)
    (tmp_path / "experiments" / "odd" / "claims.yaml").write_text('title: "\\e[2J [bold]loud[/]"\nclaims: []')
    monkeypatch.chdir(tmp_path)
    print_list(["odd"], tmp_path / "results")
    out = capsys.readouterr().out
    assert "\\x1b[2J [bold]loud[/]" in out
    assert not INVISIBLE & set(out)
