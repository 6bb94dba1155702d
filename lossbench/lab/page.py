"""The page: scripts, style, texts and numbers joined into one file that needs no network."""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from lossbench.atomic import write_whole
from lossbench.errors import BadInput
from lossbench.lab.digits import packed_network
from lossbench.lab.zoo import LabLoss, lab_losses

SCRIPTS = ("program", "formula", "neuron", "network", "chart", "typeset", "state", "neuron_view", "network_view", "start")
STYLE, FRAME, TEXTS, QUESTIONS = "lab.css", "page.html", "texts.json", "questions.json"
ENDING = ".html"


def write_lab(path: Path, own: Sequence[str] = (), plugins: Sequence[str] = ()) -> Path:
    """Write the page with the zoo and with losses of somebody's own, each WORD,option=value or package.module:name; its path.

    Raises BadInput where a loss is not found, has no meaning on one sigmoid, or the path cannot be written to.
    """
    if path.suffix != ENDING:
        raise BadInput(f"--output {path}: the lab is one page, {ENDING}, and {path.suffix or 'no ending'!r} is none.")
    losses = lab_losses(own, plugins)
    write_whole(path, page(losses).encode())
    return path


def page(losses: Sequence[LabLoss]) -> str:
    """The page as text. What losses say of themselves is data in it: no markup, and no code that a browser would run."""
    data = {
        "losses": [loss.as_json() for loss in losses],
        "network": packed_network(),
        "texts": json.loads(_part(TEXTS)),
        "questions": json.loads(_part(QUESTIONS)),
    }
    script = "\n".join(["(() => {", "'use strict'", *(_part(f"{name}.js") for name in SCRIPTS), "})()"])
    style = _part(STYLE)
    filled = {"STYLE": style, "SCRIPT": script, "DATA": _as_data(data), "SCRIPT_HASH": _hash(script), "STYLE_HASH": _hash(style)}
    text = _part(FRAME)
    # The parts are put in from the end of the page on, so that none is looked for in what another brought.
    for name in sorted(filled, key=lambda name: -text.index(f"<<{name}>>")):
        start = text.index(f"<<{name}>>")
        text = text[:start] + filled[name] + text[start + len(name) + 4 :]
    return text


def _as_data(value: Any) -> str:
    """JSON that ends no element, whatever it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate({ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


def _hash(text: str) -> str:
    """What a content security policy names a script or a style by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _part(name: str) -> str:
    return (files("lossbench.lab") / name).read_text(encoding="utf-8")
