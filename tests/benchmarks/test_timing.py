"""Laws of taking times."""

import time

import pytest

from benchmarks.contest import Contestant, Goal, Taken, times_slower
from benchmarks.timing import interleave, spread


def contestant(name: str, calls: list[str], **changes) -> Contestant:
    return Contestant(**{"name": name, "units": 1, "work": lambda: calls.append(name)} | changes)


@pytest.mark.slow
def test_contestants_take_turns_and_the_warm_up_counts_for_nothing():
    calls: list[str] = []
    told: list[int] = []
    rounds = interleave([contestant("a", calls), contestant("b", calls)], 3, told.append)
    assert calls == ["a", "b"] * 4
    assert told == [0, 1, 2, 3]
    assert [sorted(taken) for taken in rounds] == [["a", "b"]] * 3


@pytest.mark.slow
def test_what_starts_anew_each_time_is_not_warmed_up():
    calls: list[str] = []
    interleave([contestant("a", calls, warms_up=False), contestant("b", calls)], 1, [].append)
    assert calls == ["b", "a", "b"]


@pytest.mark.slow
def test_seconds_are_those_of_one_unit_of_the_work():
    sleeper = Contestant(name="sleeper", units=4, work=lambda: time.sleep(0.02))
    started = time.perf_counter()
    (taken,) = interleave([sleeper], 1, [].append)
    assert 0.02 / 4 <= taken["sleeper"].seconds <= (time.perf_counter() - started) / 4


@pytest.mark.slow
def test_a_call_that_clocks_itself_is_believed():
    clocked = Contestant(name="clocked", units=2, work=lambda: Taken(seconds=8.0, peak=3.0))
    (taken,) = interleave([clocked], 1, [].append)
    assert taken["clocked"] == Taken(seconds=4.0, peak=3.0)


def test_a_ratio_is_made_within_a_round():
    rounds = [{"ours": Taken(seconds=s), "theirs": Taken(seconds=3 * s)} for s in (1.0, 100.0, 7.0)]
    ratio = times_slower("theirs", "ours")
    assert spread([ratio(taken) for taken in rounds]) == (3.0, 3.0, 3.0)


def test_a_spread_is_least_median_and_most():
    assert spread([5.0, 1.0, 9.0, 2.0]) == (1.0, 3.5, 9.0)


@pytest.mark.parametrize(
    ("kind", "number", "holds"), [("at least", 2.0, True), ("at least", 1.9, False), ("at most", 2.1, False)]
)
def test_a_goal_keeps_to_its_bound(kind, number, holds):
    assert Goal(label="", number=len, shown="{}", kind=kind, bound=2.0).holds(number) is holds
