"""Training from Python is the command line with other punctuation."""

import html
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

import lossbench as lb
from lossbench.commands.cli import answer
from lossbench.config.python_settings import python_sweep
from lossbench.errors import BadInput
from lossbench.planning.plan import make_plan
from lossbench.registry import SHELVES, shelf

TINY = {"dataset": "xor", "batch": None, "steps": 4, "engine": "serial"}
TYPED = ["dataset=xor", "batch=null", "steps=4", "engine=serial"]
PER_CALL = ["seconds", "invocation"]  # what two calls of the same runs may differ in


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ids(**settings: object) -> list[str]:
    return [run.id for run in make_plan(python_sweep({**TINY, **settings}).points).runs]


@pytest.mark.slow
def test_python_stores_what_the_command_with_the_same_words_stores() -> None:
    words = [*TYPED, "loss=ce,mse", "init=gentle,saturated", "model.hidden=[3],[3,2]", "seed=range(2)", "study=one"]
    assert answer(["run", *words]) == 0
    study = lb.run(
        **TINY,
        loss=["ce", "mse"],
        init=["gentle", "saturated"],
        model={"hidden": [(3,), (3, 2)]},
        seed=range(2),
        study="one",
        results="python",
    )
    typed = lb.open("results/one")
    assert study.folder.absolute() == Path("python/one").absolute()
    pd.testing.assert_frame_equal(study.runs.drop(columns=PER_CALL), typed.runs.drop(columns=PER_CALL))
    pd.testing.assert_frame_equal(study.records, typed.records)
    kept = [sorted((folder / "invocations").iterdir()) for folder in (study.folder, typed.folder)]
    assert [path.read_bytes() for path in kept[0]] == [path.read_bytes() for path in kept[1]]


@pytest.mark.slow
def test_a_loss_is_one_run_however_it_is_given() -> None:
    wanted = ids(loss={"word": "focal", "gamma": 3})
    assert ids(loss=lb.losses.Focal(gamma=3)) == wanted
    assert ids(loss=[lb.losses.Focal(gamma=3.0)]) == wanted
    assert ids(loss=[{"word": "focal", "gamma": 3}]) == wanted
    assert ids(loss="focal", **{"loss.gamma": 3}) == wanted
    assert ids(loss=lb.losses.Focal) == ids(loss="focal") != wanted
    assert ids(loss=["ce", lb.losses.Focal(gamma=3)]) == [*ids(loss="ce"), *wanted]


@pytest.mark.slow
def test_lists_are_swept_and_tuples_are_values() -> None:
    assert len(ids(loss=["ce", {"word": "focal", "gamma": [1, 2]}], seed=range(1, 7, 2), model={"hidden": (3, 2)})) == 9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"los": "ce"}, "Did you mean 'loss'"),
        ({"loss": []}, "a sweep that names nothing"),
        ({"loss": 3}, "loss is 3"),
        ({"loss": lb.inits.Glorot()}, "loss is Glorot, which is of another kind: init"),
        ({"seed": {1, 2}}, "Possible: a number"),
        ({"loss": lb.losses.Focal(), "loss.gamma": 2}, "give the option to the objects"),
        ({"loss": "ce,mse"}, "No loss is called 'ce,mse'"),
        ({"study": "a b"}, "not a plain folder name"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        lb.run(**{**TINY, **settings})


@pytest.mark.slow
def test_a_string_arrives_as_it_is_whatever_hydra_reads_in_it() -> None:
    for text in ("null", "1", "a'b", "a\\'b", "x,y", "${seed}", ""):
        (point,) = python_sweep({"study": text.replace("$", "§")}).points
        assert point["study"] == text.replace("$", "§")


@pytest.mark.slow
def test_a_study_reports_and_shows_itself() -> None:
    study = lb.run(**TINY, loss=["ce", "mse"], study="shown", recording={"points": 3}, probes=("loss", "gradient_norms"))
    assert set(study.records["run"]) == set(study.runs["run"])
    assert "shown</b>: 2\N{NO-BREAK SPACE}runs, 2\N{NO-BREAK SPACE}losses, 1\N{NO-BREAK SPACE}data set, 1" in study._repr_html_()
    assert study.report().read_text().startswith("<!")
    assert "report.html" in study._repr_html_()


@pytest.mark.slow
def test_the_report_of_objects_shows_a_command_that_makes_the_runs_or_says_that_python_made_them() -> None:
    study = lb.run(**TINY, loss=lb.losses.Focal(gamma=3), model=lb.models.MLP(hidden=(3, 2)), study="typed")
    command = re.search(r"<pre>lossbench (run .*)</pre>", study.report().read_text())
    assert command
    assert len(lb.open("results/typed").runs) == 1
    assert answer(shlex.split(html.unescape(command[1]))) == 0
    assert len(lb.open("results/typed").runs) == 1, "the command names the same run"
    mixed = lb.run(**TINY, loss=["ce", lb.losses.Focal(gamma=3)], study="mixed").report().read_text()
    assert "lossbench.run(…) in Python, with" in mixed


@pytest.mark.slow
def test_opening_a_study_needs_no_torch() -> None:
    lb.run(**TINY, study="light")
    program = "import sys, lossbench; print(len(lossbench.open('results/light').records) > 0, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.slow
def test_a_folder_that_is_no_study_is_not_opened() -> None:
    with pytest.raises(BadInput, match="is no lossbench study"):
        lb.open("results/none")


SCRIPT = """
from dataclasses import dataclass
from typing import Literal
import lossbench as lb

@dataclass(frozen=True, kw_only=True)
class Cubic(lb.Loss):
    '''A cube.'''
    link: Literal["sigmoid"] = "sigmoid"
    def value(self, z, y):
        return ((self.link_function.value(z) - y).abs() ** 3).sum(-2)

settings = {"dataset": "xor", "batch": None, "steps": 4, "study": "scripted", "engine": {"executor": "loky"}}
study = lb.run(**settings, loss=["ce", Cubic()], seed=range(2))
print(sorted(set(study.runs["loss"])))
"""


@pytest.mark.slow
def test_a_class_of_a_script_is_trained_and_verify_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=False)
    assert done.stdout == "['cross_entropy', 'cubic']\n", done.stderr
    assert answer(["verify", "results/scripted", "--all"]) == 2
    said = capsys.readouterr().err
    assert "the loss 'cubic'" in said
    assert "A script or notebook defined it" in said


@pytest.mark.slow
@pytest.mark.parametrize("noun", SHELVES)
def test_every_class_is_found_by_name_on_its_shelf(noun: str) -> None:
    for cls in shelf(noun).values():
        if cls.__module__.startswith("lossbench."):
            assert getattr(getattr(lb, SHELVES[noun]), cls.__name__) is cls
    with pytest.raises(AttributeError, match="has no class 'Focale'"):
        _ = getattr(lb, SHELVES[noun]).Focale


@pytest.mark.slow
def test_an_audit_gives_the_card_of_a_loss() -> None:
    card = lb.audit(lb.losses.Focal(gamma=3), link="softmax")
    assert (card.link, card.refused) == ("softmax", "")
    assert "gamma=3" in card.title
    assert lb.audit("half_squared_error,link=identity").link == "identity"
    assert lb.audit(torch.nn.SmoothL1Loss(beta=2.0)).title == "torch.nn.modules.loss:SmoothL1Loss(beta=2.0)"
    with pytest.raises(BadInput, match="has no path that another process could import"):
        lb.audit(lambda z, y: z - y)  # type: ignore[no-any-return]
