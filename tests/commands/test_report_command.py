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


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "width"), [("1", "241.2"), ("2", "496.8")])
def test_scores_by_learning_rate_are_a_figure_for_print_with_names_of_ones_own(folder, tmp_path, columns, width):
    figure = tmp_path / "rates.svg"
    words = ["report", str(folder), "--figure", str(figure), "--columns", columns, "--name", "hinge=Hinge loss"]
    assert answer(words) == 0
    head, _, body = figure.read_text("utf-8").partition("</metadata>")
    assert f'width="{width}pt"' in head
    assert ">Hinge loss</text>" in body
    assert ">learning rate</text>" in body
    assert "How much the learning rate matters" in head
    assert "How much" not in body


@pytest.mark.slow
def test_a_figure_that_cannot_be_is_refused_in_a_sentence(folder, made, tmp_path, capsys):
    assert answer(["report", str(folder), "--figure", "rates.png"]) == 2
    assert "is a .pdf or an .svg" in capsys.readouterr().err
    assert answer(["report", str(folder), "--figure", str(tmp_path / "rates.pdf"), "--name", "focl=Focal"]) == 2
    assert "Did you mean 'focal'?" in capsys.readouterr().err
    alone = made.write(tmp_path / "alone", [made.learn(loss={"word": word, "link": "sigmoid"}) for word in WORDS])
    assert answer(["report", str(alone), "--figure", str(tmp_path / "rates.pdf")]) == 2
    assert "two learning rates or more" in capsys.readouterr().err
