"""What there is: every registered class and every preset, with one line each, or one of them in full."""

import dataclasses
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossbench.config.schema import PRESET_GROUPS, presets
from lossbench.config.structured import is_wrapper
from lossbench.errors import printable, unknown
from lossbench.files.regular import read_text
from lossbench.files.yaml import LARGEST, read_yaml
from lossbench.registry import SHELVES, Registered, field_types, plain, shelf
from lossbench.registry.hints import default_of, tabled

KINDS = {**{plural: noun for noun, plural in SHELVES.items()}, "experiments": "experiment"}
WRAPPED = {
    "dataset": "label_noise=0.2 validation=0.25",
    "init": "init=after loss@init.loss=ce init.steps=1000",
}  # how wrappers are said
WIDTH = 120  # columns, where the output is no terminal's


def show(kind: str, word: str | None = None) -> None:
    """Print the list of a kind of thing (losses, models, …), or one of them in full. Raises BadInput for an unknown word."""
    noun = KINDS[kind]
    files = presets(noun) if noun in PRESET_GROUPS else {}
    classes = shelf(noun) if noun in SHELVES else {}
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    if word is None:
        console.print(_list(noun, classes, files))
        console.print(f"In full: lossbench show {kind} {next(iter([*files, *classes]), 'WORD')}")
    elif word in files:
        _print_preset(console, kind, files[word], classes)
    elif word in classes:
        _print_class(console, classes[word])
    else:
        raise unknown(noun, word, [*classes, *files])


def _list(noun: str, classes: dict[str, type[Registered]], files: dict[str, Path]) -> Table:
    table = Table(noun, "what it is", box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for word, path in files.items():
        table.add_row(Text(word, "cyan"), Text(_comment(path)))
    for word, cls in classes.items():
        table.add_row(Text(word, "green"), Text(_doc(cls)[0]))
    return table


def _print_preset(console: Console, kind: str, path: Path, classes: dict[str, type[Registered]]) -> None:
    """A preset is its file."""
    console.print(Text(f"{path.stem}, a preset in {path}\n", "bold"))
    console.print(Text(printable(read_text(path, LARGEST))))
    for name in _defaults(path):
        if name in classes:
            console.print(Text(f"Its options: lossbench show {kind} {name}"))


def _print_class(console: Console, cls: type[Registered]) -> None:
    first, *rest = _doc(cls)
    console.print(Text(f"{cls.word}: {first}", "bold"))
    console.print(Text("\n".join(rest)))
    if dataclasses.fields(cls):  # type: ignore[arg-type]
        console.print(_options(cls))
    console.print(Text(f"Source code: {inspect.getsourcefile(cls)}"))
    console.print(Text(_use(cls)))


def _options(cls: type[Registered]) -> Table:
    table = Table("option", "values", "default", box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        table.add_row(Text(field.name, "green"), Text(tabled(field_types(cls)[field.name])), Text(_default(field)))
    return table


def _use(cls: type[Registered]) -> str:
    """How a command line asks for it."""
    if cls.noun in ("probe", "metric"):
        return f"Use: lossbench run … 'probes=[{cls.word}]'"
    if is_wrapper(cls):
        return f"Use: lossbench run … {WRAPPED[cls.noun]}"
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    return f"Use: lossbench run … {cls.noun}={cls.word}" + (f" {cls.noun}.{names[0]}=…" if names else "")


def _doc(cls: type) -> list[str]:
    return (inspect.getdoc(cls) or "(no description)").splitlines()


def _comment(path: Path) -> str:
    """The first comment of a config that is no directive to Hydra."""
    lines = [line.lstrip("# ") for line in printable(read_text(path, LARGEST)).splitlines() if line.startswith("#")]
    return next((line for line in lines if not line.startswith("@package")), "")


def _defaults(path: Path) -> Iterator[str]:
    """The options that a preset rests on."""
    content = read_yaml(path)
    defaults = content.get("defaults") if isinstance(content, dict) else None
    for entry in defaults if isinstance(defaults, list) else []:
        if isinstance(entry, str):
            yield entry.partition("@")[0].rpartition("/")[2]


def _default(field: dataclasses.Field[Any]) -> str:
    default = plain(default_of(field))
    if default is dataclasses.MISSING:
        return "to be given"
    return {"None": "null", "True": "true", "False": "false"}.get(str(default), str(default))
