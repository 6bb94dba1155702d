"""The report: self-contained, the same for the same records, safe with any text, whole for any study."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pandas as pd
import pytest

from lossbench.errors import BadInput, Failure
from lossbench.report.explorer.library import drawing_library
from lossbench.report.study_report import write_report

EVIL = "<script>alert(1)</script> & $\\nonsense$ | *b* [l](http://e.vil) \N{CJK UNIFIED IDEOGRAPH-8868}\n# h"


class Page(HTMLParser):
    """Tags, addresses and text of a page, less its scripts'."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.text = [], [], ""
        self.feed(re.sub(r"(<script[^>]*>).*?</script>", r"\1</script>", text, flags=re.DOTALL))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def files(folder):
    """Everything that a report wrote."""
    own = [folder / "report.html", folder / "report.md", *folder.glob("figures/*"), *folder.glob("tables/*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in own}


def losses(made, **changed):
    return [made.learn(loss=loss, seed=seed, **changed) for loss in (made.CE, made.MSE) for seed in range(2)]


STUDIES = {
    "one run": lambda made: [made.learn()],
    "one loss": lambda made: [made.learn(seed=seed) for seed in range(6)],
    "one seed": lambda made: losses(made)[::2],
    "every run diverged": lambda made: [run.diverged(5) for run in losses(made)],
    "every run diverged at once": lambda made: [run.diverged(0) for run in losses(made)],
    "own loss only": lambda made: [run.only("train_loss") for run in losses(made)],
    "nothing recorded": lambda made: [run.only() for run in losses(made)],
    "regression": lambda made: [run.regression() for run in losses(made, dataset__word="diabetes")],
    "two tasks": lambda made: [*losses(made), *(run.regression() for run in losses(made, dataset__word="diabetes"))],
    "rates without a measure": lambda made: [
        r.only("output_slope") for rate in (0.1, 0.2) for r in losses(made, optimizer__lr=rate)
    ],
    "a loss that is missing in a setting": lambda made: [*losses(made), *losses(made, batch=8)[:2]],
    "three losses on three data sets": lambda made: [
        made.learn(loss={"word": word, "link": "sigmoid"}, dataset__word=data, seed=seed).only("test_accuracy")
        for word in ("focal", "hinge", "savage")
        for data in "abc"
        for seed in range(2)
    ],
    "the measure of a loss": lambda made: [r.only("test_brier") for rate in (0.1, 0.2) for r in losses(made, optimizer__lr=rate)],
    "different probes": lambda made: [losses(made)[0], losses(made)[2].only("test_accuracy", "train_loss")],
    "different schedules": lambda made: [losses(made)[0], losses(made)[1].diverged(4)],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_a_report(name, made, tmp_path):
    folder = made.write(tmp_path / "study", STUDIES[name](made))
    page = Page(write_report(folder).page.read_text())
    assert page.tags.count("img") == len(list(folder.glob("figures/*.svg"))) == len(list(folder.glob("figures/*.png")))
    assert not re.search(r"\b(nan|None|inf)\b", page.text)
    assert not re.search(r"\b(nan|None|inf)\b", (folder / "report.md").read_text())


def test_a_page_needs_nothing_else(demo):
    page = Page((demo / "report.html").read_text())
    assert page.tags.count("img") == 8
    assert not {"link", "iframe", "object"} & set(page.tags)
    inner = ("data:image/svg+xml;base64,", "figures/", "tables/", "#")
    assert [address for address in page.addresses if not address.startswith(inner)] == []
    assert all((demo / address).is_file() for address in page.addresses if not address.startswith(("data:", "#")))
    ours = (demo / "report.html").read_text().replace(drawing_library(), "")
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org|purl\.org|creativecommons|vega\.github\.io/schema)", ours)


def test_contents_lead_to_every_section(demo):
    page = (demo / "report.html").read_text().replace(drawing_library(), "")
    listed = re.findall(r'<li><a href="#([\w-]+)">', page)
    assert listed == re.findall(r'<section id="([\w-]+)"', page)
    assert listed.index("scoreboard") < listed.index("figure-2") < listed.index("settings")


def test_the_policy_runs_the_two_scripts_of_the_page_and_no_other(demo):
    page = (demo / "report.html").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "unsafe-inline" not in policy.partition("script-src")[2]
    assert "unsafe-eval" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.findall(r"'sha256-([^']*)'", policy) == hashes
    assert len(hashes) == 2


def test_markdown_says_what_the_page_says(demo):
    page, text = Page((demo / "report.html").read_text()), (demo / "report.md").read_text()
    for heading in (
        "Scoreboard",
        "Differences, seed by seed",
        "Convergence",
        "Where the gradient goes missing",
        "How this was made",
    ):
        assert heading in page.text
        assert f"## {heading}" in text
    assert re.findall(r"!\[.*\]\((.*)\)", text) == [
        f"figures/{name}.svg"
        for name in ("overview", "rates", "untuned", "convergence", "profiles", "factors", "gradients", "saturation")
    ]


@pytest.mark.slow
def test_the_same_records_give_the_same_bytes(demo):
    before = files(demo)
    for path in [*demo.glob("figures/*"), *demo.glob("tables/*")]:
        path.unlink()
    write_report(demo)
    assert files(demo) == before
    assert len(before) == 2 + 8 * 2 + 5


@pytest.mark.slow
def test_the_order_of_storage_changes_no_byte(made, tmp_path):
    runs = [
        made.learn(loss=loss, seed=seed, optimizer__lr=rate)
        for loss in (made.CE, made.MSE)
        for seed in (0, 1)
        for rate in (0.1, 0.3)
    ]
    reports = []
    for place, stored in (("a", runs), ("b", runs[::-1])):
        folder = made.write(tmp_path / place / "study", stored)
        write_report(folder)
        reports.append(files(folder))
    assert reports[0] == reports[1]


@pytest.mark.slow
def test_text_from_data_or_config_is_never_markup(made, tmp_path):
    invocation = {"words": [f"dataset={EVIL}"], "provenance": {EVIL: {EVIL: EVIL}, "commit": {"hash": EVIL, "changed": True}}}
    runs = [
        made.learn(
            loss={"word": word, "link": "sigmoid"}, dataset__word=data, init={"word": EVIL, EVIL: EVIL}, optimizer__word=data
        )
        for word in ("cross_entropy", EVIL)
        for data in ("iris", EVIL)
    ]
    folder = made.write(tmp_path / EVIL.replace("/", "")[:40].strip(), runs, invocation)
    html = write_report(folder).page.read_text()
    page = Page(html)
    assert page.tags.count("script") == 3  # the records, the library and the program
    assert not any("e.vil" in address for address in page.addresses)
    assert page.text.count("<script>alert(1)</script>") > 4
    text = (folder / "report.md").read_text()
    assert "<script" not in text
    assert "[l](" not in text
    assert not re.search(r"^# h", text, re.MULTILINE)
    assert all(b"<script" not in path.read_bytes() for path in folder.glob("figures/*.svg"))


@pytest.mark.slow
def test_a_spreadsheet_runs_nothing_from_a_table(made, tmp_path):
    folder = made.write(tmp_path / "study", [made.learn(dataset__word=word).only("test_accuracy") for word in ("=1+1", "@x")])
    write_report(folder)
    assert set(pd.read_csv(folder / "tables" / "scores.csv")["setting"]) == {"'=1+1", "'@x"}


def test_tables_hold_what_the_page_says(demo):
    board = pd.read_csv(demo / "tables" / "scoreboard.csv")
    scores = pd.read_csv(demo / "tables" / "scores.csv")
    assert len(scores) == 16
    for row in board.itertuples():
        own = scores[(scores.setting == row.setting) & (scores.loss == row.loss)]
        assert row.final_median == pytest.approx(own.final.median())
        assert row.learning_rate == own.learning_rate.unique().item()
    assert set(pd.read_csv(demo / "tables" / "differences.csv")["score"]) == {"test_accuracy", "steps_to_level"}
    profiles = pd.read_csv(demo / "tables" / "profiles.csv")
    for (setting, loss), line in profiles.groupby(["setting", "loss"]):
        own = scores[(scores.setting == setting) & (scores.loss == loss)].steps_to_level
        assert line.share.tolist() == [(own <= step).mean() for step in line.steps]
    assert pd.read_csv(demo / "tables" / "rates.csv").groupby(["setting", "loss"])["chosen"].sum().eq(1).all()


@pytest.mark.slow
def test_a_best_rate_at_the_edge_of_the_grid_is_warned_of_above_the_results(made, tmp_path):
    runs = [
        made.learn(loss=made.MSE, optimizer__lr=rate, seed=seed).only("test_accuracy")
        for rate in (0.003, 0.01)
        for seed in (0, 1)
    ]
    report = write_report(made.write(tmp_path / "study", runs))
    (warning,) = report.warnings
    assert "optimizer.lr=" in warning
    for text in (Page(report.page.read_text()).text, (tmp_path / "study" / "report.md").read_text()):
        assert 0 < text.index(f"{warning[:40]}") < text.index("Scoreboard")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["experiment=nielsen_neuron"], '{"format": 1, "name": "nielsen_neuron"}'),
        (["experiment=gone"], "no experiments/gone/claims.yaml here"),
        (["experiment=demo"], ""),  # it makes no claims
        (["loss=ce"], ""),
    ],
)
def test_claims_and_figures_that_a_study_of_another_name_lacks_are_told(words, said, made, tmp_path):
    folder = made.write(tmp_path / "copy", [made.learn().only("test_accuracy")], {"words": words})
    warnings = write_report(folder).warnings
    assert len(warnings) == bool(said)
    assert said in " ".join(warnings)


