"""A comparison as a page, as Markdown, as LaTeX and on a terminal: the same content four times."""

import base64
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lossbench.analysis import formatting
from lossbench.analysis.labels import title
from lossbench.comparison.budget import more_rates, settings_each
from lossbench.comparison.figures import key
from lossbench.comparison.outcome import Outcome
from lossbench.comparison.request import ComparisonRequest
from lossbench.comparison.tuning import spoken_value
from lossbench.data.loading import describe
from lossbench.errors import counted, printable
from lossbench.plots.picture import Picture
from lossbench.tables.classes import names_of, spoken_classes

_MARKUP = re.compile(r"[|<>*`_\[\]\\]")
_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {c: f"\\{c}" for c in "&%$#_{}"}
Row = list[str]


def standings(outcome: Outcome) -> tuple[Row, list[Row]]:
    """Head and rows of the scoreboard, as text."""
    board = outcome.scoreboard()
    tuned = list(board.columns[list(board.columns).index("final") + 1 :])
    head = ["loss", f"test {outcome.quantity.title}", "95 % interval", "learning rate", *map(title, tuned), "seeds"]
    if outcome.early:
        head.append("at the last step")
    rows = []
    for row in board.to_dict("records"):
        spread = "" if row["lowest rate"] == row["highest rate"] else f" ({row['lowest rate']:g} to {row['highest rate']:g})"
        interval = f"{outcome.value(row['low'])} to {outcome.value(row['high'])}"
        cells = [str(row["loss"]), outcome.value(row[outcome.metric]), interval, f"{row['rate']:g}{spread}"]
        cells += [*(str(row[name]) for name in tuned), str(row["seeds"])]
        rows.append([*cells, outcome.value(row["final"])] if outcome.early else cells)
    return head, rows


def differences(outcome: Outcome) -> tuple[Row, list[Row]]:
    """Head and rows of the verdicts, as text."""
    head = ["pair", "the first is better by", "interval", "verdict"]
    rows = []
    for pair in outcome.pairs:
        verdict = pair.verdict
        more = "" if verdict.more is None else f"; {_more(verdict.more)}"
        interval = f"{_signed(verdict.low, outcome)} to {_signed(verdict.high, outcome)}"
        rows.append([f"{pair.first} – {pair.second}", _signed(verdict.mean, outcome), interval, f"{verdict.outcome}{more}"])
    return head, rows


def protocol(outcome: Outcome, request: ComparisonRequest) -> str:
    """How it was found out, in a paragraph."""
    pairs = formatting.counted(len(outcome.pairs), "pair")
    return (
        f"{_budget(request)} {_splits(outcome, request)} {_spread(outcome)}"
        f"Intervals of differences hold together with 95{formatting.SPACE}% (Student's t, Bonferroni over {pairs}). Differences "
        f"of up to {_plain(outcome.margin, outcome)} do not matter: where the whole interval lies within, two losses are "
        f"practically the same. All of it is about seeds on this data set, not about other data sets.{_classes(request)}"
    )


def _budget(request: ComparisonRequest) -> str:
    """What each loss could choose among, in sentences."""
    rates = ", ".join(f"{rate:g}" for rate in request.rates)
    shared = f"Each loss had the same {formatting.counted(len(request.rates), 'learning rate')} ({rates})"
    if not request.tune:
        return f"{shared}."
    tried = "; ".join(f"{title(name)}: {', '.join(map(spoken_value, values))}" for name, values in request.tune.items())
    budget = f"{shared}, and with them {tried}; that is {settings_each(request.trials, request.tune)} settings a loss."
    more = more_rates(request.trials, request.rates, request.tune)
    return f"{budget} {more}" if more else budget


def _splits(outcome: Outcome, request: ComparisonRequest) -> str:
    """How data were parted, and what chose and judged, in sentences."""
    chosen = "rate, setting" if request.tune else "rate"
    what = f"{chosen} and step were" if request.early else f"{'rate and setting were' if request.tune else 'rate was'}"
    chose = (
        f"its {what} chosen by {outcome.quantity.title} on validation data, "
        f"{100 * request.validation:g}{formatting.SPACE}% of the training part; test data, which chose nothing, judge."
    )
    if request.folds is None:
        return f"In each of {request.seeds} seeds, which draw split, start and order, {chose} Seeds are paired."
    return (
        f"Each of {request.seeds} seeds parts the data into {request.folds} folds, and draws start and order. On each fold, "
        f"which tests the networks that the others train, {chose} Folds of a seed share training data and are no independent "
        "witnesses: what counts is a seed's mean over its folds. Seeds are paired."
    )


def _spread(outcome: Outcome) -> str:
    """What a rate with two others in brackets is, with a space after it; "" where each loss had the same one for every split."""
    if all(len({choice.rate for choice in one.chosen}) == 1 for one in outcome.contestants):
        return ""
    return "A loss's learning rate is the one chosen most often; in brackets stand the lowest and the highest. "


