"""Laws of the benchmark page, its table, and the command that writes them."""

import re
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.contest import Contest, Contestant, Goal, Taken, times_slower
from benchmarks.lesson import Lesson
from benchmarks.page import Result, Surroundings, page, table, write
from benchmarks.profile import profile
from lossbench.datasets.classic import BreastCancer, Iris
from lossbench.storage.provenance import provenance

WHERE = Surroundings(command="python -m benchmarks race", provenance=provenance("cpu", 2), load=0.1)
GOAL = Goal(label="times as fast", number=times_slower("hare", "tortoise"), shown="{:.1f}×", bound=2.0, hoped=3.0)


def result(*slower: float) -> Result:
    runners = [Contestant(name=name, units=1, work=lambda: None, note=f"a {name}") for name in ("tortoise", "hare")]
    contest = Contest(
        title="A race", text="Round the field.", unit="ms a lap", scale=1e3, contestants=runners, goals=[GOAL], check=lambda: ""
    )
    rounds = [{"tortoise": Taken(seconds=0.5), "hare": Taken(seconds=0.5 * times)} for times in slower]
    return Result(name="race", contest=contest, agreed="Both run.", rounds=rounds)


def test_the_page_tells_the_median_of_the_ratios_and_whether_the_goal_holds():
    text = page([result(1.0, 4.0, 2.5)], {}, WHERE)
    assert "| A race | times as fast | **2.5×** (1.0× to 4.0×) | at least 2.0× | 3.0× | yes |" in text
    assert "| **no** |" in page([result(1.0, 4.0, 1.5)], {}, WHERE)


def test_the_page_tells_times_in_the_contests_unit_and_on_what_it_ran():
    text = page([result(1.0, 4.0, 2.5)], {}, WHERE)
    assert "| hare | 1,250 | 500 | 2,000 | a hare |" in text
    assert WHERE.provenance["versions"]["torch"] in text
    assert "peak memory" not in text  # nobody measured it


def test_every_line_of_a_table_has_as_many_cells():
    for block in page([result(1.0)], {}, WHERE).split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_the_table_keeps_every_single_time(tmp_path):
    rows = table([result(1.0, 4.0)], WHERE)
    write(tmp_path, "# Benchmarks\n", rows)
    kept = pd.read_parquet(tmp_path / "benchmarks.parquet")
    assert kept.groupby("contestant")["seconds"].apply(list).to_dict() == {"tortoise": [0.5, 0.5], "hare": [0.5, 2.0]}
    assert set(kept["round"]) == {1, 2}
    assert (tmp_path / "benchmarks.md").read_text() == "# Benchmarks\n"


@pytest.mark.slow
def test_a_profile_accounts_for_the_whole_step():
    seen = profile(Lesson(dataset=Iris(), hidden=(4,), batch=4, seeds=1, rates=(0.1, 0.2)), steps=20)
    assert sum(seen.shares().values()) == pytest.approx(1.0)
    assert {"forward_hidden", "descend_first_layer", "softmax", "mul"} <= {operation.name for operation in seen.operations}
    assert 0 < seen.products < seen.plain
    assert "matrix products" in page([], {"Iris": seen}, WHERE)


@pytest.mark.slow
def test_products_that_take_longer_by_themselves_than_the_step_are_not_told():
    seen = profile(Lesson(dataset=BreastCancer(), hidden=(), batch=None, seeds=1, rates=(0.1, 0.2)), steps=20)
    assert seen.products > 0
    slower, quicker = (page([], {"Cancer": replace(seen, products=share * seen.plain)}, WHERE) for share in (1.1, 0.9))
    assert "cannot be told apart" in slower
    assert "90% of the step" in quicker


def test_an_unknown_benchmark_is_refused_with_the_nearest():
    answer = CliRunner().invoke(main, ["digit"])
    assert answer.exit_code == 2
    assert re.search(r"Did you mean 'digits'\?", answer.output)
