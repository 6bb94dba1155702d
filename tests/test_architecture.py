"""The floor plan: each room of the house, and the rooms and libraries that it may import."""

import ast
import graphlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
FLOOR_PLAN = {
    # the ground: what everything stands on, without torch
    # for type checkers, and when a public name is used
    "__init__": "api audit comparison datasets errors estimators inits interfaces losses metrics models optimizers probes report "
    "schedules tables witness",
    "errors": "",
    "folders": "",
    "atomic": "errors",
    "rng": "numpy",
    "guard": "errors",
    "registry": "errors guard importlib registry",
    "files": "errors files numpy pandas pyarrow yaml",
    "tables": "errors files tables importlib numpy pandas pyarrow",
    # the nouns, and the compiled loops beneath them
    "kernels": "kernels filelock llvmlite numba numpy torch",
    "interfaces": "errors guard interfaces kernels registry tables numpy torch",
    "modules": "errors interfaces kernels modules rng numpy torch",
    # the shelves: they know their noun, and nothing of one another
    "loss_families": "interfaces numpy torch",
    "losses": "errors guard interfaces loss_families registry torch",
    "models": "errors guard interfaces modules registry torch",
    "inits": "errors files interfaces registry numpy",
    "data": "data errors files interfaces registry rng importlib numpy pandas pyarrow torch",
    "datasets": "data errors files interfaces registry rng PIL mlxtend numpy pandas pyarrow",
    "optimizers": "errors interfaces registry torch",
    "schedules": "errors interfaces registry",
    "probes": "errors interfaces kernels registry tables torch",
    "metrics": "data errors interfaces kernels registry tables torch",
    # the line from words to records
    "config": "config errors files folders planning registry hydra omegaconf",
    "planning": "data datasets errors interfaces modules planning registry tables importlib numpy torch",
    "engine": "engine errors guard interfaces kernels planning registry rng tables numpy random threadpoolctl torch",
    "module_engine": "engine errors interfaces module_engine modules planning tables numpy torch",
    "engines": "engine engines errors interfaces module_engine",
    "storage": "atomic errors files interfaces planning storage tables importlib llvmlite numpy pandas pyarrow torch",
    "execution": "atomic data engines errors execution files interfaces models planning registry storage tables "
    "importlib distributed joblib numpy pyarrow rich submitit torch",
    # a bench beside the line: it measures losses and trains nothing
    "audit": "analysis atomic audit errors files interfaces loss_families losses plots registry "
    "importlib jinja2 joblib markupsafe mpmath numpy pandas rich torch",
    # behind the window, without torch: numbers, drawing, judging, writing
    "analysis": "analysis errors files folders tables numpy pandas scipy",
    "plots": "analysis plots tables matplotlib numpy pandas scipy",
    "claims": "analysis claims errors files folders plots registry tables numpy pandas rich",
    "diagnosis": "analysis diagnosis errors files tables numpy",
    "report": "analysis atomic claims diagnosis errors folders plots report tables "
    "importlib jinja2 markupsafe numpy pandas rich vl_convert",
    # the same numbers for other people's tools; libraries of extras are looked up where they are asked for
    "export": "analysis atomic errors export report tables importlib numpy pandas",
    # a page to touch: losses as programs, and the engine's own start, for a browser
    "lab": "atomic audit config errors interfaces lab planning registry rng importlib numpy torch",
    # a recorder for anybody's loop, into the same records
    "witness": "errors importlib interfaces kernels modules planning registry storage tables witness lightning numpy torch "
    "transformers",
    # losses on one's own data, from the words to a verdict
    "comparison": "analysis atomic audit comparison config data engines errors execution files interfaces kernels losses "
    "planning plots registry report storage tables importlib jinja2 markupsafe numpy pandas torch",
    # one network as scikit-learn's estimators are, beside the line and without a store
    "estimators": "comparison engines errors estimators interfaces planning registry numpy sklearn torch",
    # the two front doors: Python, and the command line
    "api": "audit config execution planning registry report",
    "commands": "atomic audit claims commands comparison config data diagnosis engines errors execution export files interfaces "
    "lab planning registry report storage tables click omegaconf rich",
}
SHELVES = {"losses", "models", "inits", "datasets", "optimizers", "schedules", "probes", "metrics"}
IMPORTED_AS = {
    "hydra-core": "hydra",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
    "vl-convert-python": "vl_convert",
}
EXTRAS = {
    "dask": "distributed",
    "lightning": "lightning",
    "slurm": "submitit",
    "transformers": "transformers",
}  # and their library
ASKED_FOR = {"importlib", "random"}  # of the standard library, what a room may use only where the plan says so


