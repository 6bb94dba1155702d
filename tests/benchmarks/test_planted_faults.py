"""A small version of the planted faults: each cause once, from seeds that neither tuned nor judge."""

from pathlib import Path

import pytest

from benchmarks.planted_faults import FAULTS, plants, tally

SEED = 500


@pytest.mark.slow
def test_each_planted_fault_is_named_rightly_and_nothing_is_said_of_sound_runs(tmp_path: Path) -> None:
    made = tally(plants(len(FAULTS), SEED), tmp_path)
    wrong = [pair for pair in made.faults if pair[0] != pair[1]]
    assert len(made.faults) >= len(FAULTS) - 1, "most plants must do harm"
    assert len(wrong) <= 1, wrong
    assert made.false_alarms == 0
