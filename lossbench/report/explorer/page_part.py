"""The explorer as a page holds it: data that is no program, the library, our program, and the hashes that let these two run."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from lossbench.analysis.curves import FEW
from lossbench.analysis.emphasis import MANY
from lossbench.analysis.results import Results
from lossbench.errors import printable
from lossbench.plots.scales import WIDE
from lossbench.report.explorer.data import explorer_data
from lossbench.report.explorer.library import drawing_library

FILES = ("records.js", "chart.js", "explorer.js", "keys.js", "view.js")


@dataclass(frozen=True, kw_only=True)
class Explorer:
    """Three texts for script elements, and what the page's policy says of the scripts it runs."""

    data: Markup
    library: Markup
    program: Markup
    policy: str


def explorer(results: Results) -> Explorer | None:
    """The explorer of a study; None where there is nothing to explore, or too much for a page."""
    data = explorer_data(results)
    if data is None:
        return None
    text = json.dumps(_visible(data | {"few": FEW, "many": MANY, "wide": WIDE}), separators=(",", ":"), allow_nan=False)
    library, program = drawing_library(), _program()
    policy = " ".join(f"'sha256-{_hash(script)}'" for script in (library, program))
    # In JSON "<" stands within texts alone, so that an escaped one means the same, and no text ends the element that holds it.
    return Explorer(data=_script(text.replace("<", "\\u003c")), library=_script(library), program=_script(program), policy=policy)


def _visible(value: Any) -> Any:
    """The same data with no character in its texts that cannot be seen."""
    if isinstance(value, dict):
        return {_visible(name): _visible(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_visible(one) for one in value]
    return printable(value) if isinstance(value, str) else value


def _script(text: str) -> Markup:
    return Markup(text)  # noqa: S704 the texts are our own, or have no "<"


@cache
def _program() -> str:
    parts = [files(__package__).joinpath(name).read_text(encoding="utf-8").replace('"use strict";\n', "") for name in FILES]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
