"""What a config may say: every class is an option, and every file in conf/ composes."""

import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from lossbench import registry
from lossbench.config import schema
from lossbench.config.compose import compose
from lossbench.config.schema import GROUPS, Config, presets
from lossbench.config.structured import is_wrapper, twin
from lossbench.errors import BadInput
from lossbench.planning.plan import SHARED, TrainingOptions, make_plan
from lossbench.registry import find, shelf

CLASSES = [(noun, word) for noun in GROUPS for word, cls in shelf(noun).items() if not is_wrapper(cls)]
ASKED = {
    ("dataset", "table"): ["dataset.path=x.csv", "dataset.target=y"],
    ("dataset", "in_memory"): ["dataset.content=0123456789abcdef", "dataset.target=y"],
    ("dataset", "images"): ["dataset.path=pictures"],
    ("init", "file"): ["init.path=x.npz"],
    ("model", "embedding_bag"): ["model.categories=4"],
    ("model", "module"): ["model.path=nets:make"],
}
CE, MSE = "cross_entropy", "half_squared_error"
PLUGIN = """
    from dataclasses import dataclass
    from lossbench.interfaces import Loss

    @dataclass(frozen=True, kw_only=True)
    class Flat(Loss):
        \"\"\"No loss at all.\"\"\"

        link: str = "softmax"
        height: float = 1.0

        def value(self, z, y):
            return self.height + 0 * z.sum(-2)
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A loss of the user's own in the folder where the command is given."""
    (tmp_path / "flat_losses.py").write_text(dedent(PLUGIN))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "flat_losses"
    sys.modules.pop("flat_losses", None)
    registry._classes["loss"].pop("flat", None)
    ConfigStore.instance().repo["loss"].pop("flat.yaml", None)


@pytest.mark.parametrize(("noun", "word"), CLASSES)
def test_an_option_by_itself_is_its_class_with_the_same_defaults(noun: str, word: str) -> None:
    cls = find(noun, word)
    options = OmegaConf.to_container(OmegaConf.structured(twin(cls, word)))
    assert isinstance(options, dict)
    assert options.pop("word") == word
    required = {field.name for field in fields(cls) if field.default is MISSING and field.default_factory is MISSING}
    assert {name for name, value in options.items() if value == "???"} == required
    if not required:
        assert cls.build(options) == cls()


@pytest.mark.slow
def test_every_option_of_every_group_composes() -> None:
    for noun in GROUPS:
        words = [*presets(noun), *(word for group, word in CLASSES if group == noun and (group, word) not in ASKED)]
        points = compose([f"{noun}={','.join(words)}"])
        assert [point[noun]["word"] for point in points][-len(words) + len(presets(noun)) :] == words[len(presets(noun)) :]


@pytest.mark.slow
@pytest.mark.parametrize("asked", ASKED)
def test_an_option_that_asks_for_something_composes_once_it_has_it(asked: tuple[str, str]) -> None:
    noun, word = asked
    with pytest.raises(BadInput, match="has no value yet"):
        compose([f"{noun}={word}"])
    assert compose([f"{noun}={word}", *ASKED[asked]])[0][noun]["word"] == word


@pytest.mark.slow
@pytest.mark.parametrize("engine", presets("engine"))
def test_every_engine_composes(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert make_plan(compose([f"engine={engine}"])).resources.device in {"cpu", "cuda"}


def test_every_preset_says_in_its_first_comment_what_it_is() -> None:
    for group in schema.PRESET_GROUPS:
        for path in presets(group).values():
            beginning = path.read_text(encoding="utf-8").splitlines()[:2]
            assert any(line.startswith("# ") and "@package" not in line for line in beginning), path


def test_the_schema_has_every_setting_that_a_plan_reads_and_no_other() -> None:
    assert {field.name for field in fields(Config)} == {*GROUPS, *SHARED, *(field.name for field in fields(TrainingOptions))}


@pytest.mark.slow
def test_a_plugin_is_an_option_at_once(plugin: str) -> None:
    points = compose([f"plugins=[{plugin}]", "loss=flat", "loss.height=1,2"])
    assert [point["loss"] for point in points] == [{"word": "flat", "link": "softmax", "height": h} for h in (1.0, 2.0)]


@pytest.mark.slow
def test_an_experiment_may_name_its_plugins(plugin: str, tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    lines = ["# @package _global_", "# Nothing is learnt", "defaults:", "  - override /loss: flat", f"plugins: [{plugin}]"]
    (tmp_path / "experiment" / "idle.yaml").write_text("\n".join(lines))
    (point,) = compose(["experiment=idle"], [f"--config-dir={tmp_path}"])
    assert (point["loss"]["word"], point["plugins"]) == ("flat", [plugin])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sweeper", "words", "expected"),
    [
        ("{params: {seed: 'range(2)', loss: 'ce,mse'}}", [], [(0, CE), (0, MSE), (1, CE), (1, MSE)]),
        ("{params: {seed: 'range(2)'}}", ["seed=7"], [(7, CE)]),
        ("{grids: [{loss: ce, seed: '1,2'}, {loss: mse, seed: 3}]}", [], [(1, CE), (2, CE), (3, MSE)]),
        ("{grids: [{loss: ce, seed: '1,2'}, {loss: mse, seed: 3}]}", ["seed=5"], [(5, CE), (5, MSE)]),
        ("{params: {seed: 4}, grids: [{loss: ce}, {loss: mse, seed: 3}]}", [], [(4, CE), (3, MSE)]),
        ("{params: {seed: '${dataset.seed}', dataset.seed: '8,9'}}", [], [(8, CE), (9, CE)]),
    ],
)
def test_a_sweep_in_a_file_is_the_union_of_its_grids(sweeper: str, words: list[str], expected: list[Any], tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "swept.yaml").write_text(f"# @package _global_\n# A sweep\nhydra: {{sweeper: {sweeper}}}\n")
    points = compose(["experiment=swept", *words], [f"--config-dir={tmp_path}"])
    assert sorted((point["seed"], point["loss"]["word"]) for point in points) == sorted(expected)
