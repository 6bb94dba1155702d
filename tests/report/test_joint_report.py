"""Several studies on one page: their losses side by side, or a sentence that says why not."""

import re

import pandas as pd
import pytest
from click.testing import CliRunner

from lossbench.analysis.results import results
from lossbench.commands.cli import commands
from lossbench.errors import BadInput
from lossbench.report.explorer.library import drawing_library
from lossbench.report.joined_studies import joined
from lossbench.report.joint_report import write_joint_report
from lossbench.tables import read_study


def studies(made, folder, **changed):
    """Two studies of two losses, of which the second differs as told."""
    folders = []
    for name, own in (("first", {}), ("second", changed)):
        runs = [made.learn(loss=loss, seed=seed, **own) for loss in (made.CE, made.MSE) for seed in range(3)]
        folders.append(made.write(folder / name, [run.only("test_accuracy") for run in runs]))
    return folders


@pytest.mark.slow
def test_each_loss_of_each_study_stands_on_one_scoreboard_with_its_own_numbers(made, tmp_path):
    folders = studies(made, tmp_path, batch=8, optimizer__lr=0.3)
    (board,) = results(joined([read_study(folder) for folder in folders])).boards
    shown = {standing.sample.contender.label: standing.final.centre for standing in board.standings}
    alone = {
        f"{standing.sample.contender.label} (study {folder.name})": standing.final.centre
        for folder in folders
        for standing in results(read_study(folder)).boards[0].standings
    }
    assert shown == alone
    assert len(shown) == 4


@pytest.mark.slow
def test_what_goes_with_a_study_is_a_fact_and_no_setting(made, tmp_path):
    outcome = results(joined([read_study(folder) for folder in studies(made, tmp_path, batch=8)]))
    assert len(outcome.everything.settings) == 1
    assert ("batch", "32 (first) or 8 (second)") in outcome.everything.facts


@pytest.mark.slow
def test_runs_of_one_seed_are_pairs_across_studies(made, tmp_path):
    outcome = results(joined([read_study(folder) for folder in studies(made, tmp_path, batch=8)]))
    match = next(match for match in outcome.matches if match.other.label == "cross entropy (study second)")
    assert match.one.label == "cross entropy (study first)"
    assert match.difference.median.n == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda made: [made.learn(dataset__word="iris")], "differ in data set. first has digits and other has iris"),
        (lambda made: [made.learn(dataset__seed=1)], "differ in examples"),
        (lambda made: [made.learn().regression()], "differ in task. first has classification and other has regression"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(change, sentence, made, tmp_path):
    first = made.write(tmp_path / "first", [made.learn()])
    other = made.write(tmp_path / "other", change(made))
    with pytest.raises(BadInput, match=re.escape(sentence)):
        write_joint_report([first, other], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_study_is_not_compared_with_itself_or_its_namesake(made, tmp_path):
    first = made.write(tmp_path / "first", [made.learn()])
    twin = made.write(tmp_path / "elsewhere" / "first", [made.learn(seed=1)])
    with pytest.raises(BadInput, match="named twice"):
        write_joint_report([first, first], tmp_path / "page.html")
    with pytest.raises(BadInput, match="named alike"):
        write_joint_report([first, twin], tmp_path / "page.html")


@pytest.mark.slow
def test_the_command_writes_one_page_that_needs_no_other_file(made, tmp_path):
    folders = studies(made, tmp_path, batch=8)
    pages = []
    for name in ("a.html", "b.html"):
        words = ["report", *map(str, folders), "-o", str(tmp_path / name)]
        assert CliRunner().invoke(commands, words, catch_exceptions=False).exit_code == 0
        pages.append((tmp_path / name).read_text())
    assert pages[0] == pages[1]
    assert not re.findall(r'(?:href|src)="(?!#|data:)[^"]*"', pages[0].replace(drawing_library(), ""))
    assert not list(tmp_path.glob("*/figures"))
    rows = pd.Series(re.findall(r"</i>([^<]*) \(study (?:first|second)\)</th>", pages[0]))
    assert rows.value_counts().to_dict() == {"cross entropy": 2, "half squared error": 2}


def test_a_page_for_one_study_has_its_place_already(made, tmp_path):
    folder = made.write(tmp_path / "first", [made.learn().only("test_accuracy")])
    done = CliRunner().invoke(commands, ["report", str(folder), "-o", str(tmp_path / "a.html")])
    assert isinstance(done.exception, BadInput)
