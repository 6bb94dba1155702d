"""`lossbench report`: what it warns of, and which losses it compares."""

import pytest

from lossbench.commands.cli import answer

WORDS = ("cross_entropy", "focal", "hinge")


@pytest.fixture
def folder(made, tmp_path):
    """A study of three losses at two rates, of which the larger is better."""
    return made.write(
        tmp_path / "study",
        [
            made.learn(loss={"word": word, "link": "sigmoid"}, optimizer__lr=rate, seed=seed).only("test_accuracy")
            for word in WORDS
            for rate in (0.001, 0.003)
            for seed in range(2)
        ],
    )


@pytest.mark.slow
def test_a_report_warns_of_the_edge_and_says_the_words_that_widen_the_grid(folder, capsys):
    assert answer(["report", str(folder)]) == 0
    warning = capsys.readouterr().err
    assert "do best at 0.003, the largest of the 2 learning rates tried (0.001 to 0.003)" in warning
    assert "optimizer.lr=0.01,0.03" in warning
    text = (folder / "report.md").read_text()
    assert text.index("**Warning.**") < text.index("## Scoreboard")
    assert "Compared is each loss with cross entropy:" in text


@pytest.mark.slow
def test_the_family_of_comparisons_is_chosen_by_a_flag(folder, capsys):
    assert answer(["report", str(folder), "--against", "all"]) == 0
    assert "Compared is every two losses:" in (folder / "report.md").read_text()
    assert answer(["report", str(folder), "--against", "focl"]) == 2
    assert "No loss of the study is called 'focl'. Did you mean 'focal'?" in capsys.readouterr().err


@pytest.mark.slow
def test_a_recorded_metric_ranks_where_it_is_named(made, tmp_path, capsys):
    folder = made.write(
        tmp_path / "study",
        [
            made.learn(loss={"word": word, "link": "sigmoid"}, seed=seed).only("test_accuracy", "test_log_loss")
            for word in WORDS
            for seed in range(2)
        ],
    )
    assert answer(["report", str(folder)]) == 0
    assert "accuracy" in capsys.readouterr().out.splitlines()[0]
    assert answer(["report", str(folder), "--metric", "log_loss"]) == 0
    assert "log loss" in capsys.readouterr().out.splitlines()[0]
    assert answer(["report", str(folder), "--metric", "recall/yes"]) == 2
    assert "Known: accuracy, log_loss" in capsys.readouterr().err
