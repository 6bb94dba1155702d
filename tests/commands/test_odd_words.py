"""Words that ask for too much, or for what is no file, are answered in a sentence with exit code 2."""

import os
from pathlib import Path

import pytest

from lossbench.commands.cli import answer

ODD = {
    "model.hidden=[99999999999999999999]": "every width must lie between 1 and 1,000,000",
    "dataset=blobs dataset.spread=1e308": "dataset.spread is 1e+308; it must be between 0 and 1e+06",
    "dataset=moons dataset.noise=1e308": "dataset.noise is 1e+308",
    "init=file init.path=pipe": "are no regular file",
    "init=normal init.std=nan": "init.std is nan, which is no finite number",
    "plugins=[[a]]": "it wants modules as Python imports them",
    "schedule.kind=every": "schedule.kind is recording.kind now",
}


@pytest.mark.parametrize("words", ODD)
def test_an_odd_word_is_answered_in_a_sentence(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    assert answer(["plan", *words.split()]) == 2
    message = capsys.readouterr().err
    assert message.startswith("Error: ")
    assert message.count("\n") == 1
    assert ODD[words] in message
