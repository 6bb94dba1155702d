import pytest

from lossbench.audit.measurements.gradient_check import slopes
from lossbench.audit.measurements.margin import shape
from lossbench.audit.measurements.robustness import robustness
from lossbench.audit.measurements.saturation import saturation
from lossbench.audit.subjects.subject import Subject, registered


def robust(words):
    (results,) = registered(words)
    return robustness(results, shape(results), saturation(results))


@pytest.mark.slow
@pytest.mark.parametrize("word", ["absolute_error", "normalised_cross_entropy", "active_passive"])
def test_the_sum_over_all_labels_of_a_tolerant_loss_is_constant(word):
    results = robust(f"{word},link=softmax")
    assert results.tolerant
    assert results.outlier == "is ignored in the end"


@pytest.mark.slow
@pytest.mark.parametrize("word", ["cross_entropy", "half_squared_error", "generalised_cross_entropy"])
def test_the_sum_over_all_labels_of_another_loss_varies(word):
    results = robust(f"{word},link=softmax")
    assert not results.tolerant
    assert results.spread > 0.1


def test_an_outlier_pulls_as_the_gradient_says():
    assert robust("half_squared_error,link=identity").outlier == "pulls harder, the farther it is"
    assert robust("huber").outlier == "pulls with at most 1, however far it is"
    assert robust("exponential").outlier == "pulls exponentially harder, the farther it is"
    assert robust("cross_entropy,link=sigmoid").at_hundred == pytest.approx(1)


def test_a_hand_derived_gradient_that_is_wrong_is_found():
    (right,) = registered("cross_entropy,link=softmax")

    class Wrong:
        link = "softmax"
        value = staticmethod(right.loss.value)

        def gradient(self, z, y):
            return right.loss.gradient(z, y) * (1 + 1e-7)

    assert slopes(right).right
    assert not slopes(Subject(title="wrong", loss=Wrong(), outputs=2, several=True)).right
