"""What the page keeps of the records: every run, thinned as it says, and packed so that nothing of weight is lost."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lossbench.analysis.results import results
from lossbench.report.explorer import data
from lossbench.report.explorer.packing import DEEPEST, packed
from lossbench.report.explorer.page_part import explorer
from lossbench.report.study_report import write_report
from lossbench.tables import read_study

FLOATS = arrays.arrays(float, st.integers(1, 30), elements=st.floats(-1e9, 1e9) | st.sampled_from([np.nan, np.inf, 0.0, 1e-200]))


def unpacked(given_codes):
    """A naive twin of what the page's program does."""
    codes = np.frombuffer(base64.b64decode(given_codes.codes), dtype="<u2")
    values = []
    for code in codes:
        way = given_codes.low + (int(code) - 1) / 65533 * (given_codes.high - given_codes.low)
        values.append(np.nan if code == 65535 else 0.0 if code == 0 else np.exp(way) if given_codes.logarithmic else way)
    return np.array(values)


def test_a_run_that_all_but_diverges_takes_no_value_from_the_others():
    values = np.array([0.025, 3.4, 1.0, 3110.0, 3e174])
    np.testing.assert_allclose(unpacked(packed(values)), values, rtol=0.01)


@pytest.mark.slow
@given(FLOATS)
@example(np.array([1.0, 2.22507386e-309, 2.22507386e-309]))
def test_packed_numbers_come_back_within_their_sixteen_bits(values):
    back, known = unpacked(packed(values)), np.isfinite(values)
    assert np.isnan(back[~known]).all()
    if (values[known] < 0).any() or not (values[known] > 0).any():
        span = np.ptp(values[known]) if known.any() else 0.0
        np.testing.assert_allclose(back[known], values[known], atol=span / 65000 + 1e-9, rtol=1e-9)
    else:
        positive = np.sort(values[known & (values > 0)])
        least = positive[len(positive) // 2] * DEEPEST
        kept = known & (values > 0) & (values >= least)
        span = np.log(positive[-1]) - np.log(values[kept].min())  # the quotient itself may leave the floats
        np.testing.assert_allclose(back[kept], values[kept], rtol=span / 65000 + 1e-9)
        assert (back[known & ~kept] == 0).all()


def test_every_run_is_there_with_its_words(demo):
    outcome = results(read_study(demo))
    kept = data.explorer_data(outcome)
    assert sorted(kept["runs"]["id"]) == sorted(outcome.study.runs["run"])
    rows = outcome.study.runs.set_index("run")
    for number, run in enumerate(kept["runs"]["id"]):
        assert kept["rates"][kept["runs"]["rate"][number]] == rows.loc[run, "optimizer.lr"]
        assert kept["losses"][kept["runs"]["loss"][number]]["label"].replace(" ", "_") == rows.loc[run, "loss"]
        for name, coded in kept["words"].items():
            if name in ("loss", "seed", "optimizer.lr"):
                assert coded["values"][coded["codes"][number]] == str(rows.loc[run, name]).removesuffix(".0")


@pytest.mark.slow
def test_thinned_curves_keep_their_ends_and_the_page_says_how_much_is_kept(demo, monkeypatch):
    outcome = results(read_study(demo))
    whole = data.explorer_data(outcome)
    assert "every recorded step" in whole["thinned"]
    monkeypatch.setattr(data, "NUMBERS", 72 * len(whole["measures"]) * 10)
    thin = data.explorer_data(outcome)
    grids = [thin["runs"]["grids"][grid] for grid in thin["runs"]["grid"]]
    for run, grid in zip(thin["runs"]["id"], grids, strict=True):
        own = outcome.curves.steps(run)
        assert (grid[0], grid[-1]) == (own[0], own[-1])
        assert len(grid) <= 11
    kept, recorded = re.search(r"holds ([\d,]+) of ([\d,]+) recorded steps", thin["thinned"]).groups()
    assert int(kept.replace(",", "")) == sum(map(len, grids))
    assert int(recorded.replace(",", "")) == len(outcome.study.records)


def test_more_runs_than_a_page_holds_have_no_explorer(demo, monkeypatch):
    monkeypatch.setattr(data, "NUMBERS", 1000)
    assert explorer(results(read_study(demo))) is None


def test_no_text_ends_the_element_that_holds_the_data(made, tmp_path):
    evil = "</script><!--\x7f\u202e"
    folder = made.write(tmp_path / "study", [made.learn(init={"word": word}).only("test_accuracy") for word in (evil, "gentle")])
    held = str(explorer(results(read_study(folder))).data)
    assert "<" not in held
    assert held.isascii()
    assert any("</script><!--" in setting for setting in json.loads(held)["settings"])
    assert "\u202e" not in "".join(json.loads(held)["settings"])


@pytest.mark.slow
def test_a_page_of_a_thousand_runs_of_a_hundred_steps_keeps_within_5_megabytes(made, tmp_path):
    steps = list(range(100))
    noise = np.random.default_rng(0)
    one = made.learn()
    runs = []
    for seed in range(50):
        for rate in (0.01, 0.1, 1.0, 10.0, 100.0):
            for loss in (made.CE, made.MSE):
                for init in (made.GENTLE, made.SATURATED):
                    words = made.spec(loss=loss, init=init, optimizer__lr=rate, seed=seed)
                    curves = {name: noise.uniform(0.1, 0.9, 100).tolist() for name in one.curves}
                    runs.append(replace(one, spec=words, steps=steps, curves=curves))
    folder = made.write(tmp_path / "study", runs)
    assert write_report(folder).page.stat().st_size < 5_000_000
