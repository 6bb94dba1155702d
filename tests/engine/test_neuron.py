"""The smallest training there is, against its update written out by hand."""

import numpy as np

from lossbench.engine import train
from lossbench.inits.given import Given
from lossbench.interfaces import Split
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import Logistic
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec


def test_one_neuron_follows_the_update_written_out_by_hand():
    split = Split(np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), "classification")
    spec = RunSpec(
        loss=HalfSquaredError(link="sigmoid"),
        model=Logistic(),
        init=Given(weight=2.0, bias=2.0),
        dataset=None,
        optimizer=SGD(lr=0.15),
        data="",
        seed=0,
        steps=300,
        dtype="float64",
    )
    (trace,) = train(Cohort(runs=(spec,), recording=Recording(schedule=RecordingSchedule(kind="every"))), split)
    z, expected = 4.0, []
    for _ in range(301):
        a = 1 / (1 + np.exp(-z))
        expected.append(0.5 * a * a)
        z -= 2 * 0.15 * a * a * (1 - a)
    np.testing.assert_allclose(trace.values["train_loss"], expected, rtol=1e-11)
