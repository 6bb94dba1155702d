"""How Sphinx builds the site: from Markdown, docstrings and a notebook, into pages that ask nothing of a network."""

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

project = "lossbench"
author = "the lossbench authors"
project_copyright = author
version = release = version_of("lossbench")
html_title = f"lossbench {version}"

extensions = ["myst_nb", "sphinx.ext.autodoc", "mathml"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4
myst_dmath_allow_digits = False
nb_execution_mode = "off"  # the notebook is executed by docs/notebook.py, and keeps what came out
nb_render_markdown_format = "myst"
suppress_warnings = ["myst.header", "toc.not_included"]  # the zoo begins at ###; reports of studies are linked to, not listed

default_role = "literal"
smartquotes = False  # what stands in quotes may be code
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["lossbench.css"]
html_show_sphinx = False
html_copy_source = False
html_show_search_summary = False  # a page opened as a file may fetch none
html_theme_options = {"footer_icons": [], "top_of_page_buttons": []}

FIELD = re.compile(r"^(Domain|Link|Formula|Gradient|Identities|Properties|Source|Size|Task|Options|Units): ")


def as_rst(lines: list[str]) -> list[str]:
    """A docstring of ours, which is plain text with `code`, indented examples and "Source: …", as reStructuredText."""
    made: list[str] = []
    field = example = False
    for line in lines:
        if FIELD.match(line):
            made += [""] * (not field) + [FIELD.sub(r":\1: ", escaped(line))]
            field, example = True, False
        elif field and line:
            made.append("    " + escaped(line.strip()))
        elif example and line.startswith("    "):
            made.append(line)
        else:
            field, example = False, line.endswith(":") or (example and not line)
            made.append(escaped(line) + ":" * line.endswith(":"))
    return made


def escaped(text: str) -> str:
    """What reStructuredText would read as markup, outside `code`, with a backslash before it; single backticks become double."""
    parts = text.split("`")
    plain = [re.sub(r"([\\*|]|_(?!\w))", r"\\\1", part) for part in parts[::2]]
    code = [f"``{part}``" for part in parts[1::2]]
    return "".join(part for pair in zip(plain, [*code, ""], strict=False) for part in pair)


def process_docstring(*arguments: Any) -> None:
    """Write a docstring's lines anew, in place: they are the last of what Sphinx hands on."""
    arguments[-1][:] = as_rst(arguments[-1])


def process_signature(*arguments: Any) -> tuple[str | None, Any] | None:
    """A signature that can be parsed, and so is laid out: a default that a dataclass makes, `<factory>`, becomes `...`."""
    signature, returned = arguments[-2:]
    return (signature.replace("<factory>", "..."), returned) if signature else None


def setup(app: Any) -> None:
    """Connect what Sphinx is to ask."""
    app.connect("autodoc-process-docstring", process_docstring)
    app.connect("autodoc-process-signature", process_signature)
