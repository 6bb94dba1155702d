"""Claims files: what is written in them is what is read, and what is wrong in them is said."""

import re
from pathlib import Path
from textwrap import dedent, indent

import pytest

from lossbench.claims.experiments import experiments, find_experiment
from lossbench.claims.measurement import _ACROSS, _REDUCE
from lossbench.claims.published import Bound, Curve, Number, Span
from lossbench.claims.schema import read_experiment
from lossbench.errors import BadInput

CLAIM = {
    "claim": "it falls",
    "source": "somebody, 1999",
    "place": "table 1",
    "measured": "{column: test_accuracy}",
    "published": "0.5",
    "tolerance": "0.1",
    "verdict": "holds",
}


def written(tmp_path, text):
    folder = tmp_path / "falling"
    folder.mkdir(exist_ok=True)
    (folder / "claims.yaml").write_text(dedent(text))
    return folder


def entry(**changed):
    """One claim as YAML; None leaves a part out."""
    lines = [f"    {key}: {value}" for key, value in {**CLAIM, **changed}.items() if value is not None]
    return "claims:\n  -" + "\n".join(lines)[3:]


def test_a_claim_is_read_as_it_is_written(tmp_path):
    (claim,) = read_experiment(written(tmp_path, entry())).claims
    assert (claim.claim, claim.source, claim.location) == ("it falls", "somebody, 1999", "table 1")
    assert (claim.published, claim.tolerance, claim.verdict) == (Number(value=0.5), 0.1, "holds")
    (score,) = claim.measured.scores
    assert (score.column, score.score, claim.measured.value, claim.measured.over) == ("test_accuracy", "final", "it", "median")


def test_rows_are_laid_over_what_their_claim_says_for_all(tmp_path):
    rows = "[{row: a, measured: {of: {seed: 1}}}, {row: b, published: 2, measured: {score: best}}]"
    read = read_experiment(written(tmp_path, entry(measured="{of: {batch: 8}, column: loss}", rows=rows))).claims
    assert [claim.row for claim in read] == ["a", "b"]
    assert [claim.published for claim in read] == [Number(value=0.5), Number(value=2.0)]
    assert [claim.measured.scores[0].of for claim in read] == [{"batch": 8, "seed": 1}, {"batch": 8}]
    assert [claim.measured.scores[0].score for claim in read] == ["final", "best"]


def test_what_a_measure_says_of_its_runs_holds_for_all_its_scores(tmp_path):
    measured = "{of: {batch: 8}, scores: {a: {of: {loss: ce}, column: x}, b: {of: {batch: 4}, column: y}}, value: a - b}"
    (claim,) = read_experiment(written(tmp_path, entry(measured=measured))).claims
    assert {score.name: score.of for score in claim.measured.scores} == {"a": {"batch": 8, "loss": "ce"}, "b": {"batch": 4}}


@pytest.mark.parametrize(
    ("text", "read"),
    [("3", Number(value=3.0)), ("[1, 2.5]", Span(low=1.0, high=2.5)), ("'> 0'", Bound(side=">", value=0.0))],
)
def test_published_is_a_number_a_range_or_a_bound(tmp_path, text, read):
    (claim,) = read_experiment(written(tmp_path, entry(published=text))).claims
    assert claim.published == read


def test_a_published_curve_is_read_through_formulas_over_its_columns(tmp_path):
    folder = written(tmp_path, entry(published="{file: curve.csv, x: 10 * (epoch + 1), y: right / 100}"))
    (folder / "curve.csv").write_text("epoch,right\n0,50\n1,75\n")
    (claim,) = read_experiment(folder).claims
    assert isinstance(claim.published, Curve)
    assert claim.published.x.tolist() == [10, 20]
    assert claim.published.y.tolist() == [0.5, 0.75]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (entry(source=None), r"claim 1 has no source\. A claim names all of: "),
        (entry(tolerance=None), "claim 1 has no tolerance"),
        (entry(tolerance="-1"), "tolerance is -1; it is a number, 0 or more"),
        (entry(tolerance="true"), "tolerance is True"),
        (entry(verdict="hold"), "No verdict is called 'hold'. Did you mean 'holds'"),
        (entry(sorce="x"), "No part of a claim is called 'sorce'. Did you mean 'source'"),
        (entry(published="about 3"), "published is 'about 3'. It is a number, a range"),
        (entry(published="'> 1.2.3'"), "published is '> 1.2.3'"),
        (entry(published="[1, a]"), "published is "),
        (entry(published="{file: /etc/passwd, x: a, y: b}"), "leads out of"),
        ("claims: 3", "`claims` wants a list"),
        ("figures: text", "`figures` wants a list"),
        ("claims: [{rows: 3}]", "`rows` wants a list of mappings"),
        (entry(measured="{column: test_accuracy, of: 3}"), "`of` wants a mapping"),
        (entry(published="[2, 1]"), r"published is \[2, 1\]"),
        (entry(published="{file: none.csv, x: a, y: b}"), "none.csv cannot be read as CSV"),
        (entry(measured="accuracy"), "`measured` wants a mapping"),
        (entry(measured="{over: median}"), "names nothing to measure"),
        (entry(measured="{colum: loss}"), "names nothing to measure"),
        (entry(measured="{column: loss, scor: best}"), "No part of a measure is called 'scor'"),
        (entry(measured="{scores: {a: {column: x}, b: {column: y}}}"), "has 2 scores and no `value`"),
        (entry(measured="{scores: {a: {of: {}}}, value: a}"), "a score needs column"),
        (entry(measured="{column: loss, over: 3}"), "over wants a word and got 3"),
        ("claims: [3]", "claim 1 wants a mapping"),
        ("clams: []", "No part is called 'clams'. Did you mean 'claims'"),
        ("- 1", "wants a mapping with `title` and `claims`"),
        ("claims: [", "cannot be read as YAML"),
        ("tuning: {bye: x}\nclaims: []", "No part of a tuning is called 'bye'"),
    ],
)
def test_what_is_wrong_in_a_claims_file_is_said(tmp_path, text, said):
    with pytest.raises(BadInput, match=said):
        read_experiment(written(tmp_path, text))


def test_an_experiment_without_claims_file_is_refused_with_its_path(tmp_path):
    with pytest.raises(BadInput, match=r"claims\.yaml cannot be read"):
        read_experiment(tmp_path)


def test_your_own_experiments_stand_before_ours(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    written(tmp_path / "experiments", "title: Mine\nclaims: []")
    monkeypatch.chdir(tmp_path)
    assert "falling" in experiments()
    assert find_experiment("falling").title == "Mine"
    with pytest.raises(BadInput, match="Did you mean 'falling'"):
        find_experiment("fallin")


def test_the_page_shows_claims_as_they_are_read(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "claims.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    whole = [block if "claims:" in block else entry(measured=None) + "\n" + indent(block, 4 * " ") for block in blocks]
    read = [read_experiment(written(tmp_path, text)).claims for text in whole]
    assert [len(claims) for claims in read] == [1, 1, 1, 2]
    assert read[1][0].measured.value == "log(entropy / squared)"
    told = page.split("## A measure")[1]
    for word in [*_ACROSS, *_REDUCE]:
        assert f"`{word}" in told, word
