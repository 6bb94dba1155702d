"""A Sphinx extension: formulas become MathML while the site is built, so that a page needs no script and no network for them.

Browsers place subscripts and limits by a table that few fonts have; STIX Two Math, which ziamath brings, goes along.
"""

import re
from importlib.resources import files
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert


def setup(app: Any) -> dict[str, Any]:
    """Register the renderer `mathml` for formulas in a line and for formulas of their own."""
    app.config.html_static_path.append(str(files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"))
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mathml(formula: str, display: str) -> str:
    """A formula in LaTeX as MathML, with the narrow space that LaTeX sets between a function's name and a letter."""
    return re.sub(r"(<mi>(?:log|lim)</mi>)(?=<m[is])", r'\1<mspace width="0.17em"/>', convert(formula, display=display))


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode
