"""Experiments run again: trained once, judged from what is stored, and honest about what went wrong."""

from concurrent.futures import Future
from pathlib import Path
from textwrap import dedent

import pytest

from lossbench.commands.cli import answer
from lossbench.execution.executors.protocol import WorkerKilled

CONFIG = """\
    # @package _global_
    # One neuron
    study: {name}
    defaults:
      - override /model: neuron
      - override /dataset: {dataset}
      - override /optimizer: full_batch
    steps: 20
    dtype: float64
    hydra:
      sweeper:
        params:
          loss: ce,mse
          init.bias: 2
"""
CLAIMS = """\
    title: One neuron
    claims:
      - claim: Cross entropy begins with a larger gradient
        source: anybody
        place: anywhere
        measured:
          scores:
            ce: {{of: {{loss: ce}}, column: output_gradient, score: first}}
            mse: {{of: {{loss: mse}}, column: {column}, score: first}}
          value: ce / mse
        published: "> 1"
        tolerance: 0
        verdict: {verdict}
"""


def experiment(name, verdict="holds", column="output_gradient", dataset="neuron"):
    """An experiment's words and claims, in the folder that is current."""
    config, claims = Path("conf/experiment") / f"{name}.yaml", Path("experiments") / name / "claims.yaml"
    for path, text in (
        (config, CONFIG.format(name=name, dataset=dataset)),
        (claims, CLAIMS.format(column=column, verdict=verdict)),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))


@pytest.fixture
def _alone(tmp_path, monkeypatch):
    """An empty folder, and no experiments but its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lossbench.claims.experiments.experiment_folders", lambda: (Path("experiments"),))


pytestmark = pytest.mark.usefixtures("_alone")


def reproduce(*words):
    return answer(["reproduce", "--config-dir", "conf", *words])


def parts(name="one"):
    return {path.name: path.read_bytes() for path in Path("results", name).glob("runs/*")}


@pytest.mark.slow
def test_a_recorded_verdict_that_comes_again_is_code_0_and_one_that_changed_is_code_1(capsys):
    experiment("one")
    experiment("two", verdict="differs")
    assert reproduce("one") == 0
    assert "one: 1 holds" in capsys.readouterr().out
    assert reproduce("--all") == 1
    said = capsys.readouterr().out
    assert "recorded: differs" in said
    assert "two: 1 holds, not as recorded" in said


@pytest.mark.slow
def test_what_is_stored_is_not_trained_again(capsys):
    experiment("one")
    assert reproduce("one") == 0
    before = parts()
    capsys.readouterr()
    assert reproduce("one") == 0
    assert "nothing to train" in capsys.readouterr().err
    assert parts() == before


@pytest.mark.slow
def test_the_report_carries_the_verdicts_and_is_drawn_again_without_training():
    experiment("one")
    assert reproduce("one") == 0
    page = Path("results/one/report.html")
    written = page.read_bytes()
    assert b"Claims and verdicts" in written
    page.unlink()
    assert answer(["report", "results/one"]) == 0
    assert page.read_bytes() == written
    assert "Cross entropy begins" in Path("results/one/tables/claims.csv").read_text()


@pytest.mark.slow
def test_a_claim_that_cannot_be_measured_does_not_stop_the_others(capsys):
    experiment("one", column="nothing_such")
    experiment("two")
    assert reproduce("--all") == 2
    said = capsys.readouterr().out
    assert "No recorded quantity is called 'nothing_such'" in " ".join(said.split())
    assert "one: 1 not judged" in said
    assert "two: 1 holds" in said


@pytest.mark.slow
def test_data_that_cannot_be_had_are_said_and_the_other_experiments_go_on(capsys, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_DATA", "nowhere")
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *_, **__: (_ for _ in ()).throw(OSError("no network")))
    experiment("one", dataset="mnist")
    experiment("two")
    assert reproduce("--all") == 2
    said = capsys.readouterr()
    assert "one: MNIST is not here" in said.err
    assert "two: 1 holds" in said.out


@pytest.mark.slow
def test_edited_records_are_refused_and_left_as_they_are(capsys):
    experiment("one")
    assert reproduce("one") == 0
    edited = next(Path("results/one/runs").iterdir())
    edited.write_bytes(edited.read_bytes()[:-1] + b"x")
    before = parts()
    assert reproduce("one") == 2
    assert "truncated or altered" in capsys.readouterr().err
    assert parts() == before


def killed(*_):
    future = Future()
    future.set_exception(WorkerKilled())
    return future


@pytest.mark.slow
def test_a_killed_training_says_what_is_lost_and_how_to_go_on(capsys, monkeypatch):
    experiment("one")
    monkeypatch.setattr("lossbench.execution.executors.serial.Serial.submit", killed)
    assert reproduce("one", "--results", "anew") == 2
    said = capsys.readouterr().err
    assert "2 runs not stored, everything else is. The same command trains what is missing." in said


@pytest.mark.slow
def test_results_of_another_format_are_refused(capsys):
    experiment("one")
    assert reproduce("one") == 0
    Path("results/one/study.json").write_text('{"format": 99, "name": "one"}')
    assert reproduce("one") == 2
    assert "a study of format 99" in capsys.readouterr().err


@pytest.mark.slow
def test_runs_that_the_experiment_does_not_name_are_refused(capsys):
    experiment("one")
    assert reproduce("one") == 0
    config = Path("conf/experiment/one.yaml")
    config.write_text(config.read_text().replace("init.bias: 2", "init.bias: 3"))
    assert reproduce("one") == 2
    assert "2 of 2 runs that the experiment does not name" in capsys.readouterr().err
    assert reproduce("one", "--results", "anew") == 0


@pytest.mark.slow
def test_an_experiment_writes_into_its_own_study(capsys):
    experiment("one")
    config = Path("conf/experiment/one.yaml")
    config.write_text(config.read_text().replace("study: one", "study: other"))
    assert reproduce("one") == 2
    assert "says study: other" in capsys.readouterr().err
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["on"], "No experiment with claims is called 'on'. Did you mean 'one'? Known: one."),
        ([], "Which experiments? Name some, or say --all"),
        (["one", "--all"], "Which experiments?"),
    ],
)
def test_a_name_that_nobody_knows_gets_the_nearest(words, said, capsys):
    experiment("one")
    assert reproduce(*words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_the_list_tells_recorded_verdicts_and_stored_runs(capsys):
    experiment("one")
    experiment("two", verdict="within scatter")
    assert reproduce("one") == 0
    capsys.readouterr()
    assert reproduce("--list") == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip().startswith(("one", "two"))]
    assert [row[0] for row in rows] == ["one", "two"]
    assert [row[-5:] for row in rows] == [["1", "–", "–", "–", "2"], ["–", "–", "1", "–", "0"]]


@pytest.mark.slow
def test_claims_that_cannot_be_read_do_not_stop_the_others(capsys):
    experiment("one")
    experiment("two", verdict="hold")
    assert reproduce("--all") == 2
    said = capsys.readouterr()
    assert "one: 1 holds" in said.out
    assert "No verdict is called 'hold'. Did you mean 'holds'?" in said.err
    assert reproduce("--list") == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "One neuron" in listed
    assert "No verdict is called 'hold'" in listed
