"""The points of a sweep are what Hydra itself composes, run by run."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import MISSING, DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from lossbench.config.schema import register
from lossbench.config.sweep import expand
from lossbench.errors import BadInput
from lossbench.folders import conf_folder

Points = list[dict[str, Any]]
REFUSALS = (BadInput, HydraException, OmegaConfBaseException, ValueError, TypeError)
FILES = {
    "menu": "defaults: [menu_schema, _self_, drink: tea, dish: soup, extra: null, override hydra/sweeper: lossbench]\n"
    "name: plain\nalias: ${nested}",
    "dish/soup": "{size: 3, heat: 0.5, parts: [1, 2], of: '${drink.kind}'}",
    "dish/cake": "{size: 9, heat: 1.5, layers: {upper: jam, lower: '${dish.size}'}}",
    "dish/feast": "# @package _global_\ndefaults: [/dish/cake@dish, override /drink: wine, _self_]\ncount: 7",
    "drink/tea": "{kind: green, cups: 2}",
    "drink/wine": "{kind: red, cups: '${count}', year: '???'}",
    "extra/salt": "{grams: 1}",
    "extra/pepper": "{grams: 2, of: '${dish.size}'}",
    "extra/mixed": "{defaults: [salt, pepper, _self_], more: true}",
    "pair/cake_pepper": "{odd: true}",
    "paired": "defaults: [menu_schema, _self_, drink: tea, dish: soup, extra: null, optional pair: '${dish}_${extra}', "
    "override hydra/sweeper: lossbench]\nname: plain",
}
WORDS = (
    r"""
