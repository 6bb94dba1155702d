"""The house rules that a machine can check: shapes of files and functions, of classes, of docstrings, of tests."""

import ast
import dataclasses
import importlib
import inspect
import re
import statistics
import subprocess
from abc import ABC
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from parsed_files import tree

from lossbench.commands.cli import commands
from lossbench.registry import SHELVES, shelf

HOUSE = Path(__file__).parents[1]
LISTED = subprocess.run(["git", "ls-files", "-z"], cwd=HOUSE, check=True, capture_output=True, text=True).stdout
FILES = [path for name in LISTED.split("\0") if name and (path := HOUSE / name).is_file()]
PYTHON = [path for path in FILES if path.suffix == ".py"]
LIBRARY = [path for path in PYTHON if path.is_relative_to(HOUSE / "lossbench")]
TESTS = [path for path in PYTHON if path.name.startswith("test_")]
SKELETON = ("Domain", "Link", "Formula", "Gradient", "Identities", "Properties", "Source")
EMPTY_NAMES = {"utils", "util", "misc", "helpers", "helper", "common", "base", "core", "manager", "tools"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}  # random: see the floor plan
FORBIDDEN_CALLS = re.compile(
    r"torch\.(rand|randn|randint|randperm|normal|bernoulli|multinomial|load)|joblib\.load|pd\.read_pickle"
    r"|np\.random\.(?!default_rng|SeedSequence|Generator|seed|get_state|set_state)\w+"
)
ONE_MACHINE = re.compile(r"(?<![\w.}])/(?:home|Users|root|work|tmp|mnt|opt|private)/\w")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def shelved() -> list[type]:
    """Every class of ours that a word names."""
    return [cls for noun in SHELVES for cls in shelf(noun).values() if cls.__module__.startswith("lossbench.")]


def functions(path: Path) -> Iterator[Function]:
    """Every function of a file, methods and inner ones included."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def body(function: Function) -> int:
    """How many lines a function has below its signature and its docstring."""
    first = function.body[1:2] if ast.get_docstring(function) else function.body[:1]
    return (function.end_lineno or 0) - first[0].lineno + 1 if first else 0


def test_a_file_has_at_most_300_lines_and_a_name_that_says_what_it_is() -> None:
    assert not [path for path in PYTHON if len(path.read_text(encoding="utf-8").splitlines()) > 300]
    assert not [path for path in PYTHON if path.stem.strip("_") in EMPTY_NAMES]


def test_a_function_has_at_most_40_lines_and_5_parameters() -> None:
    every = [(path, node) for path in PYTHON for node in functions(path)]
    assert not [f"{path}:{node.lineno}" for path, node in every if (node.end_lineno or 0) - node.lineno + 1 > 40]
    # a test has as many parameters as its cases need
    assert not [f"{path}:{node.lineno}" for path, node in every if len(parameters(node)) > 5 and path not in TESTS]


def parameters(function: Function) -> list[str]:
    """The names of a function's parameters, without self and cls."""
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [name for name in names if name not in {"self", "cls"}]


def test_half_of_the_functions_have_at_most_10_lines() -> None:
    assert statistics.median(body(function) for path in LIBRARY for function in functions(path)) <= 10


def test_a_module_says_what_it_is() -> None:
    assert not [path for path in LIBRARY if not ast.get_docstring(tree(path)) and path.stat().st_size]


def test_randomness_comes_from_a_named_stream_and_nothing_is_unpickled() -> None:
    held = [source for source in LIBRARY if source.name != "global_streams.py"]  # which seeds them for plugins
    for path, node in ((source, part) for source in held for part in ast.walk(tree(source))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {getattr(node, "module", None) or alias.name for alias in node.names}
            assert not {module.split(".")[0] for module in modules} & FORBIDDEN_MODULES, path
        if isinstance(node, ast.Call):
            assert not FORBIDDEN_CALLS.fullmatch(ast.unparse(node.func)), f"{path}: {ast.unparse(node)}"
            assert all(ast.unparse(word.value) == "False" for word in node.keywords if word.arg == "allow_pickle"), path


def test_a_class_is_abstract_or_final() -> None:
    for path in LIBRARY:
        module = importlib.import_module(".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"))
        for cls in vars(module).values():
            if inspect.isclass(cls) and cls.__module__ == module.__name__ and not issubclass(cls, Exception):
                ours = [base for base in cls.__bases__ if base.__module__.split(".")[0] == "lossbench"]
                assert all(inspect.isabstract(base) or ABC in base.__bases__ or "noun" in vars(base) for base in ours), cls
        assert "super(" not in path.read_text(encoding="utf-8"), path


def test_what_stands_on_a_shelf_is_a_frozen_value_with_named_options() -> None:
    for cls in shelved():
        assert "__dataclass_params__" in vars(cls), f"{cls} is not a dataclass itself"
        assert vars(cls)["__dataclass_params__"].frozen, cls
        assert all(field.kw_only for field in dataclasses.fields(cls)), cls  # type: ignore[arg-type]


