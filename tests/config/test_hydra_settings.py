"""A config that somebody sent is data: of Hydra's own settings it may set the sweep, and nothing that Hydra acts on."""

from pathlib import Path

import pytest

from lossbench.config.compose import compose
from lossbench.config.looks import inspect
from lossbench.errors import BadInput

LOG = "{handlers: {h: {class: logging.FileHandler, filename: victim.txt, mode: w}}, root: {handlers: [h]}, version: 1}"
FILES = {
    "a log file of Hydra's": f"hydra: {{hydra_logging: {LOG}}}",
    "a log file of the job's": f"hydra: {{job_logging: {LOG}}}",
    "a callback": "hydra: {callbacks: {c: {_target_: os.truncate, path: victim.txt, length: 0}}}",
    "a launcher": "hydra: {launcher: {_target_: os.truncate, path: victim.txt, length: 0}}",
    "a sweeper": "hydra: {sweeper: {_target_: os.truncate, path: victim.txt, length: 0}}",
    "another folder": "hydra: {run: {dir: elsewhere}}",
    "another sweep folder": "hydra: {sweep: {dir: elsewhere, subdir: deeper}}",
    "variables of the environment": "hydra: {job: {env_set: {PATH: victim.txt}}}",
    "a name of the job": "hydra: {job: {name: other}}",
    "output": "hydra: {output_subdir: elsewhere}",
    "a class to instantiate": "loss: {_target_: os.truncate, path: victim.txt, length: 0}",
    "a sweep by another name": "hydra: {sweeper: {paramsX: {loss: ce}}}",
    "a mapping to instantiate": "loss: {_target_: {a: 1}}",
    "a factory": "model: {(): os.truncate, path: victim.txt, length: 0}",
}
WORDS = (
    "hydra.hydra_logging.root.level=DEBUG",
    "+hydra.callbacks.c._target_=os.truncate",
    "hydra/hydra_logging=default",
    "hydra/job_logging=default",
    "hydra/launcher=basic",
    "hydra/sweeper=basic",
    "hydra.sweeper._target_=os.truncate",
    "hydra.run.dir=elsewhere",
    "hydra.searchpath=[file:///elsewhere]",
    "hydra.mode=RUN",
    "+hydra.sweeper.paramsX=1",
    "~hydra.job_logging",
)


@pytest.fixture
def victim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that somebody's config would overwrite, in the folder where the command is given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs" / "experiment").mkdir(parents=True)
    path = tmp_path / "victim.txt"
    path.write_text("precious")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_an_experiment_that_sets_what_hydra_acts_on_is_refused_and_touches_nothing(name: str, victim: Path) -> None:
    (victim.parent / "theirs" / "experiment" / "evil.yaml").write_text(f"# @package _global_\n{FILES[name]}\n")
    before = sorted(victim.parent.iterdir())
    for ask in (lambda: compose(["experiment=evil"], ["--config-dir=theirs"]), look):
        with pytest.raises(BadInput, match=r"The config sets|hydra/sweeper must stay|No setting is called"):
            ask()
    assert victim.read_text() == "precious"
    assert sorted(victim.parent.iterdir()) == before


def look() -> None:
    """What --cfg would print of the same config."""
    inspect(["experiment=evil"], ["--cfg=job", "--config-dir=theirs"])


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_sets_what_hydra_acts_on_is_refused(word: str, victim: Path) -> None:
    with pytest.raises(BadInput, match=r"may be set here|hydra/sweeper must stay"):
        compose([word, "loss=ce"])
    assert victim.read_text() == "precious"


@pytest.mark.slow
def test_a_sweep_may_be_set_in_a_file_and_by_words(victim: Path) -> None:
    sweep = "# @package _global_\nhydra: {sweeper: {params: {loss: 'ce,mse'}, grids: [{seed: 'range(2)'}, {seed: '7'}]}}\n"
    (victim.parent / "theirs" / "experiment" / "fair.yaml").write_text(sweep)
    assert len(compose(["experiment=fair"], ["--config-dir=theirs"])) == 6
    assert len(compose(["+hydra.sweeper.params.seed='1,2,3'"])) == 3


def test_a_config_folder_that_is_none_is_told(victim: Path) -> None:
    with pytest.raises(BadInput, match="'nowhere', which is no folder"):
        compose(["loss=ce"], ["--config-dir=nowhere"])