dish=soup | dish=cake | dish=soup,cake | dish=feast,soup | dish=glob(*a*) | drink=tea,wine | drink=wine | extra=salt
dish=pie | drink.year=1990,1991 | drink.kind=x,y | drink.kind='${name}' | drink.cups=3 | dish.of=z
dish.parts=[1],[2,3] | dish.parts.0=5,6 | dish.size=1,2 | dish.heat='${share}',2 | dish.layers={upper:1}
dish.layers.upper='${drink.cups}' | dish.layers.lower=4 | dish.layers=null | count=range(3) | count=range(4,0,-2)
count=sort(3,1,2) | count=shuffle(1,2,3) | count=int(1.5) | count='7' | count=abc | count=1.5 | count=null
count=true,0 | count='${more}' | more='${count}' | more=3,4 | count=range(0) | ~count | ++count=3 | +count=2
share=0.03,0.3 | share=1 | share=range(0.1,0.4,0.1) | share=1e-3,inf | share='${count}' | share=choice(0.5)
share=[1] | share=x | flag=true,false | flag=null,yes | flag=1 | name=plain | name='a b',"c,d" | name='a${count}'
name=${drink.kind} | name=1,2 | name=str(1.5) | name='' | name=a-b/c | name='${hydra:runtime.choices.dish}'
name='\${x}' | name='${${which}}' | which=count,share | which=nested | name=${nothing} | name=??? | name=a:b | name=null
sizes=[30],[10,10] | sizes=[] | sizes.0=3,4 | sizes.5=1 | sizes=['${count}'] | sizes=[x] | free=1,a,[1],null
free={a:1} | free='${nested}' | free=true | free='1',1 | free=${nested.deep.points} | nested={points:3},{kind:every}
nested.points=3,30 | nested.deep.points='${count}' | nested=null | nested.kind=null | nested.deep={points:1}
nested.deep.points=5,6 | nested.new=1 | +new=1,2 | +nested.new=1,2 | ++nested={new:[1]} | +extra@more_extra=salt
drink@other=tea | extra@dish.extra=salt | ~dish | ~drink=tea | cuont=1
""".strip()
    .replace("\n", " | ")
    .split(" | ")
)
OURS = ["loss=ce,mse", "model=neuron,mlp", "init=gentle", "optimizer=full_batch,adam", "optimizer.lr=1,0.3", "seed=range(2)"]


@dataclass
class Deep:
    points: int = 1


@dataclass
class Nested:
    kind: str = "log"
    points: int | None = 60
    deep: Deep = field(default_factory=Deep)


@dataclass
class Menu:
    dish: Any = MISSING
    drink: Any = MISSING
    extra: Any = None
    count: int = 0
    more: int = 10
    share: float = 0.0
    flag: bool | None = None
    name: str = MISSING
    which: str = "count"
    sizes: list[int] = field(default_factory=lambda: [1, 2])
    free: Any = None
    alias: Any = None
    pair: Any = None
    nested: Nested = field(default_factory=Nested)


@pytest.fixture
def menu(tmp_path: Path) -> Iterator[str]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(text)
    register()
    ConfigStore.instance().store(name="menu_schema", node=Menu)
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        yield "menu"


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["name='${${which}}'", "which=count,more", "count=1,2"],
        ["name='${${which}}'", "count=1,2", "more='${count}'", "which=more"],
        ["nested.points=4,5", "nested={points:3}"],
        ["nested={points:3},{kind:every}", "nested.points=4"],
        ["sizes.0=9", "sizes=[1,2],[3,4]"],
        ["sizes=[1,2],[3,4]", "sizes.0=9"],
    ],
)
def test_words_that_meddle_with_one_another_are_what_hydra_composes(menu: str, words: list[str]) -> None:
    assert _agreed(menu, words)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["dish=soup,cake", "extra=salt,pepper,mixed", "dish.size=1,2", "dish.heat='${count}',3", "count=range(2)"],
        ["dish=soup,cake", "extra=salt,pepper", "name='${hydra:runtime.choices.dish}'"],
        ["dish=feast,soup", "extra=salt,pepper", "count=1,2"],
        ["dish=soup,cake", "extra=salt,pepper", "+more_extra=1,2", "dish.heat=1"],
        ["extra=pepper,salt", "extra@dish.extra=salt", "+dish.new=1,2"],
    ],
)
def test_choices_of_several_groups_are_what_hydra_composes(menu: str, words: list[str]) -> None:
    _agreed(menu, words)


@pytest.mark.slow
def test_a_config_that_only_a_combination_brings_in_is_there(menu: str) -> None:
    outcome = _agreed("paired", ["dish=soup,cake", "extra=salt,pepper"])
    assert outcome
    assert sum('"odd": true' in point for point in outcome) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "times"),
    [("dish=soup,cake extra=salt,pepper,mixed", 4), ("dish=soup,feast extra=salt,pepper drink=wine drink.year=1", 4)],
)
def test_an_option_that_keeps_to_itself_is_composed_once(menu: str, words: str, times: int, monkeypatch: Any) -> None:
    composed: list[Sequence[str]] = []
    real = ConfigLoaderImpl.load_sweep_config
    monkeypatch.setattr(ConfigLoaderImpl, "load_sweep_config", lambda *given: composed.append(given[2]) or real(*given))
    hydra = GlobalHydra.instance().hydra
    assert hydra is not None
    master = hydra.compose_config(menu, words.split(), run_mode=RunMode.MULTIRUN, with_log_configuration=False)
    expand(hydra.config_loader, master, words.split())
    assert len(composed) == times


@pytest.mark.slow
@pytest.mark.parametrize("word", ["alias.points=5,6", "alias.points=a", "count.points=1", "sizes.a=1,2", "nothing.here=1"])
def test_a_place_that_hydra_refuses_to_reach_is_refused(menu: str, word: str) -> None:
    assert _agreed(menu, [word]) is None


@pytest.mark.slow
def test_points_are_what_hydra_composes(menu: str) -> None:
    rng = np.random.default_rng(0)
    deck = [word for _ in range(2) for word in rng.permutation(WORDS).tolist()]
    lines = [[deck.pop() for _ in range(rng.choice([1, 1, 2, 3]))] for _ in range(200) if len(deck) > 2]
    outcomes = [_agreed(menu, line) for line in lines]
    assert len(deck) < len(WORDS), "every word is in some line"
    assert len(lines) / 5 < sum(outcome is None for outcome in outcomes) < len(lines) * 4 / 5
    assert max(sum(outcome.values()) for outcome in outcomes if outcome) > 4


@pytest.mark.slow
def test_the_projects_own_configs_expand_as_hydra_composes_them() -> None:
    register()
    rng = np.random.default_rng(1)
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        outcomes = [_agreed("config", rng.permutation(OURS)[:3].tolist()) for _ in range(6)]
    assert all(outcomes)


def _agreed(config: str, words: Sequence[str]) -> Counter[str] | None:
    """What both make of the words: the runs, however they are ordered, or None where they are refused."""
    hydra = GlobalHydra.instance().hydra
    assert hydra is not None
    try:
        master = hydra.compose_config(config, list(words), run_mode=RunMode.MULTIRUN, with_log_configuration=False)
    except REFUSALS:
        return None
    ours = _outcome(expand, hydra.config_loader, master, words)
    assert ours == _outcome(_hydras_own, hydra.config_loader, master, words), words
    return ours


def _outcome(sweep: Callable[..., Points], loader: ConfigLoader, master: DictConfig, words: Sequence[str]) -> Counter[str] | None:
    try:
        return Counter(json.dumps(point, sort_keys=True) for point in sweep(loader, master, words))
    except REFUSALS:
        return None


def _hydras_own(loader: ConfigLoader, master: DictConfig, words: Sequence[str]) -> Points:
    """Hydra's own sweeper splits the words; each run is composed by itself."""
    overrides = OverridesParser.create(config_loader=loader).parse_overrides(list(words))
    return [_composed(loader, master, run) for run in BasicSweeper.split_arguments(overrides, None)[0]] or _refuse()


def _composed(loader: ConfigLoader, master: DictConfig, run: Sequence[str]) -> dict[str, Any]:
    config = loader.load_sweep_config(master, list(run))
    HydraConfig.instance().set_config(config)
    with open_dict(config):
        del config["hydra"]
    return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)


def _refuse() -> Points:
    raise BadInput("a sweep that names nothing is refused here, and is nothing to Hydra")