def test_what_stands_on_a_shelf_says_in_one_line_what_it_is() -> None:
    for cls in shelved():
        first = (cls.__doc__ or "").splitlines()[0]
        assert first.endswith("."), cls
        assert 10 <= len(first) <= 120, cls
        assert not first.startswith(f"{cls.__name__}("), cls  # that would be the dataclass's own


def test_a_loss_is_documented_in_the_same_order() -> None:
    for cls in (cls for cls in shelved() if cls.noun == "loss"):
        written = re.findall(r"^    (\w+): \S", inspect.getsource(cls).split('"""')[1], flags=re.MULTILINE)
        assert [name for name in SKELETON if name in written or name != "Gradient"] == written, cls


def test_a_docstring_quotes_names_that_exist() -> None:
    existing = {name for path in LIBRARY for name in names(tree(path))} | {path.stem for path in FILES}
    for path in LIBRARY:
        documented = [node for node in ast.walk(tree(path)) if isinstance(node, Function | ast.ClassDef | ast.Module)]
        quoted = {name for node in documented for name in re.findall(r"`([a-z_]\w*)`", ast.get_docstring(node) or "")}
        assert {name.removeprefix("train_").removeprefix("test_") for name in quoted} <= existing, path


def names(code: ast.AST) -> Iterator[str]:
    """Every name that a file's code uses, as an identifier or as a word in quotes."""
    for node in ast.walk(code):
        yield from (str(value) for key in ("id", "attr", "name", "arg") if (value := getattr(node, key, None)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "`" not in node.value:
            yield from re.findall(r"\w+", node.value)


def test_nothing_is_written_twice() -> None:
    """No six lines of code stand in two places."""
    places = Counter(window for path in LIBRARY for window in windows(path, 6))
    assert not [window for window, times in places.items() if times > 1]


def windows(path: Path, size: int) -> set[tuple[str, ...]]:
    """Every run of `size` lines of a file's code, without imports, docstrings and empty lines."""
    lines = ast.unparse(without_words(path)).splitlines()
    code = [line.strip() for line in lines if not re.match(r"\s*(from|import) ", line)]
    return {tuple(code[start : start + size]) for start in range(len(code) - size + 1)}


def without_words(path: Path) -> ast.Module:
    """A file's code without its docstrings."""
    code = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(code):
        if isinstance(node, Function | ast.ClassDef | ast.Module) and ast.get_docstring(node):
            node.body[0] = ast.Pass()
    return code


def test_every_test_asserts_something_and_has_a_name_of_its_own() -> None:
    for path in TESTS:
        tests = [node for node in functions(path) if node.name.startswith("test_")]
        assert tests, path
        assert not [name for name, times in Counter(node.name for node in tests).items() if times > 1], path
        assert {node.name for node in tests} <= claiming(path), path


def claiming(path: Path) -> set[str]:
    """The functions of a test file that can fail by what they claim: they assert, expect an exception, or call one that does."""
    parts = {node.name: list(ast.walk(node)) for node in functions(path)}
    calls = {name: {ast.unparse(part.func) for part in inner if isinstance(part, ast.Call)} for name, inner in parts.items()}
    found = {name for name, inner in parts.items() if any(isinstance(part, ast.Assert) for part in inner)}
    claim = re.compile(r"(^|[._])(raises|warns|assert\w*|gradcheck)$")
    found |= {name for name, called in calls.items() if any(map(claim.search, called))}
    while more := {name for name, called in calls.items() if called & found} - found:
        found |= more
    return found


def test_no_text_names_a_place_on_one_machine() -> None:
    texts = {path: content.decode(errors="replace") for path in FILES if b"\0" not in (content := path.read_bytes())}
    assert not {path: named for path, text in texts.items() if (named := ONE_MACHINE.findall(text))}


def test_no_text_leaves_it_open_whether_it_speaks_of_one_or_of_several() -> None:
    texts = [(path, node) for path in LIBRARY for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)]
    assert not [f"{path}:{node.lineno}" for path, node in texts if re.search(r"[a-z]{2}\(e?s\)", str(node.value))]


def test_the_readme_names_commands_that_exist() -> None:
    makefile, readme = ((HOUSE / name).read_text(encoding="utf-8") for name in ("Makefile", "README.md"))
    code = " ".join(re.findall(r"^ {4}.*|`+[^`]+`+", readme, flags=re.MULTILINE))
    named = set(re.findall(r"(?<!from )(?<!import )\b(make|lossbench) (\w+)", code))
    targets = {("make", target) for target in re.findall(r"^(\w+):", makefile, flags=re.MULTILINE)}
    assert {("make", "demo"), ("make", "test"), ("lossbench", "run")} <= named
    assert named <= targets | {("lossbench", command) for command in commands.commands}
