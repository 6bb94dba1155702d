"""A Sphinx extension: formulas become MathML while the site is built, so that a page needs no script and no network for them.

Browsers place subscripts and limits by a table that few fonts have; STIX Two Math, which ziamath brings, goes along.
"""

import re
from importlib.resources import files
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

NARROW = '<mspace width="0.17em"/>'


def setup(app: Any) -> dict[str, Any]:
    """Register the renderer `mathml` for formulas in a line and for formulas of their own."""
    app.config.html_static_path.append(str(files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"))
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mathml(formula: str, display: str) -> str:
    """A formula in LaTeX as MathML, with the narrow spaces that LaTeX sets around a function's name."""
    text = re.sub(r"(<mi>(?:log|lim)</mi>)(?=<m[is])", rf"\1{NARROW}", convert(formula, display=display))
    return re.sub(r"(</mi>|&#x00029;</mo>)(?=<mi>log</mi>)", rf"\1{NARROW}", text)


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode
