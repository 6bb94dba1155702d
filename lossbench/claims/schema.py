"""Claims as data: `experiments/NAME/claims.yaml` read into values, every line of it checked."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from lossbench.claims.formula import is_number
from lossbench.claims.published import Published, published_of
from lossbench.errors import BadInput, unknown
from lossbench.files.yaml import read_yaml
from lossbench.registry import construct

FILE = "claims.yaml"
Verdict = Literal["holds", "differs", "within scatter", "no power"]
T = TypeVar("T")
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
LONE = "it"  # what a formula calls the score of a claim that has one


@dataclass(frozen=True, kw_only=True)
class Score:
    """A number for every run: of the runs that `of` names, the curve in `column`, and what is made of it.

    A column with a star stands for several, a layer or a class each; `across` makes one curve of them.
    """

    name: str = LONE
    of: Any = field(default_factory=dict)  # spec column → value, or several
    column: str
    across: str | None = None
    score: str = "final"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number for every seed: `value` is a formula over scores, pair by pair; along swept columns, `reduce` makes one of many.

    Formulas call what is swept x, and of two columns x and y. A score called cost has its ends there as cost_smallest and
    cost_largest.
    `over` says what is told of the seeds: median, mean, share, or the best of so many. `blocks` names the swept column
    whose values take the place of the seeds, where a claim is about tasks: `reduce` makes one number of the seeds of each.
    `over: rank correlation` holds the blocks' ranking by `value` to that by a second formula, `against`.
    """

    scores: tuple[Score, ...]
    value: str
    along: tuple[str, ...] | str | None = None
    reduce: str = "mean"
    over: str = "median"
    blocks: str | None = None
    against: str | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a source says, where it says so, how it is measured here, and the verdict that the repository records.

    `row` tells the rows of one claim apart. The tolerance is in units of the measure; of a curve it is the share of
    its points that must lie within the band of seeds. So are the `effect`, the smallest difference from what is published that
    would matter, and the `resolution`, the smallest that the measure can show.
    """

    claim: str
    row: str
    source: str
    location: str
    measured: Measure
    published: Published
    tolerance: float
    verdict: Verdict
    effect: float | None = None
    resolution: float = 0.0

    @property
    def name(self) -> str:
        """The claim in short, for messages."""
        return f"{self.claim} ({self.row})" if self.row else self.claim


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How learning rates are chosen where a score's runs have several: by the score of a column on tuning seeds.

    `score` is made of the column's curve as a claim's is: `final`, or `steps above 0.9` for the fastest rate.
    `seeds` counts them; None is the rule of `selection.tuning_seeds`.
    """

    by: str
    score: str = "final"
    seeds: int | None = None


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A claims file: its claims one by one, how rates are tuned, and its figures as they are written there.

    `general` says whether its report also has what every study's has: scoreboard, differences and figures.
    """

    name: str
    title: str
    claims: tuple[Claim, ...]
    figures: tuple[dict[str, Any], ...] = ()
    tuning: Tuning | None = None
    general: bool = True
    folder: Path


def read_experiment(folder: Path) -> Experiment:
    """The experiment in a folder. Raises BadInput where its claims cannot be read or lack something."""
    path = folder / FILE
    content = _content(path)
    known = {"title", "general", "tuning", "claims", "figures"}
    for key in sorted(content.keys() - known):
        raise BadInput(f"{path}: {unknown('part', key, known)}")
    written = [
        row for number, entry in enumerate(_listed(content, "claims", path), 1) for row in _rows(entry, f"{path}, claim {number}")
    ]
    return Experiment(
        name=folder.name,
        title=str(content.get("title") or folder.name.replace("_", " ")),
        claims=tuple(_claim(entry, f"{path}, {where}", folder) for entry, where in written),
        figures=tuple(_listed(content, "figures", path)),
        tuning=built(Tuning, content["tuning"], f"{path}, tuning") if content.get("tuning") else None,
        general=content.get("general") is not False,
        folder=folder,
    )


def _content(path: Path) -> dict[str, Any]:
    content = read_yaml(path)
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise BadInput(f"{path} wants a mapping with `title` and `claims`.")
    return dict(_named_by_text(content))


def _named_by_text(tree: Any) -> Any:
    """A tree of YAML whose keys are all text: seeds and truth values may be keys, and are looked up by what is written."""
    if isinstance(tree, dict):
        return {str(key): _named_by_text(value) for key, value in tree.items()}
    return [_named_by_text(item) for item in tree] if isinstance(tree, list) else tree


def _listed(content: Mapping[str, Any], key: str, path: Path) -> list[Any]:
    listed = content.get(key) or []
    if not isinstance(listed, list):
        raise BadInput(f"{path}: `{key}` wants a list, and got {str(listed)[:60]!r}.")
    return listed


def _rows(entry: Any, where: str) -> list[tuple[dict[str, Any], str]]:
    """An entry's rows, each laid over what the entry says for all of them; an entry without rows is one."""
    if not isinstance(entry, dict):
        raise BadInput(f"{where} wants a mapping with `claim`, `source`, `measured`, `published`, `tolerance` and `verdict`.")
    rows = entry.get("rows", [{}])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{where}: `rows` wants a list of mappings.")
    shared = {key: value for key, value in entry.items() if key != "rows"}
    where = where.rpartition("/")[2].partition(", ")[2]
    return [(laid_over(shared, row), f"{where} ({row.get('row', '')})") for row in rows] if "rows" in entry else [(shared, where)]


