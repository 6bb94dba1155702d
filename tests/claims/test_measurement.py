"""From records to numbers: the right runs, the right score, one number a seed."""

import numpy as np
import pytest

from lossbench.analysis.curves import read_curves
from lossbench.analysis.results import results
from lossbench.analysis.selection import tuning_seeds
from lossbench.claims.measurement import Records, answering, measure, number, score_runs, selected
from lossbench.claims.schema import Measure, Score, Tuning
from lossbench.errors import BadInput
from lossbench.tables import read_study

RATES = (0.03, 0.3)


@pytest.fixture(scope="module")
def study(made, tmp_path_factory):
    runs = [
        made.learn(loss=loss, optimizer__lr=rate, seed=seed)
        for loss in (made.CE, made.MSE)
        for rate in RATES
        for seed in range(6)
    ]
    return read_study(made.write(tmp_path_factory.mktemp("measured") / "study", runs))


@pytest.fixture(scope="module")
def records(study):
    return Records(runs=study.runs, curves=read_curves(study.records))


def finals(study, loss, rate, column="test_log_loss"):
    """The last recorded value by seed, the naive way."""
    runs = study.runs[(study.runs["loss"] == loss) & (study.runs["optimizer.lr"] == rate)]
    return {row["seed"]: study.records[study.records["run"] == row["run"]][column].iloc[-1] for _, row in runs.iterrows()}


def test_a_score_is_the_number_of_each_seeds_run(study, records):
    score = Score(of={"loss": "cross_entropy", "optimizer.lr": 0.3}, column="test_log_loss")
    assert score_runs(score, records).to_dict() == finals(study, "cross_entropy", 0.3)


def test_a_presets_name_stands_for_its_words_and_options(records):
    assert len(selected(records.runs, {"loss": "mse", "init": "gentle"})) == 12
    with pytest.raises(BadInput, match=r"no run has init\.hidden_gain = 4\.0; seen: 1"):
        selected(records.runs, {"init": "saturated"})


def test_several_values_are_alternatives(records):
    assert len(selected(records.runs, {"seed": [0, 5], "optimizer.lr": 0.3})) == 4


def test_a_formula_pairs_scores_by_seed(study, records):
    scores = tuple(
        Score(name=name, of={"loss": loss, "optimizer.lr": 0.3}, column="test_log_loss")
        for name, loss in (("ce", "cross_entropy"), ("mse", "half_squared_error"))
    )
    found = measure(Measure(scores=scores, value="log(mse / ce)"), records)
    ce, mse = finals(study, "cross_entropy", 0.3), finals(study, "half_squared_error", 0.3)
    np.testing.assert_allclose(found.to_numpy(), [np.log(mse[seed] / ce[seed]) for seed in range(6)])


def test_along_a_swept_column_a_slope_is_fitted_for_each_seed(study, records):
    score = Score(of={"loss": "cross_entropy"}, column="test_log_loss")
    found = measure(
        Measure(scores=(score,), value="it", along="optimizer.lr", reduce="slope"),
        Records(runs=records.runs, curves=records.curves),
    )
    low, high = (finals(study, "cross_entropy", rate) for rate in RATES)
    np.testing.assert_allclose(found.to_numpy(), [(high[seed] - low[seed]) / (RATES[1] - RATES[0]) for seed in range(6)])


def test_rates_are_chosen_on_tuning_seeds_and_judged_on_the_others(study, records):
    tuned = Records(runs=records.runs, curves=records.curves, tuning=Tuning(by="test_log_loss"))
    found = score_runs(Score(of={"loss": "cross_entropy"}, column="test_log_loss"), tuned)
    choosing, judging = tuning_seeds(range(6))
    by_rate = {rate: finals(study, "cross_entropy", rate) for rate in RATES}
    best = min(RATES, key=lambda rate: np.median([by_rate[rate][seed] for seed in choosing]))
    assert found.to_dict() == {seed: by_rate[best][seed] for seed in judging}


