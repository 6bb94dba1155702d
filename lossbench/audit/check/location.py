"""Where a loss is written, so that an annotation stands at its line."""

import ast
import importlib.util
import inspect
from dataclasses import dataclass
from pathlib import Path

from lossbench.registry import shelf


@dataclass(frozen=True, kw_only=True)
class Location:
    """A file inside the current folder, as a path with slashes relative to it, and a line, from 1."""

    path: str
    line: int


def location_of(title: str) -> Location | None:
    """The location of a loss by its card's title, MODULE:NAME or WORD, options behind; None outside the current folder."""
    name = title.partition(",")[0]
    source, symbol = _of_path(name) if ":" in name else _of_word(name.replace(" ", "_"))
    if source is None or not source.resolve().is_relative_to(Path.cwd().resolve()):
        return None
    line = _line(source, symbol)
    return Location(path=source.resolve().relative_to(Path.cwd().resolve()).as_posix(), line=line)


def _of_path(path: str) -> tuple[Path | None, str]:
    module, _, name = path.partition(":")
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    return (Path(spec.origin) if spec and spec.origin and spec.has_location else None), name.partition(".")[0]


def _of_word(word: str) -> tuple[Path | None, str]:
    cls = shelf("loss").get(word)
    source = inspect.getsourcefile(cls) if cls else None
    return (Path(source) if source else None), cls.__name__ if cls else ""


def _line(source: Path, symbol: str) -> int:
    """The line on which a file defines a function, a class or a name; 1 where it does not."""
    for node in ast.parse(source.read_text(encoding="utf-8", errors="replace")).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names = {getattr(node, "name", ""), *(getattr(target, "id", "") for target in targets)}
        if symbol in names:
            return node.lineno
    return 1