def laid_over(under: Any, over: Any) -> Any:
    """What `over` says, and where it says nothing, what `under` says; mappings within mappings likewise."""
    if isinstance(under, dict) and isinstance(over, dict):
        return {
            key: laid_over(under[key], over[key]) if key in under and key in over else over.get(key, under.get(key))
            for key in {**under, **over}
        }
    return over


def _claim(entry: Mapping[str, Any], where: str, folder: Path) -> Claim:
    wanted = {"claim", "source", "place", "measured", "published", "tolerance", "verdict"}
    possible = {*wanted, "row", "effect", "resolution"}
    for key in sorted(map(str, entry.keys() - possible)):
        raise BadInput(f"{where}: {unknown('part of a claim', key, {*possible, 'rows'})}")
    lacking = sorted(key for key in wanted if entry.get(key) in (None, ""))
    if lacking:
        raise BadInput(f"{where} has no {' and no '.join(lacking)}. A claim names all of: {', '.join(sorted(wanted))}.")
    if str(entry["verdict"]) not in VERDICTS:
        raise BadInput(f"{where}: {unknown('verdict', str(entry['verdict']), VERDICTS)}")
    effect = _size(entry, "effect", where) if "effect" in entry else None
    texts = {key: " ".join(str(entry.get(key) or "").split()) for key in ("claim", "row", "source")}
    return Claim(
        **texts,
        location=" ".join(str(entry["place"] or "").split()),
        measured=measure_of(entry["measured"], where),
        published=published_of(entry["published"], where, folder),
        tolerance=_size(entry, "tolerance", where),
        verdict=entry["verdict"],
        effect=effect,
        resolution=_size(entry, "resolution", where),
    )


def _size(entry: Mapping[str, Any], key: str, where: str) -> float:
    """A size in units of what is measured, 0 where none is given."""
    size = entry.get(key, 0)
    if not is_number(size) or not 0 <= size < math.inf:
        raise BadInput(f"{where}: {key} is {size!r}; it is a number, 0 or more, in units of what is measured.")
    return float(size)


def measure_of(content: Any, where: str) -> Measure:
    """A measure; one that has a `column` of its own is a single score."""
    if not isinstance(content, dict):
        raise BadInput(f"{where}: `measured` wants a mapping with a column, or with scores and a value.")
    given, of = dict(content), content.get("of") or {}
    given.pop("of", None)
    if "column" in given:
        lone = {key: given.pop(key) for key in ("column", "across", "score") if key in given}
        given = {"value": LONE, **given, "scores": {LONE: lone}}
    if not isinstance(of, dict):
        raise BadInput(f"{where}: `of` wants a mapping of columns to values, and got {str(of)[:60]!r}.")
    named = given.get("scores")
    if not isinstance(named, dict) or not named:
        raise BadInput(f"{where}: `measured` names nothing to measure: neither a column nor scores.")
    if "value" not in given and len(named) > 1:
        raise BadInput(f"{where}: `measured` has {len(named)} scores and no `value` that makes one number of them.")
    scores = [_score(str(name), score, of, where) for name, score in named.items()]
    return built(Measure, {"value": next(iter(named)), **given, "scores": scores}, where)


def _score(name: str, content: Any, of: Mapping[str, Any], where: str) -> Score:
    """A score; what the measure says of its runs holds for all its scores."""
    if not isinstance(content, dict):
        raise BadInput(f"{where}: the score {name!r} wants a mapping with a column, and got {content!r}.")
    own = content.get("of") or {}
    if not isinstance(own, dict):
        raise BadInput(f"{where}: `of` of the score {name!r} wants a mapping, and got {str(own)[:60]!r}.")
    return built(Score, {"name": name, **content, "of": {**of, **own}}, where)


def built(cls: type[T], content: Any, where: str) -> T:
    """A frozen value from what is written, every key checked. Raises BadInput with the nearest key, or what is lacking."""
    what = cls.__name__.lower()
    if not isinstance(content, Mapping):
        raise BadInput(f"{where}: a {what} wants a mapping and got {content!r}.")
    known = {field.name: field.default is MISSING and field.default_factory is MISSING for field in fields(cls)}  # type: ignore[arg-type]
    for name in content:
        if name not in known:
            raise BadInput(f"{where}: {unknown(f'part of a {what}', str(name), known)}")
    lacking = [name for name, needed in known.items() if needed and name not in content]
    if lacking:
        raise BadInput(f"{where}: a {what} needs {' and '.join(lacking)}.")
    try:
        return construct(cls, content)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error