@pytest.mark.slow
def test_ranks_have_a_figure_and_a_table(made, tmp_path):
    folder = made.write(tmp_path / "study", STUDIES["three losses on three data sets"](made))
    write_report(folder)
    assert (folder / "figures" / "ranks.svg").is_file()
    before, _, after = (folder / "report.html").read_text().partition("<h2>Ranks</h2>")
    assert after
    assert ('class="key"' in before, 'class="key"' in after.partition("</section>")[0]) == (True, False)  # its rows are named
    assert pd.read_csv(folder / "tables" / "ranks.csv").groupby("among")["rank"].sum().tolist() == [6, 6, 6]


@pytest.mark.slow
def test_provenance_is_told(made, tmp_path):
    invocation = {
        "words": ["loss=ce,mse", "seed=range(2)"],
        "config": {},
        "provenance": {"versions": {"python": "3.11.9", "torch": None}, "commit": {"hash": "0123456789abcdef", "changed": True}},
    }
    folder = made.write(tmp_path / "study", [made.learn().only("test_accuracy")], invocation)
    text = Page(write_report(folder).page.read_text()).text
    assert "lossbench run loss=ce,mse 'seed=range(2)'" in text
    assert "python 3.11.9" in text
    assert "0123456789, with changes that were not committed" in text


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"[]", b'{"words": 3, "provenance": [1]}', b"\xff\xfe"])
def test_a_broken_invocation_spoils_no_report(content, made, tmp_path):
    folder = made.write(tmp_path / "study", [made.learn().only("test_accuracy")], {})
    (path,) = (folder / "invocations").iterdir()
    path.write_bytes(content)
    text = write_report(folder).page.read_text()
    assert ("the file was changed since" in text) == content.startswith(b"{")


