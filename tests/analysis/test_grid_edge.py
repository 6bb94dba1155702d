"""The edge of a grid of rates: who did best there, and what lies beyond."""

import numpy as np
import pandas as pd
import pytest

from lossbench.analysis.grid_edge import edge_of, rates_beyond
from lossbench.analysis.results import results
from lossbench.report.edges import at_edges
from lossbench.tables import read_study

INF = np.inf


@pytest.mark.parametrize(
    ("rates", "side", "beyond"),
    [
        ((0.03, 0.1, 0.3, 1), "largest", (3, 10)),
        ((0.03, 0.1, 0.3), "smallest", (0.01, 0.003)),
        ((0.01, 0.1, 1), "largest", (10, 100)),
        ((0.5, 0.1, 0.2), "largest", (1, 2)),
        ((0.1, 0.4), "largest", (1.6, 6.4)),
        ((0.25, 0.5, 1), "smallest", (0.12, 0.062)),
        ((30, 100), "largest", (300, 1000)),
    ],
)
def test_rates_beyond_go_on_as_the_rates_do(rates, side, beyond):
    assert rates_beyond(rates, side) == beyond


@pytest.mark.parametrize(
    ("costs", "edge"),
    [
        ((3, 2, 1), "largest"),
        ((1, 2, 3), "smallest"),
        ((2, 1, 3), None),
        ((2, 1, 1), None),  # within as good as at the edge
        ((1, 2, 1), None),
        ((INF, INF, INF), None),  # every rate diverged
        ((INF, INF, 1), "largest"),
    ],
)
def test_a_best_rate_is_at_the_edge_where_no_other_does_as_well(costs, edge):
    assert edge_of((0.1, 1, 10), costs) == edge


def test_one_rate_has_no_edge():
    assert edge_of((0.1,), (1.0,)) is None


def grid(made, folder, rates, loss):
    runs = [made.learn(loss=loss, optimizer__lr=rate, seed=seed) for rate in rates for seed in range(8)]
    return read_study(made.write(folder / "study", runs))


@pytest.mark.slow
def test_the_edge_is_that_of_the_medians_on_the_seeds_that_choose(made, tmp_path):
    study = grid(made, tmp_path, (0.003, 0.01, 0.03), made.MSE)
    last = study.records.sort_values("step").groupby("run")["test_accuracy"].last()
    table = study.runs.assign(end=study.runs["run"].map(last))
    medians = table[table["seed"] < 2].groupby("optimizer.lr")["end"].median()
    assert medians.idxmax() == 0.03
    assert pd.Series(medians).is_unique
    (edge,) = results(study).edges
    assert (edge.rates, edge.side, edge.rate) == ((0.003, 0.01, 0.03), "largest", 0.03)
    (sentence,) = at_edges((edge,))
    start = (
        "On seeds 0 and 1, which choose the learning rates, half squared error does best at 0.03, the largest of the 3 learning"
    )
    assert sentence.startswith(f"{start} rates tried (0.003 to 0.03):")
    assert "The study's command with optimizer.lr=0.1,0.3 adds rates" in sentence


@pytest.mark.slow
def test_a_rate_at_the_edge_that_ties_with_one_within_is_no_edge(made, tmp_path):
    # both reach every example, and the faster stands for the loss
    found = results(grid(made, tmp_path, (0.1, 0.3, 0.6), made.CE))
    assert [sample.rate for sample in found.chosen.samples] == [0.6]
    assert found.edges == ()


@pytest.mark.slow
def test_losses_at_the_same_edge_share_a_sentence(made, tmp_path):
    runs = [
        made.learn(loss=loss, init=init, optimizer__lr=rate, seed=seed)
        for loss in (made.CE, made.MSE)
        for init in (made.GENTLE, made.SATURATED)
        for rate in (0.001, 0.003)
        for seed in range(5)
    ]
    found = results(read_study(made.write(tmp_path / "study", runs)))
    (sentence,) = at_edges(found.edges)
    assert "cross entropy and half squared error do best at 0.003" in sentence
    assert "(in 2 settings): their best may lie beyond" in sentence
