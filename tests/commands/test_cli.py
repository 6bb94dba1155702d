"""What a command answers: an exit code, and one message for whatever is wrong."""

import errno
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from lossbench.commands import cli
from lossbench.commands.cli import answer
from lossbench.commands.flags import LOOKS
from lossbench.commands.show import KINDS
from lossbench.errors import Failure, Stopped
from lossbench.registry import SHELVES, shelf

TINY = ["dataset=xor", "batch=null", "steps=5", "engine=serial"]
BAD = [
    ("optimzer.lr=1", "No setting is called 'optimzer.lr'. Did you mean 'optimizer.lr'?"),
    ("optimizer.lrr=1", "Did you mean 'optimizer.lr'? Known here: optimizer.lr, optimizer.momentum"),
    ("lr=1", "No setting is called 'lr'. Did you mean 'optimizer.lr'?"),
    ("loss=focl", "No loss is called 'focl'. Did you mean 'focal'? Known: "),
    ("loss=ce,focl", "No loss is called 'focl'. Did you mean 'focal'?"),
    ("loss.gamma=3", "No setting is called 'loss.gamma'. Known here: loss.link."),
    ("loss=null", "such as loss=ce"),
    ("loss.link=sigmod", "Did you mean 'sigmoid'? Known: auto, sigmoid, softmax."),
    ("experiment=demmo", "Did you mean 'demo'?"),
    ("demo", "Did you mean 'experiment=demo'? Settings are written KEY=VALUE"),
    ("seed=abc", "seed wants a whole number and got 'abc'."),
    ("seed=0,1.5", "seed wants a whole number and got 1.5."),
    ("seed=null", "seed wants a value and got null."),
    ("seed=-1", "seed is -1; it lies between 0 and"),
    ("seed=range(0)", "The sweep seed=range(0) names nothing."),
    ("seed=range(0,1,0)", "The sweep seed=range(0,1,0) cannot be read"),
    ("seed=glob(*)", "names nothing"),
    ("seed=interval(0,1)", "seed=interval(0,1) names no values."),
    ("seed=range(2000000)", "more than 1,000,000 runs"),
    ("seed=choice(1,", "'seed=choice(1,' cannot be read"),
    ("seed=${nothing}", "seed: Interpolation key 'nothing' not found."),
    ("optimizer.lr=-1", "optimizer.lr is -1; a learning rate is above 0."),
    ("optimizer.nesterov=maybe", "optimizer.nesterov wants true or false and got 'maybe'."),
    ("batch=5000", "batch is 5000 and digits has 1347 training examples. Possible: 1 to 1347, or null"),
    ("batch=[1]", "batch wants a whole number and got [1]."),
    ("model.hidden=32", "model.hidden wants a list and got 32."),
    ("model.hidden=[a]", "model.hidden[0] wants a whole number and got 'a'."),
    ("probes=[acuracy]", "No metric or probe is called 'acuracy'. Did you mean 'accuracy'?"),
    ("dataset=diabetes", "The loss 'cross_entropy' takes as targets shares, numbers from 0 to 1; those of 'diabetes'"),
    ("dataset=table", "has no value yet. Give it one: dataset."),
    ("study=a/b", "not a plain folder name. Not possible in it: '/'. Did you mean 'a_b'?"),
    ("study=ä-ü", "Only within double quotes are possible: 'ä' 'ü'. Did you mean 'study=\"ä-ü\"'?"),
    ("study=a,b", "study is one for a whole sweep, and this one names several: 'a', 'b'."),
    ("+extra=1", "No setting is called 'extra'."),
    ("~seed", "The setting 'seed' is gone"),
    ("plugins=[no_such_module]", "The plugin 'no_such_module' could not be imported"),
    ("hydra/sweeper=basic", "must stay lossbench"),
    ("hydra.verbose=1", "may be set here"),
    ("--config-name=none", "There is no config called 'none'"),
    ("--config-dir=none", "'none', which is no folder"),
    ("--sede=3", "No such option"),
]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("word", "message"), BAD)
def test_bad_input_is_one_message_and_writes_nothing(word: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["run", word]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert message in said.err
    assert re.match(r"Error: |Usage: ", said.err)
    assert "Traceback" not in said.err
    assert not list(Path.cwd().iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], "No such command 'rnu'"),
        (["show", "loses"], "'losses'"),
        (["show", "losses", "focl"], "No loss is called 'focl'. Did you mean 'focal'?"),
        (["show", "losses", "--plugin", "nothing_there"], "The plugin 'nothing_there' could not be imported"),
        (["report"], "Missing argument"),
        (["report", "results/none"], "No study is called 'results/none'. Known: none."),
        (["report", "."], "is no lossbench study"),
        (["run", "loss=ce,mse", "--cfg", "job"], "--cfg shows one run, and loss=ce,mse names several"),
        (["run", "--cfg", "job", "-p", "nothing"], "'nothing' not found"),
    ],
)
def test_a_senseless_command_is_one_message(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(arguments) == 2
    assert message in capsys.readouterr().err


def test_the_nearest_study_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("results/demo").mkdir(parents=True)
    Path("results/demo/study.json").write_text("{}")
    assert answer(["report", "demo"]) == 2
    assert "Did you mean 'results/demo'?" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (Failure("the disk is full"), 1, "Error: the disk is full"),
        (OSError(errno.ENOSPC, "No space left on device", "x"), 1, "No space left on device (x). What was stored is kept."),
        (MemoryError(), 1, "not enough memory"),
        (KeyboardInterrupt(), 130, "Interrupted. What was stored is kept. Continue with: lossbench run dataset=xor"),
        (Stopped("Stopped; 3 runs trained."), 130, "Stopped; 3 runs trained. Continue with: lossbench run dataset=xor"),
    ],
)
def test_what_stops_a_run_is_told_in_a_sentence(
    raised: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: Any) -> None:
        raise raised

    monkeypatch.setattr("lossbench.execution.executor.run_plan", stop)
    assert answer(["run", *TINY]) == code
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_run_plan_and_report_tell_one_story(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*TINY, "loss=ce,mse", "seed=range(3)", "study=tiny"]
    assert answer(["plan", *words]) == 0
    planned = capsys.readouterr().out
    assert "results/tiny: 6 runs, 0 stored, 6 to train" in planned
    assert re.search(r"About \S+ s of training on one core", planned)
    assert not Path("results").exists()
    assert answer(["run", *words]) == 0
    assert capsys.readouterr().out == "Next: lossbench report results/tiny\n"
    assert {path.name for path in Path.cwd().iterdir()} == {"results"}, "Hydra writes nothing of its own"
    assert answer(["plan", *words, "seed=range(4)"]) == 0
    assert "results/tiny: 8 runs, 6 stored, 2 to train" in capsys.readouterr().out
    (kept,) = Path("results/tiny/invocations").glob("*.json")
    config = json.loads(kept.read_text())["config"]
    assert config["seed"] == {"swept": [0, 1, 2]}
    assert config["loss"]["word"] == {"swept": ["cross_entropy", "half_squared_error"]}
    assert config["model"]["hidden"] == [32]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["--cfg", "job", "optimizer.lr=3", "-p", "optimizer"], "lr: 3.0"),
        (["-c", "hydra"], "grids: null"),
        (["--cfg", "job", "--resolve", "study='s${seed}'"], "study: s0"),
        (["--info", "searchpath"], "structured://"),
        (["--info", "defaults", "loss=mse"], "loss/mse"),
        (["--hydra-help"], "== Flags =="),
    ],
)
def test_hydras_flags_look_and_do_nothing(arguments: list[str], printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["run", *arguments]) == 0
    assert printed in capsys.readouterr().out
    assert not list(Path.cwd().iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("lossbench r", "report reproduce run"),
        ("lossbench run loss=hal", "loss=half_squared_error"),
        ("lossbench run loss=ce,mse optimizer.mom", "optimizer.momentum="),
        ("lossbench plan exper", "experiment="),
        ("lossbench report re", ""),
    ],
)
def test_a_line_is_completed(
    line: str, completed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMP_LINE", line)
    assert answer(["-sc", "query=bash"]) == 0
    assert capsys.readouterr().out.strip() == completed


def test_completion_installs_itself_for_the_program(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMP_LINE", raising=False)
    monkeypatch.setattr(sys, "argv", ["lossbench", "-sc", "install=bash"])
    assert answer(["-sc", "install=bash"]) == 0
    assert capsys.readouterr().out.strip().endswith("-F hydra_bash_completion lossbench")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_show_lists_everything_and_then_each_in_full(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["show", kind]) == 0
    listed = capsys.readouterr().out
    noun = {plural: noun for noun, plural in SHELVES.items()}.get(kind)
    for word, cls in shelf(noun).items() if noun else ():
        first, *_, last = [*str(inspect.getdoc(cls)).splitlines() * 2]
        assert re.search(rf"^ {word} +{re.escape(first[:30])}", listed, re.MULTILINE), word
        assert answer(["show", kind, word]) == 0
        assert last[:40] in capsys.readouterr().out
    for word in re.findall(r"^ (\w+)  ", listed, re.MULTILINE)[1:]:
        assert answer(["show", kind, word]) == 0


def test_show_tells_options_with_their_values_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["show", "losses", "focal"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"gamma +number +2\.0", said)
    assert re.search(r"link +auto \| sigmoid \| softmax +auto", said)
    assert "lossbench/losses/" in said
    assert answer(["show", "losses", "mse"]) == 0
    assert "lossbench show losses half_squared_error" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    program = """
        import sys
        from lossbench.commands.cli import answer, commands
        assert {answer([*command, "--help"]) for command in ([], *([name] for name in commands.commands))} == {0}
        print({"torch", "numpy", "hydra", "omegaconf", "pandas", "matplotlib", "rich", "sklearn"} & set(sys.modules))
    """
    done = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=True)
    assert "Usage: lossbench run" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"


def test_flags_that_look_are_flags() -> None:
    names = {parameter.name for parameter in cli.commands.commands["run"].params}
    assert set(LOOKS) < names


@pytest.mark.slow
def test_a_device_that_is_not_there_is_refused_before_anything_is_written(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for command in ("run", "plan"):
        assert cli.answer([command, "engine=cuda", "dataset=iris"]) == 2
        assert "sees no CUDA device here. Possible: engine.device=cpu" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_what_was_typed_is_kept_with_its_flags(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "mine" / "experiment"
    own.mkdir(parents=True)
    (own / "short.yaml").write_text("# @package _global_\nstudy: short\nepochs: 1\ndefaults:\n  - override /dataset: iris\n")
    assert cli.answer(["run", "--config-dir", "mine", "experiment=short"]) == 0
    (kept,) = (tmp_path / "results" / "short" / "invocations").glob("*.json")
    assert "--config-dir=mine" in kept.read_text(encoding="utf-8")