def name_of(path: Path) -> str:
    """A file's module: lossbench.losses.entropy."""
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")


SOURCES = {name_of(path): path for path in sorted((HOUSE / "lossbench").rglob("*.py"))}


def imports(path: Path) -> set[str]:
    """What a file imports, wherever in it the statement stands; `from a import b` is a.b where that is a module of ours."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports by a relative name"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= whole & SOURCES.keys() or {str(node.module)}
    return found


def room(module: str) -> str:
    """The room of a module of ours, or the library that another belongs to."""
    first, *rest = module.split(".")
    if first != "lossbench":
        return first
    return rest[0] if rest else "__init__"


def test_a_room_imports_what_the_floor_plan_allows() -> None:
    free = sys.stdlib_module_names - ASKED_FOR
    for module, path in SOURCES.items():
        forbidden = {room(name) for name in imports(path)} - free - set(FLOOR_PLAN[room(module)].split())
        assert not forbidden, f"{module} imports {forbidden}"


def test_the_floor_plan_has_no_room_that_does_not_exist() -> None:
    assert FLOOR_PLAN.keys() == {room(module) for module in SOURCES}


def test_the_libraries_of_the_floor_plan_are_the_ones_that_are_installed() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    installed = {re.split("[<>=]", requirement)[0] for requirement in wanted}
    named = {name for allowed in FLOOR_PLAN.values() for name in allowed.split()} - FLOOR_PLAN.keys() - ASKED_FOR
    assert project["optional-dependencies"].keys() >= EXTRAS.keys()
    assert named - set(EXTRAS.values()) == {IMPORTED_AS.get(name, name) for name in installed}


@pytest.mark.slow
def test_what_needs_a_library_that_need_not_be_there_is_imported_by_nothing_else() -> None:
    needy = {module for module, path in SOURCES.items() if {room(name) for name in imports(path)} & set(EXTRAS.values())}
    assert needy
    assert not [module for module, path in SOURCES.items() if module not in needy and imports(path) & needy]


def test_modules_import_one_another_in_one_direction() -> None:
    graph = {module: imports(path) & SOURCES.keys() for module, path in SOURCES.items()}
    assert tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError with the cycle


def test_what_stands_on_a_shelf_knows_nothing_else_on_a_shelf() -> None:
    for module in (module for module in SOURCES if room(module) in SHELVES):
        assert not {name for name in imports(SOURCES[module]) if room(name) in SHELVES}, module


def test_few_modules_stand_outside_a_room() -> None:
    assert len([path for path in SOURCES.values() if path.parent == HOUSE / "lossbench"]) <= 8


def test_an_import_stands_at_the_top_of_its_file_but_in_commands() -> None:
    """A deferred import hides a circle, or a library that a room may not know; commands defer theirs so that --help is fast."""
    for module, path in SOURCES.items():
        functions = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)]
        inner = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not inner or room(module) == "commands", module


@pytest.mark.parametrize("behind", ["tables", "analysis", "plots", "claims", "diagnosis", "report", "export"])
def test_the_floor_plan_lets_no_torch_behind_the_window(behind: str) -> None:
    reached, todo = set(), [behind]
    while todo:
        if (here := todo.pop()) not in reached:
            reached.add(here)
            todo += FLOOR_PLAN.get(here, "").split()
    assert not reached & {"torch", "engine", "interfaces", *SHELVES}


@pytest.mark.slow
def test_a_report_is_made_without_torch() -> None:
    rooms = [module for module in SOURCES if room(module) in {"tables", "analysis", "plots", "claims", "diagnosis", "report"}]
    assert "torch" not in loaded_after(f"import {', '.join(rooms)}")


def test_importing_the_library_alone_imports_nothing_else() -> None:
    assert loaded_after("import lossbench") - loaded_after("") == {"lossbench"}


def loaded_after(program: str) -> set[str]:
    """The modules that a new interpreter holds at the end of a program."""
    words = [sys.executable, "-c", f"import sys\n{program}\nprint(*sys.modules)"]
    done = subprocess.run(words, check=False, cwd=HOUSE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())