def test_a_rate_may_be_chosen_for_its_speed(study):
    records = study.records.assign(test_accuracy=0.95)  # of both rates; the slow one is better in the end, and late
    slow = records["run"].isin(study.runs.loc[study.runs["optimizer.lr"] == RATES[1], "run"])
    last = records.groupby("run")["step"].transform("max") == records["step"]
    records.loc[slow, "test_accuracy"] = last.astype(float)
    chosen = {
        score: score_runs(
            Score(of={"loss": "cross_entropy"}, column="test_log_loss"),
            Records(runs=study.runs, curves=read_curves(records), tuning=Tuning(by="test_accuracy", score=score)),
        ).to_dict()
        for score in ("final", "steps above 0.9", "steps above 0.97")
    }
    judging = tuning_seeds(range(6))[1]
    by_rate = {rate: finals(study, "cross_entropy", rate) for rate in RATES}
    assert chosen["final"] == chosen["steps above 0.97"] == {seed: by_rate[RATES[1]][seed] for seed in judging}
    assert chosen["steps above 0.9"] == {seed: by_rate[RATES[0]][seed] for seed in judging}


def test_of_rates_that_tie_the_one_with_the_best_average_is_chosen(study):
    records = study.records.assign(test_accuracy=lambda table: table["test_accuracy"].where(table["step"] == 0, 1.0))
    late = study.runs.loc[study.runs["optimizer.lr"] == RATES[0], "run"]  # right at the end like all, and wrong until then
    last = records.groupby("run")["step"].transform("max")
    records.loc[records["run"].isin(late) & (records["step"] < last), "test_accuracy"] = 0.0
    tied = Records(runs=study.runs, curves=read_curves(records), tuning=Tuning(by="test_accuracy"))
    found = score_runs(Score(of={"loss": "cross_entropy"}, column="test_log_loss"), tied)
    by_seed = finals(study, "cross_entropy", RATES[1])
    assert found.to_dict() == {seed: by_seed[seed] for seed in tuning_seeds(range(6))[1]}


def test_along_a_column_of_words_numbers_are_averaged_and_no_slope_is_fitted(records):
    score = Score(of={"optimizer.lr": 0.3}, column="test_log_loss")
    found = measure(Measure(scores=(score,), value="it", along="loss"), records)
    each = [score_runs(Score(of={**score.of, "loss": loss}, column=score.column), records) for loss in ("ce", "mse")]
    assert found.to_dict() == pytest.approx(((each[0] + each[1]) / 2).to_dict())
    with pytest.raises(BadInput, match="a slope wants numbers along it; seen: cross_entropy, half_squared_error"):
        measure(Measure(scores=(score,), value="it", along="loss", reduce="slope"), records)


def test_along_two_columns_every_pair_of_values_has_its_number(study, records):
    score = Score(column="test_log_loss", of={"seed": [0, 1, 2]})
    plane = score_runs(score, records, ("loss", "optimizer.lr"))
    assert plane.index.names == ["seed", "x", "y"]
    assert {(loss, rate, seed): plane[seed, loss, rate] for seed, loss, rate in plane.index} == {
        (loss, rate, seed): value
        for loss in ("cross_entropy", "half_squared_error")
        for rate in RATES
        for seed, value in finals(study, loss, rate).items()
        if seed in (0, 1, 2)
    }
    with pytest.raises(BadInput, match="along names 3 columns; one or two"):
        score_runs(score, records, ("loss", "optimizer.lr", "seed"))


def test_along_a_swept_column_a_score_is_seen_against_its_ends(records):
    score = Score(column="test_log_loss", of={"seed": [0, 1], "loss": "cross_entropy"})
    value = "it_smallest / it_largest + 0 * it"
    found = measure(Measure(scores=(score,), value=value, along="optimizer.lr"), records)
    parts = score_runs(score, records, "optimizer.lr").groupby("seed")
    assert found.to_dict() == pytest.approx({seed: part.min() / part.max() for seed, part in parts})
    assert found.max() < 1  # else the ends were each value's own


def test_a_scores_ends_are_those_of_all_its_own_values(study, records):
    both = Score(name="both", column="test_log_loss", of={"seed": [0, 1], "loss": "cross_entropy"})
    slow = Score(name="slow", column="test_log_loss", of={**both.of, "optimizer.lr": RATES[0]})
    found = measure(Measure(scores=(both, slow), value="both_smallest / slow_smallest", along="optimizer.lr"), records)
    low, high = (finals(study, "cross_entropy", rate) for rate in RATES)
    assert found.to_dict() == pytest.approx({seed: min(low[seed], high[seed]) / low[seed] for seed in (0, 1)})
    assert all(high[seed] < low[seed] for seed in (0, 1))  # at a rate that the other score has not