@pytest.mark.slow
def test_figures_of_an_earlier_report_do_not_stay(made, tmp_path):
    folder = made.write(tmp_path / "study", [made.learn().only("test_accuracy")])
    (folder / "figures").mkdir()
    for name in ("rates.svg", "convergence-2.png", "my own.svg"):
        (folder / "figures" / name).write_text("old")
    write_report(folder)
    assert {path.name for path in (folder / "figures").iterdir()} == {"convergence.svg", "convergence.png", "my own.svg"}


def test_a_folder_that_is_no_study_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"no lossbench study"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_to_is_refused(made, tmp_path):
    folder = made.write(tmp_path / "study", [made.learn().only("test_accuracy")])
    (folder / "figures").write_text("in the way")
    with pytest.raises((BadInput, Failure), match="figures"):
        write_report(folder)
    assert not (folder / "report.html").exists()


@pytest.mark.slow
def test_a_report_needs_no_torch(demo):
    program = (
        "import sys; from pathlib import Path; from lossbench.report.study_report import write_report;"
        f"write_report(Path({str(demo)!r})); print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", f"import json; {program}"], check=True, capture_output=True, text=True)
    loaded = set(json.loads(done.stdout))
    assert not {"torch", "hydra", "matplotlib.pyplot", "lossbench.interfaces", "lossbench.engine"} & loaded