def _classes(request: ComparisonRequest) -> str:
    """The names of the classes, which of two is the positive one, or of what several errors are means; "" where neither is."""
    shape = describe(request.dataset).shape
    if shape.task == "regression" and shape.targets > 1:
        return (
            f" What judges is the plain mean over {shape.targets} targets, each in standard deviations of the training data, so "
            "that no unit outweighs another."
        )
    names = names_of(shape.classes)
    called = "Labels" if shape.task == "multilabel" else "Classes"
    return f" {called}: {spoken_classes(names, shape.task)}." if names else ""


def terminal(outcome: Outcome) -> str:
    """For a terminal: verdict, tables, what to use."""
    parts = [*outcome.sentences(), "", *_aligned(standings(outcome)), "", *_aligned(differences(outcome)), ""]
    return printable("\n".join([*parts, outcome.recommendation()]))


def summary(outcome: Outcome) -> str:
    """For a Python session: the verdict and the scoreboard."""
    return printable("\n".join([*outcome.sentences(), "", *_aligned(standings(outcome))]))


def _aligned(table: tuple[Row, list[Row]]) -> list[str]:
    """The lines of a table, its columns as wide as what they hold."""
    head, rows = table
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]


def markdown(outcome: Outcome, request: ComparisonRequest, command: str) -> str:
    """The page as Markdown."""
    lines = [f"# {' '.join(outcome.sentences()[:1])}", "", *(f"* {one}" for one in outcome.sentences()[1:]), ""]
    for head, rows in (standings(outcome), differences(outcome)):
        lines += [_cells(head), _cells(["---"] * len(head)), *(_cells(row) for row in rows), ""]
    return "\n".join([*lines, outcome.recommendation(), "", protocol(outcome, request), "", f"    {command}", ""])


def latex(outcome: Outcome, request: ComparisonRequest, sources: Sequence[str]) -> str:
    """Two tables for a paper that loads the package booktabs; `sources` are comments, such as the command and provenance."""
    parts = [f"% {printable(line)}" for line in (*outcome.sentences(), *sources)]
    captions = ("Test data, means over seeds.", protocol(outcome, request))
    for (head, rows), caption in zip((standings(outcome), differences(outcome)), captions, strict=True):
        columns = "l" + "r" * (len(head) - 2) + "l"
        body = [" & ".join(map(_tex, row)) + r" \\" for row in [head, *rows]]
        parts += [r"\begin{table}", r"\centering", f"\\begin{{tabular}}{{{columns}}}", r"\toprule", body[0], r"\midrule"]
        parts += [*body[1:], r"\bottomrule", r"\end{tabular}", f"\\caption{{{_tex(caption)}}}", r"\end{table}"]
    return "\n".join(parts) + "\n"


def html(outcome: Outcome, request: ComparisonRequest, command: str, pictures: Sequence[Picture]) -> bytes:
    """One page that needs nothing else."""
    page = _templates().get_template("comparison.html.jinja").render(
        verdict=outcome.sentences(), standings=standings(outcome), differences=differences(outcome), command=command,
        recommendation=outcome.recommendation(), protocol=protocol(outcome, request), name=request.study,
        key=key(outcome), pictures=[(picture.title, _as_address(picture.svg)) for picture in pictures],
        style=Markup((files("lossbench") / "report/templates/report.css").read_text(encoding="utf-8")),  # noqa: S704 our own
    )  # fmt: skip
    return page.encode(errors="replace")


def _as_address(svg: bytes) -> Markup:
    """A figure as the address of an image, which the page holds itself."""
    return Markup(f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}")  # noqa: S704 base64 holds no markup


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("lossbench.comparison"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: Callable[[Any], str] = lambda text: printable(str(text))  # noqa: E731
    environment.finalize = lambda value: value if isinstance(value, Markup) else shown(value)
    return environment


def _cells(row: Row) -> str:
    """A row of a Markdown table, in which no cell is markup."""
    return f"| {' | '.join(_MARKUP.sub(_escaped, printable(cell)) for cell in row)} |"


def _escaped(match: re.Match[str]) -> str:
    return f"\\{match[0]}"


def _tex(text: str) -> str:
    text = "".join(_LATEX.get(letter) or _greek(letter) for letter in printable(text))
    return text.replace("−", "$-$").replace("–", "--").replace("²", "$^2$").replace(formatting.SPACE, "~")


def _greek(letter: str) -> str:
    """A small Greek letter as LaTeX writes it; any other letter as it is."""
    name = unicodedata.name(letter, "").removeprefix("GREEK SMALL LETTER ")
    return f"$\\{name.lower()}$" if "α" <= letter <= "ω" and name.isalpha() else letter


def _signed(value: float, outcome: Outcome) -> str:
    return formatting.signed(value, lambda size: _plain(size, outcome))


def _plain(value: float, outcome: Outcome) -> str:
    return f"{formatting.number(100 * value)} points" if outcome.quantity.share else formatting.number(value)


def _more(more: float) -> str:
    return "more seeds would not tell" if more == float("inf") else f"about {counted(int(more), 'more seed')} would tell"
