"""How a study was made, told once."""

from lossbench.report.invocations import Invocation, told_once


def test_facts_are_told_again_only_where_they_change():
    here, there = (("python", "3.11.9"), ("device", "cpu")), (("python", "3.12.1"), ("device", "cpu"))
    kept = [Invocation(command=str(n), runs=n, facts=facts) for n, facts in enumerate([here, here, here, there, there, (), ()])]
    told = told_once(kept)
    assert [(one.command, one.runs) for one in told] == [(one.command, one.runs) for one in kept]
    same = told[1].facts
    assert "as the runs above" in same[0][1]
    assert [one.facts for one in told] == [here, same, same, there, same, (), ()]
    assert told_once([]) == []
