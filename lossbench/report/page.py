"""The page, as HTML and as Markdown: the same content through two templates."""

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lossbench.analysis import formatting
from lossbench.analysis.results import Results
from lossbench.analysis.statistics import FEWEST
from lossbench.claims.text import Line
from lossbench.diagnosis.rendering import LEARNS, read_explanations, terms
from lossbench.errors import printable
from lossbench.plots.captioned import Caption, CaptionedFigure
from lossbench.plots.picture import Picture
from lossbench.report import invocations, tables
from lossbench.report.caveats import reservations
from lossbench.report.classes import class_facts
from lossbench.report.contents import anchored, contents
from lossbench.report.edges import at_edges
from lossbench.report.explorer.page_part import explorer
from lossbench.report.figures import OVERVIEW
from lossbench.report.summary import summary
from lossbench.report.verdict import verdict
from lossbench.tables import Study

_PATH, _DIGITS = re.compile(rb'\sd="[^"]*"'), re.compile(rb"(\.\d\d)\d+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|!~$])")


@dataclass(frozen=True, kw_only=True)
class Argument:
    """What an experiment puts on its report's page before everything else: its title and its judged claims."""

    title: str
    lines: tuple[Line, ...]


def content(study: Study, captioned: Sequence[CaptionedFigure], tables: Sequence[str]) -> dict[str, Any]:
    """What the templates say of any study; `tables` are the names of the CSV files."""
    groups = read_explanations(study.folder)
    explanations = [row for row in groups if row["answer"] != LEARNS]
    return {
        "name": str(study.manifest.get("name", study.folder.name)),
        "argument": None,
        "alone": False,
        "captioned": captioned,
        "tables": tables,
        "invocations": invocations.told_once(invocations.invocations(study.folder, study.runs)),
        "fingerprints": invocations.fingerprints(study.runs),
        "warnings": [],
        "verdict": "",
        "explorer": None,
        "summary": (),
        "reservations": (),
        "explanations": explanations,
        "causes": f"{_share(explanations, groups)} {_causes(explanations)}",
        "terms": terms([row["verdict"] for row in explanations]),
        "facts": (),
        "key": (),
        "scoreboard": (),
        "differences": (),
    }


def _share(explanations: Sequence[Any], groups: Sequence[Any]) -> str:
    return f"Of {formatting.counted(len(groups), 'group')} {len(explanations):,} do not learn well."


def _causes(explanations: Sequence[Mapping[str, str]]) -> str:
    """How many groups have which cause: "Wrong labels: 120 groups. Unknown: 3 groups."."""
    counts = Counter(row["answer"] for row in explanations).most_common()
    return " ".join(f"{formatting.capitalised(answer)}: {formatting.counted(n, 'group')}." for answer, n in counts)


def comparison(results: Results) -> dict[str, Any]:
    """What the templates say of losses that are compared."""
    return {
        "warnings": at_edges(results.edges),
        "verdict": verdict(results),
        "explorer": explorer(results),
        "summary": summary(results),
        "reservations": reservations(results),
        "facts": (*results.everything.facts, *class_facts(results.study)),
        "key": tables.key(results),
        "scoreboard": tables.scoreboard(results),
        "differences": tables.differences(results),
        "swept": results.everything.swept,
        "intervals": results.chosen.blocks >= FEWEST,
        "mixed": min(len(sample.seeds) for sample in results.chosen.samples) < FEWEST <= results.chosen.blocks,
        "several_seeds": results.everything.blocks > 1,
        "splits": results.everything.splits > 1,
        "family": tables.family(results),
    }


def unrepeated(captioned: Sequence[CaptionedFigure], summary: Sequence[Caption]) -> list[CaptionedFigure]:
    """The figures without the sentences that the summary has already."""
    known = {caption.text for caption in summary}
    return [replace(figure, captions=[one for one in figure.captions if one.text not in known]) for figure in captioned]


def ordered(page: dict[str, Any]) -> dict[str, Any]:
    """The page's figures by their anchors, and its table of contents."""
    whole = {**page, "overview": OVERVIEW, "figures": anchored(page["captioned"])}
    return {**whole, "sections": contents(whole)}


def html(page: dict[str, Any]) -> bytes:
    """One page that needs nothing else: pictures are inside, every text is escaped."""
    return _html().get_template("report.html.jinja").render(page).encode(errors="replace")


def markdown(page: dict[str, Any]) -> bytes:
    """The same, with the pictures as files beside it."""
    return _markdown().get_template("report.md.jinja").render(page).encode(errors="replace")


def embedded(picture: Picture) -> Markup:
    """The picture as an address that holds it, its paths to a hundredth of a point: a page of many figures is a third smaller."""
    short = _PATH.sub(lambda path: _DIGITS.sub(rb"\1", path[0]), picture.svg)
    return Markup(f"data:image/svg+xml;base64,{base64.b64encode(short).decode()}")  # noqa: S704 base64 holds no markup


def plain(value: Any) -> Any:
    """Text that Markdown would read as markup, or HTML as tags, made to stand for itself."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = printable(" ".join(value.split())).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", text)


def unbroken(text: str) -> str:
    """Text whose per cent signs and equations stay in one line."""
    space = formatting.SPACE
    return text.replace(" %", f"{space}%").replace(" × ", f"{space}×{space}").replace(" = ", f"{space}={space}")


def visible(value: Any) -> Any:
    """Text without characters that cannot be seen, and would hide or turn round what stands beside them."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _html() -> Environment:
    environment = Environment(
        loader=_loader(), autoescape=True, finalize=visible, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"embedded": embedded, "capitalised": formatting.capitalised, "unbroken": unbroken}
    return environment


@cache
def _markdown() -> Environment:
    environment = Environment(
        loader=_loader(),
        autoescape=False,  # noqa: S701 Markdown is escaped by `plain`
        finalize=plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["capitalised"] = formatting.capitalised
    return environment


def _loader() -> PackageLoader:
    return PackageLoader("lossbench.report", "templates")
