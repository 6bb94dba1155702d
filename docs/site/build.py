"""Build the documentation site: `python docs/site/build.py` writes static files into build/site, and fails for a dead link.

Pages are staged first, as they lie in the repository, so that links between them work there and here.
"""

import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from reference import pages as reference_pages
from sphinx.cmd.build import main as sphinx

HERE = Path(__file__).parent
HOUSE = HERE.parents[1]
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "docs/*.ipynb", "experiments/*/README.md")
LINK = re.compile(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)")


def stage(source: Path) -> None:
    """Copy every page, and what pages link to, into a folder, and add the pages that are made from the code."""
    todo = [path for pattern in PAGES for path in sorted(HOUSE.glob(pattern))]
    while todo:
        page = todo.pop()
        target = source / page.relative_to(HOUSE)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(page, target)
            todo += _linked(page)
    for report in source.glob("results/*/report.md"):
        report.write_text(report.read_text(encoding="utf-8").replace("\n", ": the report\n", 1), encoding="utf-8")
    shutil.copy(HERE / "index.md", source / "index.md")
    for name, text in reference_pages().items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")


def _linked(page: Path) -> Iterator[Path]:
    """Files of the repository that a page links to; the pages among them have links of their own."""
    if page.suffix == ".md":
        targets = ((page.parent / link.replace("\\", "")).resolve() for link in LINK.findall(page.read_text(encoding="utf-8")))
        yield from (target for target in targets if target.is_file() and target.is_relative_to(HOUSE))


def build(source: Path, site: Path) -> None:
    """Stage the pages and build them. Ends the program where Sphinx warns of anything."""
    for folder in (source, site):
        shutil.rmtree(folder, ignore_errors=True)
    source.mkdir(parents=True)
    stage(source)
    words = ["-q", "-W", "--keep-going", "-E", "-b", "html", "-c", str(HERE), "-d", str(source / ".doctrees")]
    if code := sphinx([*words, str(source), str(site)]):
        sys.exit(code)


if __name__ == "__main__":
    from links import faults

    made = HOUSE / "build" / "site"
    build(HOUSE / "build" / "site-source", made)
    importlib.import_module("lossbench.lab.page").write_lab(made / "lab.html")
    if dead := faults(made):
        sys.exit("\n".join(dead))
    print(made / "index.html")  # noqa: T201 a script's output
