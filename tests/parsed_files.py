"""The project's files, parsed once when a test first asks."""

import ast
from functools import cache
from pathlib import Path


@cache
def tree(path: Path) -> ast.Module:
    """What a Python file is made of."""
    return ast.parse(path.read_text(encoding="utf-8"))
