"""`lossbench explain`: what a study has, in a sentence with its proof, and twins that are trained once."""

import json
from pathlib import Path

import pytest

from lossbench.commands.cli import answer
from lossbench.diagnosis.rendering import read_explanations

SLOW = ["dataset=iris", "model.hidden=[8]", "model.activation=tanh", "batch=16", "steps=200", "engine=serial", "study=s"]


@pytest.mark.slow
def test_a_rate_too_small_is_named_with_its_proof_and_nothing_is_trained_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert answer(["run", *SLOW, "optimizer.lr=0.0003,0.3", "seed=range(3)"]) == 0
    assert answer(["explain", "results/s"]) == 0
    first = capsys.readouterr()
    assert "Learning rate too small: in 200\N{NO-BREAK SPACE}steps the weights move" in first.out
    assert "1 of 2\N{NO-BREAK SPACE}groups of runs is healthy." in first.out
    explanations = Path("results/s/explained/explanations.json")
    stored = explanations.read_bytes()
    assert [row["answer"] for row in read_explanations(Path("results/s"))] == ["learning rate too small", "healthy"]
    ailing = json.loads(stored)[0]
    assert ailing["group"].endswith("(3\N{NO-BREAK SPACE}runs, the worst 2 examined)")
    twin = ailing["causes"][0]["twin"]
    assert twin["gain"] > 0.1
    assert [run["run"] for run in twin["originals"]] == ailing["examined"]
    assert answer(["explain", "results/s", "--json"]) == 0
    again = capsys.readouterr()
    assert again.out.encode() == stored == explanations.read_bytes()
    assert "trained in" not in again.err


@pytest.mark.slow
def test_the_squared_error_of_saturated_outputs_is_named_and_cross_entropy_from_the_same_start_is_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [
        "dataset=digits",
        "loss=ce,mse",
        "loss.link=sigmoid",
        "init=saturated",
        "optimizer.lr=0.3",
        "epochs=5",
        "seed=range(2)",
    ]
    assert answer(["run", *words, "engine=serial", "study=s"]) == 0
    assert answer(["explain", "results/s"]) == 0
    assert [row["answer"] for row in read_explanations(Path("results/s"))] == ["healthy", "outputs saturated on the wrong side"]
    assert "of the error at the outputs (under the bound of 0.125)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "message"), [("nothing", "No study is called 'nothing'"), (".", ". is no lossbench study: it has no study.json")]
)
def test_what_is_no_study_is_refused(
    path: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert answer(["explain", path]) == 2
    assert message in capsys.readouterr().err
