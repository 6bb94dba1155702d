"""Regressions: what is recorded beside the squared error is on the page, and ranks whom it may."""

import pytest

from lossbench.analysis.results import results
from lossbench.report import caveats, tables
from lossbench.tables import read_study

NAMES = ("squared_error", "mean_absolute_error", "r2")


@pytest.fixture
def regressed(made, tmp_path):
    """The results of a regression with two losses, of which these measures were recorded."""

    def make(words, names):
        runs = []
        for word in words:
            for seed in range(7):
                run = made.learn(loss={"word": word, "link": "identity"}, dataset__word="diabetes", seed=seed)
                falls = run.curves["test_brier"]
                curves = {"squared_error": falls, "mean_absolute_error": falls, "r2": [1 - value for value in falls]}
                runs.append(
                    type(run)(spec=run.spec, steps=run.steps, task="regression", curves={f"test_{n}": curves[n] for n in names})
                )
        return results(read_study(made.write(tmp_path / "study", runs)))

    return make


def shown(found):
    return {part.measure.partition(",")[0]: "no ranking" not in part.measure for part in tables.scoreboard(found)}


@pytest.mark.slow
def test_every_recorded_measure_has_a_scoreboard_and_the_neutral_one_is_first(regressed):
    found = regressed(("half_squared_error", "huber"), NAMES)
    assert found.boards[0].measure.column == "test_mean_absolute_error"
    assert shown(found) == {"test mean absolute error": True, "test squared error": False, "test R²": False}
    assert [row.measure for row in tables.differences(found)] == ["test mean absolute error"]


@pytest.mark.slow
def test_losses_that_own_none_of_the_measures_are_compared_by_each(regressed):
    found = regressed(("huber", "cauchy"), NAMES)
    assert {match.board.measure.column for match in found.matches} == {f"test_{name}" for name in NAMES}
    assert {row.measure for row in tables.differences(found)} == {title for title, ranks in shown(found).items() if ranks}


def test_where_the_squared_error_alone_was_recorded_the_page_names_the_probe_that_would_rank(regressed):
    found = regressed(("half_squared_error", "huber"), ("squared_error",))
    assert found.matches == ()
    assert any("probes=[mean_absolute_error]" in sentence for sentence in caveats.reservations(found))


def test_no_probe_is_named_where_each_is_minimised_by_one_of_the_losses(regressed):
    found = regressed(("half_squared_error", "absolute_error"), ("squared_error",))
    assert not any("With probes=" in sentence for sentence in caveats.reservations(found))
