"""The page as text: complete in both languages, and what somebody brings is data in it."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from lossbench.commands.cli import answer
from lossbench.lab import page as lab_page
from lossbench.lab.page import page
from lossbench.lab.zoo import LabLoss

PARTS = files("lossbench.lab")
TEXTS = json.loads((PARTS / "texts.json").read_text(encoding="utf-8"))
SCRIPT = "".join((PARTS / f"{name}.js").read_text(encoding="utf-8") for name in lab_page.SCRIPTS)
FRAME = (PARTS / "page.html").read_text(encoding="utf-8")
HOSTILE = "</script><!--<script>\u2028<<SCRIPT>><<DATA>>"


def test_every_language_says_the_same_with_the_same_numbers() -> None:
    english, chinese = TEXTS["en"], {key: text for key, text in TEXTS["zh"].items() if not key.startswith("loss.")}
    assert english.keys() == chinese.keys()
    named = re.compile(r"\{\w+\}")
    assert not [key for key in english if set(named.findall(english[key])) != set(named.findall(chinese[key]))]


def test_chinese_texts_have_chinese_punctuation_and_break_no_line_at_an_equals_sign() -> None:
    texts = [text for key, text in TEXTS["zh"].items() if key != "loss.phrases"] + list(TEXTS["zh"]["loss.phrases"].values())
    half_width = re.compile(r"[\u4e00-\u9fff]\s*[,;:.?!%]|[,;:.?!]\s*[\u4e00-\u9fff]")
    assert not [text for text in texts if half_width.search(text)]
    assert not [text for key, text in TEXTS["zh"].items() if key != "loss.phrases" and re.search(r"[A-Za-z₀] = |= [\d{]", text)]


def test_every_text_that_the_page_asks_for_is_there_and_every_text_is_asked_for() -> None:
    asked = set(re.findall(r'data-(?:t|label|title)="([\w.]+)"', FRAME)) | set(re.findall(r"'([a-z]\w*(?:\.[\w.]+)?)'", SCRIPT))
    numbered = re.compile(r"q\d+(\.answer)?|slot\.[abc]|(error|slope|gradient)\.(short|long)")
    assert not {key for key in TEXTS["en"] if key not in asked and not numbered.fullmatch(key)}
    assert set(re.findall(r'data-(?:t|label|title)="([\w.]+)"', FRAME)) <= TEXTS["en"].keys()
    questions = json.loads((PARTS / "questions.json").read_text(encoding="utf-8"))
    assert {f"q{n + 1}" for n in range(len(questions))} == {key for key in TEXTS["en"] if re.fullmatch(r"q\d+", key)}


def test_what_a_loss_says_of_itself_ends_no_element(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_page, "packed_network", dict)
    loss = LabLoss(id="mine", title=HOSTILE, formula=HOSTILE, about=HOSTILE, own=True, program={}, network=False)
    text = page([loss])
    assert text.count("</script>") == FRAME.count("</script>")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data
    assert json.loads(data[1])["losses"][0]["title"] == HOSTILE


def test_the_script_asks_for_nothing_and_evaluates_nothing() -> None:
    banned = r"\b(eval|Function|fetch|XMLHttpRequest|WebSocket|import|innerHTML|insertAdjacentHTML|document\.write)\b\s*[(=.]"
    assert not re.findall(banned, SCRIPT)
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", SCRIPT + FRAME)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lab", "-o", "lab.txt"], ".html"),
        (["lab", "no_such_loss"], "no_such_loss"),
        (["lab", "no_such_module:Mine"], "no_such_module"),
        (["lab", "hinge"], "has its meaning on identity"),
        (["lab", "focal,gama=2"], "gamma"),
    ],
)
def test_what_cannot_be_put_in_the_lab_is_one_message(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert answer(arguments) == 2
    message = capsys.readouterr().err
    assert words in message
    assert len(message.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
