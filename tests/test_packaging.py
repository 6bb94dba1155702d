"""What is installed with what: lossbench alone reads and reports, the extra `train` brings the rest, and versions are pinned."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from test_architecture import FLOOR_PLAN, IMPORTED_AS, SOURCES, imports, room

import lossbench
from lossbench.errors import TRAINING

HOUSE = Path(__file__).parents[1]
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
BEHIND = {"tables", "analysis", "plots", "claims", "diagnosis", "report", "export"}  # the window: what needs no torch
WITHOUT_TRAINING = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def distributions(wanted: list[str]) -> set[str]:
    """The names of what a list of requirements asks for, without versions and without lossbench itself."""
    return {re.split(r"[<>=\[]", requirement)[0] for requirement in wanted} - {"lossbench"}


def imported(wanted: list[str]) -> set[str]:
    """The same by the names that Python imports."""
    return {IMPORTED_AS.get(name, name).partition("-")[0] for name in distributions(wanted)}


def python(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A program run where nothing of the extra `train` can be imported."""
    text = WITHOUT_TRAINING.format(missing=set(TRAINING)) + program
    return subprocess.run([sys.executable, "-c", text], check=False, cwd=folder, capture_output=True, text=True)


def command(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """`lossbench WORDS` where nothing of the extra `train` can be imported."""
    return python(f"sys.argv = {['lossbench', *words]}\nfrom lossbench.commands.cli import main\nmain()", folder)


@pytest.mark.slow
def test_what_is_behind_the_window_needs_what_lossbench_alone_installs_and_no_more() -> None:
    reached, todo = set(), [module for module in SOURCES if room(module) in BEHIND]
    while todo:
        if (module := todo.pop()) not in reached:
            reached.add(module)
            todo += imports(SOURCES[module]) & SOURCES.keys()
    libraries = {room(name) for module in reached for name in imports(SOURCES[module])} - sys.stdlib_module_names
    libraries -= FLOOR_PLAN.keys()
    # click is the commands', and matplotlib brings PIL whether it is named or not
    assert libraries | {"click", "PIL"} == imported(PROJECT["dependencies"])


def test_a_missing_library_is_answered_for_just_what_the_extra_train_installs() -> None:
    assert imported(EXTRAS["train"]) == TRAINING


def test_what_trains_with_a_further_library_brings_all_that_trains() -> None:
    assert not [
        extra for extra in ("dask", "docs", "lightning", "slurm", "transformers") if "lossbench[train]" not in EXTRAS[extra]
    ]


def test_every_version_that_a_test_installs_is_pinned_once() -> None:
    lines = (HOUSE / "constraints.txt").read_text(encoding="utf-8").splitlines()
    built = lines.index("# What packages are built with.")
    pinned, builders = (
        [line.split("==")[0] for line in part if "==" in line and line[0] != "#"] for part in (lines[:built], lines[built:])
    )
    canonical = [re.sub(r"[-_.]+", "-", name).lower() for name in [*pinned, *builders]]
    assert len(set(canonical)) == len(canonical)
    wanted = distributions([*PROJECT["dependencies"], *(name for extra in EXTRAS.values() for name in extra)])
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in wanted} <= set(canonical)


def test_the_version_is_told_alike_wherever_it_is_told() -> None:
    citation = (HOUSE / "CITATION.cff").read_text(encoding="utf-8")
    changes = (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^version: (\S+)$", citation, flags=re.MULTILINE) == [PROJECT["version"]]
    assert re.findall(r"^## (\S+)", changes, flags=re.MULTILINE)[0] == PROJECT["version"]


def test_every_python_of_the_classifiers_is_in_the_matrix_of_the_workflow() -> None:
    tested = re.findall(r'"(3\.\d+)"', (HOUSE / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    told = [name.rsplit(" ", 1)[1] for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)]
    assert told == tested
    assert PROJECT["requires-python"] == f">={told[0]}"


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A stored study with claims, in a folder that may be written to."""
    return Path(shutil.copytree(HOUSE / "results" / "gaussian_likelihood", tmp_path / "gaussian_likelihood"))


@pytest.mark.slow
def test_without_what_trains_a_stored_study_is_reported_and_exported(tmp_path: Path, stored: Path) -> None:
    assert command(["report", str(stored)], tmp_path).returncode == 0
    assert (stored / "report.html").stat().st_size > 10_000
    assert command(["export", str(stored), "--to", "csv"], tmp_path).returncode == 0
    opened = python(f"import lossbench\nprint(len(lossbench.open({str(stored)!r}).runs))", tmp_path)
    assert int(opened.stdout) > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["run"], ["plan"], ["show", "losses"], ["audit", "focal"], ["compare", "ce", "mse", "--data", "iris"], ["lab"]]
)
def test_without_what_trains_a_command_that_needs_it_names_the_extra_in_one_sentence(tmp_path: Path, words: list[str]) -> None:
    answered = command(words, tmp_path)
    assert answered.returncode == 2
    (line,) = (line for line in answered.stderr.splitlines() if "…" not in line)  # which on a busy machine says what takes long
    assert re.fullmatch(
        rf"Error: lossbench {words[0]} needs \w+, which is not installed\. "
        r"`pip install 'lossbench\[train\]'` brings all that trains\.",
        line,
    )
    assert not answered.stdout


@pytest.mark.slow
def test_without_what_trains_the_public_names_that_need_it_say_so(tmp_path: Path) -> None:
    names = sorted({*lossbench._MODULE_OF} - {"BadInput", "Failure", "Quantity", "StoredStudy", "open"})
    program = f"""
import json, lossbench
answers = {{}}
for name in {names}:
    try:
        answers[name] = str(getattr(lossbench, name))
    except lossbench.BadInput as error:
        answers[name] = str(error)
for ask in (lambda: lossbench.losses.Focal, lambda: lossbench.audit("ce"), lambda: lossbench.witness(None)):
    try:
        ask()
    except lossbench.BadInput as error:
        answers[len(answers)] = str(error)
print(json.dumps(answers))
"""
    answers = json.loads(python(program, tmp_path).stdout)
    assert len(answers) == len(names) + 3
    wrong = {name: answer for name, answer in answers.items() if "pip install 'lossbench[train]'" not in answer}
    assert not wrong.keys() - {"ComparedStudy", "Schedule", "Dataset"}
