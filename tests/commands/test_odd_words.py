"""Words that ask for too much, or for what is no file, are answered in a sentence with exit code 2."""

import os
from pathlib import Path

import pytest

from lossbench.commands.cli import answer

ODD = {
    "model.hidden=[99999999999999999999]": "every width must lie between 1 and 1,000,000",
    "dataset=blobs dataset.spread=1e308": "dataset.spread is 1e+308; it must be between 0 and 1e+06",
    "dataset=moons dataset.noise=1e308": "dataset.noise is 1e+308",
    "init=file init.path=pipe": "no regular file",
    "init=normal init.std=nan": "init.std is nan, which is no finite number",
    "plugins=[[a]]": "it wants modules as Python imports them",
    "loss=[ce,mse]": "loss is chosen by name. Did you mean loss='ce,mse', which is a run with each?",
    "loss=ce, mse": "loss=ce, mse has spaces in it, and a setting has none. Did you mean 'loss=ce,mse'?",
    "dataset=xor loss = ce": "Did you mean 'loss=ce'?",
    "loss=ce,": "'loss=ce,' ends in a comma. Several values are written without spaces",
    "seed=[0,1]": "seed wants a whole number and got [0, 1]. A run with each is seed=0,1.",
    "seed=shuffle(range(10000000000000))": "more than 1,000,000 runs",
    "seed=range(0,1,0.00000000000001)": "more than 1,000,000 runs",
    "dataset=xor batch=null recording.points=100000000 steps=2147483647": "a run is recorded at 1,000,000 steps at most",
    "dataset=xor batch=null recording.kind=every steps=2147483647": "2,147,483,647 steps; 1,000,000 of them can be",
    "--config-dir=theirs experiment=pipe": "theirs/experiment/pipe.yaml cannot be read as YAML: it is no regular file",
    "schedule.kind=every": "schedule.kind is recording.kind now",
}


@pytest.mark.slow
@pytest.mark.parametrize("words", ODD)
def test_an_odd_word_is_answered_in_a_sentence(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("theirs/experiment").mkdir(parents=True)
    os.mkfifo("theirs/experiment/pipe.yaml")
    assert answer(["plan", *words.split()]) == 2
    message = capsys.readouterr().err
    assert message.startswith("Error: ")
    assert message.count("\n") == 1
    assert ODD[words] in message
