"""Links of a built site that lead nowhere, and addresses that a page would fetch from elsewhere."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"), ("object", "data")}


class Page(HTMLParser):
    """The links, anchors and fetched addresses of one page."""

    def __init__(self, path: Path) -> None:
        """Read the page that lies at a path."""
        HTMLParser.__init__(self)
        self.links: list[str] = []
        self.anchors: set[str] = {"", "top"}
        self.fetched: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what an element names."""
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            if (tag, name) in FETCHED:
                self.fetched.append(value)
            if (tag, name) in FETCHED | {("a", "href")}:
                self.links.append(value)


def faults(folder: Path) -> list[str]:
    """A sentence for each link that leads to no file or anchor in the folder, and for each thing fetched from outside it."""
    pages = {path.resolve(): Page(path) for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts}
    told = []
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        told += [f"{name} fetches {address}" for address in page.fetched if urlsplit(address).netloc]
        told += [f"{name} links to {address}" for address in page.links if not _leads(path, address, pages)]
    return told


def _leads(path: Path, address: str, pages: dict[Path, Page]) -> bool:
    """Whether a link of the page at a path leads somewhere; addresses on the web are taken for granted."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.is_file() and not parts.fragment
    return target.name in {"lab.html", "search.html"} or unquote(parts.fragment) in pages[target].anchors
