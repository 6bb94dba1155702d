"""A check in somebody's CI: what its reports say, read back by other programs' readers, and what a baseline accepts."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from lossbench.audit.check.faults import REASONS
from lossbench.commands.cli import answer

UNSAFE = '''"""A loss that saturates."""
import torch


def unsafe(z, y):
    """Cross entropy whose probabilities round to 0 and 1."""
    return -torch.log(torch.where(y > 0.5, torch.sigmoid(z), 1 - torch.sigmoid(z)).clamp_min(1e-7))
'''
# What the schema of SARIF 2.1.0 requires of each object that a report of ours has, and the words that it allows.
REQUIRED = {
    "": ("version", "runs"),
    "runs": ("tool",),
    "tool": ("driver",),
    "driver": ("name",),
    "rules": ("id",),
    "results": ("message",),
    "message": ("text",),
    "shortDescription": ("text",),
    "suppressions": ("kind",),
    "invocations": ("executionSuccessful",),
    "toolExecutionNotifications": ("message",),
}
ALLOWED = {
    "level": {"none", "note", "warning", "error"},
    "kind": {"inSource", "external"},
    "columnKind": {"utf16CodeUnits", "unicodeCodePoints"},
}


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Check the losses of a module in the current folder; the exit code and what was printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = f"checked_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(UNSAFE)

    def run(*arguments: str) -> tuple[int, str]:
        code = answer(["audit", *(word.replace("MODULE", name) for word in arguments), "--check"])
        return code, capsys.readouterr().out.replace(name, "MODULE")

    return run


@pytest.mark.slow
def test_junit_counts_every_case_and_shows_the_fault(check, tmp_path):
    code, _ = check("MODULE:unsafe", "hinge", "--format", "junit", "-o", str(tmp_path / "audit.xml"))
    root = ET.parse(tmp_path / "audit.xml").getroot()  # noqa: S314 - written here
    cases = list(root.iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None]
    assert code == 1
    assert [case.get("name") for case in failed] == ["numerics"]
    assert "value in float32 is wrong at z = " in failed[0].find("failure").get("message")
    for element in (root, *root.iter("testsuite")):
        assert int(element.get("tests")) == len(list(element.iter("testcase")))
        assert int(element.get("failures")) == len(list(element.iter("failure")))
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)


@pytest.mark.slow
def test_sarif_has_what_its_schema_requires_and_names_the_line(check):
    code, text = check("MODULE:unsafe", "--format", "sarif")
    report = json.loads(text)
    (run,) = report["runs"]
    (result,) = run["results"]
    assert code == 1
    assert report["version"] == "2.1.0"
    assert faults_of_schema(report) == []
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "numerics"
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("MODULE.py", 5)


def faults_of_schema(node, name=""):
    """What a SARIF report lacks of REQUIRED, or says outside ALLOWED."""
    if isinstance(node, list):
        return [fault for item in node for fault in faults_of_schema(item, name)]
    if not isinstance(node, dict):
        return [f"{name}: {node}"] if node not in ALLOWED.get(name, {node}) else []
    lacking = [f"{name} lacks {key}" for key in REQUIRED.get(name, ()) if key not in node]
    return lacking + [fault for key, item in node.items() for fault in faults_of_schema(item, key)]


@pytest.mark.slow
def test_github_shows_an_annotation_at_the_line(check):
    code, text = check("MODULE:unsafe", "--format", "github")
    first, last = text.splitlines()
    assert code == 1
    assert first.startswith(
        "::error file=MODULE.py,line=5,title=MODULE%3Aunsafe · sigmoid%3A numerics::MODULE:unsafe · sigmoid: "
    )
    assert last.startswith("::notice ")


@pytest.mark.slow
def test_a_baseline_accepts_what_it_holds_and_nothing_else(check, tmp_path):
    baseline = ("--baseline", "audit-baseline.json")
    assert check("MODULE:unsafe", *baseline)[0] == 2  # there is none yet
    assert check("MODULE:unsafe", *baseline, "--write-baseline")[0] == 0
    code, text = check("MODULE:unsafe", *baseline)
    assert code == 0
    assert text.endswith("1 accepted by the baseline.\n")
    suppressed = json.loads(check("MODULE:unsafe", *baseline, "--format", "sarif")[1])["runs"][0]["results"]
    assert [result["suppressions"][0]["kind"] for result in suppressed] == ["external"]
    skipped = ET.fromstring(check("MODULE:unsafe", *baseline, "--format", "junit")[1])  # noqa: S314 - written here
    assert (skipped.get("skipped"), skipped.get("failures")) == ("1", "0")
    code, text = check("hinge", *baseline)
    assert code == 0
    assert text.replace("\N{NO-BREAK SPACE}", " ") == "1 card checked, 0 faults, 1 in the baseline that are gone.\n"
    path = tmp_path / "audit-baseline.json"
    path.write_text(path.read_text().replace("value in float32", "value in float64"))
    assert check("MODULE:unsafe", *baseline)[0] == 1
    path.write_text("[]")
    assert check("MODULE:unsafe", *baseline)[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize("words", [("hing",), ("hinge", "--write-baseline"), ("hinge", "--fail-on", "nothing"), ("MODULE:nix",)])
def test_what_cannot_be_checked_is_bad_input(check, words):
    assert check(*words)[0] == 2


def test_formats_belong_to_a_check(capsys):
    assert answer(["audit", "hinge", "--format", "sarif"]) == 2
    assert "give --check, too" in capsys.readouterr().err


def test_the_documentation_says_every_reason_in_the_same_words():
    page = (Path(__file__).parents[2] / "docs/ci.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, flags=re.MULTILINE))
    assert rows.keys() == REASONS.keys()
    exact = {reason: text for reason, text in REASONS.items() if reason not in ("claim", "incomplete")}
    assert all(rows[reason].casefold() == text.removesuffix(".").casefold() for reason, text in exact.items())