def test_two_runs_of_a_seed_are_refused_with_what_they_differ_in(records):
    with pytest.raises(BadInput, match=r"2 runs of seed 0 answer to loss = cross_entropy; they differ in optimizer\.lr"):
        score_runs(Score(of={"loss": "cross_entropy"}, column="test_loss"), records)


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (Score(of={"los": "x"}, column="test_loss"), "No column of the runs is called 'los'. Did you mean 'loss'"),
        (Score(of={"loss": "focal"}, column="test_loss"), "no run has loss = focal; seen: cross_entropy, half_squared_error"),
        (
            Score(of={"optimizer.lr": 0.3, "loss": "ce"}, column="tst_loss"),
            "No recorded quantity is called 'tst_loss'. Did you mean",
        ),
        (Score(of={"optimizer.lr": 0.3, "loss": "ce"}, column="saturated/*"), "stands for 2 columns; `across` says"),
        (Score(of={"optimizer.lr": 0.3, "loss": "ce"}, column="test_loss", score="last"), "No score is called 'last'"),
        (Score(of={"optimizer.lr": 0.3, "loss": "ce"}, column="test_loss", score="at 7.5"), "step 7.5 was not recorded"),
        (
            Score(of={"optimizer.lr": 0.3, "loss": "ce"}, column="saturated/*", across="sum"),
            "No way across columns is called 'sum'",
        ),
    ],
)
def test_what_cannot_be_measured_is_said(records, score, said):
    with pytest.raises(BadInput, match=said):
        score_runs(score, records)


def test_across_columns_counts_layers_below_a_level(study, records):
    score = Score(
        of={"loss": "cross_entropy", "optimizer.lr": 0.3}, column="saturated/*", across="count below 0.5", score="first"
    )
    first = study.records[study.records["step"] == 0].set_index("run")
    expected = {
        row["seed"]: float(sum(first.loc[row["run"], f"saturated/{layer}"] < 0.5 for layer in (1, 2)))
        for _, row in selected(study.runs, score.of).iterrows()
    }
    assert score_runs(score, records).to_dict() == expected


def test_the_length_across_columns_is_that_of_the_vector_they_make(study, records):
    score = Score(
        of={"loss": "cross_entropy", "optimizer.lr": 0.3}, column="gradient_norm_weights/*", across="length", score="first"
    )
    first = study.records[study.records["step"] == 0].set_index("run")
    expected = {
        row["seed"]: np.hypot(first.loc[row["run"], "gradient_norm_weights/1"], first.loc[row["run"], "gradient_norm_weights/2"])
        for _, row in selected(study.runs, score.of).iterrows()
    }
    assert score_runs(score, records).to_dict() == pytest.approx(expected, rel=1e-12)


def test_scores_of_a_curve_are_what_they_say():
    steps, values = np.array([0.0, 1.0, 5.0, 9.0]), np.array([0.2, 0.9, 0.4, 0.6])
    said = {
        "first": 0.2, "final": 0.6, "best": 0.9, "highest": 0.9, "lowest": 0.2, "at 5": 0.4, "step of highest": 1.0,
        "step of lowest": 0.0, "steps above 0.5": 1.0, "steps below 0.3": 0.0, "steps above 2": np.inf,
    }  # fmt: skip
    assert {score: number(score, steps, values, "higher", diverged=False) for score in said} == said
    assert number("final", steps, values, "higher", diverged=True) == -np.inf
    assert number("final", steps, values, "lower", diverged=True) == np.inf


def test_a_claim_is_judged_at_the_rate_and_on_the_seeds_of_the_scoreboard(study, records):
    tuned = Records(runs=records.runs, curves=records.curves, tuning=Tuning(by="test_accuracy"))
    found = results(study)
    assert found.boards[0].measure.column == "test_accuracy"
    for standing in found.boards[0].standings:
        sample = standing.sample
        of = {"loss": sample.contender.word}
        runs = answering(of, selected(study.runs, of), tuned)
        assert set(runs["run"]) == set(sample.runs)
        assert set(runs["optimizer.lr"]) == {sample.rate}
