"""What passes a link on the way back is its slope, and what is called saturated passes less than half of an undecided link."""

import math

import pytest

import lossbench
from lossbench.diagnosis.cause import Trial
from lossbench.diagnosis.records import read_records
from lossbench.diagnosis.unit_causes import OutputsSaturated, damped, passed, undecided

NEURON = {"model": "neuron", "dataset": "neuron", "optimizer": "full_batch", "steps": 1, "dtype": "float64", "study": "s"}
START = math.log(3 + math.sqrt(8))  # where a sigmoid's slope is an eighth, half of its steepest


@pytest.mark.slow
@pytest.mark.parametrize(("z", "saturated"), [(0.0, False), (START - 0.01, False), (START + 0.01, True), (9.0, True)])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_a_neuron_passes_its_slope_whatever_the_loss(z: float, saturated: bool, loss: str, tmp_path) -> None:
    init = {"word": "given", "weight": 0.0, "bias": z}
    study = lossbench.run(**NEURON, loss=loss, init=init, probes=("output_factors", "accuracy", "recall"), results=tmp_path)
    (record,) = read_records(study.folder).values()
    slope = math.exp(-z) / (1 + math.exp(-z)) ** 2
    assert passed(record)[0] == pytest.approx(slope, rel=1e-6)
    assert undecided(record) == 0.25
    assert (OutputsSaturated().suspected([record]) is not None) == saturated


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "flat"), [("mse", True), ("brier", True), ("focal", False)])
def test_only_a_loss_whose_gradient_the_slope_takes_along_is_damped(loss: str, flat: bool, tmp_path) -> None:
    init = {"word": "given", "weight": 0.0, "bias": 9.0}
    study = lossbench.run(
        **NEURON, loss=[loss, "ce"], init=init, probes=("output_factors", "accuracy", "recall"), results=tmp_path
    )
    records = {record.description["loss"]["word"] == "cross_entropy": record for record in read_records(study.folder).values()}
    trial = Trial(change="with cross entropy", originals=(records[False],), twins=(records[True],))
    assert damped(trial) == flat
