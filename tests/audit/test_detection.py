import math
import time

import numpy as np
import pytest
import torch
from torch.nn import functional

from lossbench.audit.references import formula
from lossbench.audit.subjects.behaviour import behaviour_findings, behaviour_notes, overflow_notes
from lossbench.audit.subjects.convention import CallableRequest, CallOptions
from lossbench.audit.subjects.detection import detect
from lossbench.audit.subjects.forms import Unusable
from lossbench.audit.subjects.imported import subjects_of_path
from lossbench.losses.absolute import Pinball
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError

ENTROPY = [formula(CrossEntropy(link=link)) for link in ("sigmoid", "softmax")]
SQUARE = [formula(HalfSquaredError(link=link)) for link in ("identity", "sigmoid", "softmax")]


NO_OPTIONS = CallOptions()


def called(function, claims=(), call_options=NO_OPTIONS, seconds=5.0):
    return detect(function, CallableRequest(path="mine:loss", call_options=call_options, seconds=seconds), claims)


def binary(z, y):
    return functional.binary_cross_entropy_with_logits(z, y, reduction="none")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (binary, {"outputs": 1, "takes": "raw", "targets": "alike", "swapped": False, "link": "sigmoid"}),
        (lambda target, z: binary(z, target), {"outputs": 1, "swapped": True}),
        (functional.cross_entropy, {"outputs": 2, "takes": "raw", "targets": "index", "layout": "last", "link": "softmax"}),
        (functional.binary_cross_entropy, {"outputs": 1, "takes": "probabilities", "link": "sigmoid"}),
        (functional.soft_margin_loss, {"outputs": 1, "targets": "signed"}),
        (functional.mse_loss, {"outputs": 1, "takes": "raw", "link": "identity"}),
        (lambda z, y: -(y * torch.log_softmax(z, 0)).sum(0), {"outputs": 2, "layout": "first", "targets": "alike"}),
        (lambda z, y: torch.logsumexp(z, 0) - z[y], {"outputs": 2, "layout": "single", "targets": "index"}),
        (lambda p, y: -(y * (p + 1e-7).log()).sum(-1), {"outputs": 2, "takes": "probabilities", "targets": "alike"}),
        (
            lambda p, y: -(y * p.clamp(1e-7, 1 - 1e-7).log() + (1 - y) * (1 - p).clamp(1e-7, 1 - 1e-7).log()),
            {"outputs": 1, "takes": "probabilities"},
        ),
    ],
)
def test_how_a_callable_wants_to_be_called_is_found_out(function, expected):
    convention = called(function).adapted.convention
    assert {name: getattr(convention, name) for name in expected} == expected


@pytest.mark.parametrize(("reduction", "form"), [("none", "each"), ("mean", "mapped"), ("sum", "mapped")])
def test_a_callable_that_reduces_is_asked_one_example_at_a_time(reduction, form):
    def loss(z, y):
        return functional.binary_cross_entropy_with_logits(z, y, reduction=reduction)

    detected = called(loss, ENTROPY).adapted
    assert detected.form == form
    z, y = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64), torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    ours = CrossEntropy(link="sigmoid")
    assert detected.value(z, y).tolist() == pytest.approx(ours.value(z, y).tolist())
    assert detected.gradient(z, y)[0].tolist() == pytest.approx(ours.gradient(z, y)[0].tolist())


@pytest.mark.parametrize("axis", [0, 1])
def test_numbers_of_elements_are_added_up_over_the_outputs(axis):
    call_options = CallOptions(classes="first" if axis == 0 else "last", targets="alike", outputs="several")
    detected = called(lambda z, y: -(y * torch.log_softmax(z, axis)), ENTROPY, call_options).adapted
    assert detected.form == "elements"
    z = torch.tensor([[1.0, -2.0], [0.5, 0.1], [0.2, 3.0]], dtype=torch.float64)
    y = torch.tensor([[1.0, 0.2], [0.0, 0.5], [0.0, 0.3]], dtype=torch.float64)
    assert detected.value(z, y).tolist() == pytest.approx(CrossEntropy(link="softmax").value(z, y).tolist())


def test_a_claim_decides_between_readings_that_all_make_sense():
    assert called(functional.mse_loss, SQUARE).adapted.link == "identity"
    on_sigmoid = called(functional.mse_loss, SQUARE[1:2])
    assert on_sigmoid.adapted.convention.takes == "probabilities"
    assert dict(on_sigmoid.factors) == {1: 2}
    on_softmax = called(functional.mse_loss, SQUARE[2:])
    assert {rows: float(factor) for rows, factor in on_softmax.factors} == pytest.approx({2: 1, 3: 2 / 3})
    assert called(functional.nll_loss, ENTROPY).adapted.convention.takes == "log-probabilities"


def test_a_claim_that_does_not_hold_is_no_claim():
    assert called(lambda z, y: binary(z, y) ** 2, ENTROPY).claimed is None


def test_what_is_told_is_not_looked_for():
    detected = called(functional.mse_loss, (), CallOptions(takes="probabilities", outputs="several"))
    assert (detected.adapted.convention.takes, detected.adapted.convention.outputs) == ("probabilities", 2)


def test_numpy_gives_values_and_its_slopes_are_differences():
    def loss(y_true, y_pred):
        return float(np.mean(np.logaddexp(0, np.where(np.asarray(y_true) == 1, -1, 1) * np.asarray(y_pred))))

    detected = called(loss, ENTROPY).adapted
    assert (detected.convention.library, detected.convention.swapped, detected.differentiable) == ("numpy", True, False)
    z, y = torch.tensor([[0.7, -3.0]], dtype=torch.float64), torch.tensor([[1.0, 1.0]], dtype=torch.float64)
    assert detected.gradient(z, y).tolist()[0] == pytest.approx(CrossEntropy(link="sigmoid").gradient(z, y).tolist()[0], rel=1e-6)
    assert "It has no gradient to give: slopes are central differences of its values." in behaviour_notes(detected)


def test_a_callable_that_changes_its_input_is_told_of_and_harms_nothing():
    def loss(z, y):
        value = binary(z, y)
        z.zero_()
        return value

    detected = called(loss, ENTROPY)
    assert [finding.sentence for finding in behaviour_findings(detected.adapted)] == ["It changes its input."]
    z = torch.tensor([[2.0]], dtype=torch.float64)
    assert detected.adapted.value(z, torch.ones_like(z)).item() == pytest.approx(math.log1p(math.exp(-2)))
    assert z.item() == 2


def test_a_callable_that_is_not_deterministic_is_told_of():
    def loss(z, y):
        return binary(z, y) + 1e-3 * torch.rand_like(z)

    assert [finding.reason for finding in behaviour_findings(called(loss).adapted)] == ["nondeterminism"]
    assert behaviour_findings(called(binary).adapted) == ()


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (lambda z, y: binary(z, y).float(), "Given float64, it answers float32."),
        (lambda z, y: binary(z, y).long(), "Given float32, it answers int64."),
        (lambda z, y: binary(z.double(), y.double()), "Given float32, it answers float64."),
    ],
)
def test_a_wrong_dtype_is_told_of(loss, sentence):
    assert sentence in behaviour_notes(called(loss).adapted)


def refuses(z, y):
    raise RuntimeError("no luck today")


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (refuses, "no luck today"),
        (lambda _z, _y: "cheap", "the answer is str, no number"),
        (lambda z: z, "2 were given"),
        (lambda z, _y: torch.zeros(7, 2) + z.sum(), r"an array of shape \(7, 2\)"),
    ],
)
def test_what_cannot_be_a_loss_is_refused_with_what_was_tried(loss, reason):
    with pytest.raises(Unusable, match=reason) as refusal:
        called(loss)
    assert "--takes" in str(refusal.value)


@pytest.mark.slow
def test_a_callable_that_hangs_is_left_in_time():
    def loss(z, y):
        time.sleep(60)

    started = time.monotonic()
    with pytest.raises(Unusable, match=r"It hangs: no answer within 0\.3 s"):
        called(loss, seconds=0.3)
    assert time.monotonic() - started < 30  # half of what the loss sleeps: it was not waited for


WEIGHTS = torch.tensor([1.0, 5.0], dtype=torch.float64)


def weighted_mean(z, y):
    return functional.cross_entropy(torch.stack((torch.zeros_like(z), z), 1), y.long(), weight=WEIGHTS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss",
    [
        weighted_mean,
        lambda z, y: functional.cross_entropy(z, y, weight=torch.arange(1, z.shape[1] + 1).to(z)),
        lambda z, y: (z[:, None] - y).square().mean(),
        lambda z, y: binary(z - z.mean(), y),
        lambda z, y: binary(z, y).sum() / y.sum().clamp_min(1),
    ],
)
def test_a_loss_that_couples_the_examples_of_a_batch_is_recognised(loss):
    (finding,) = behaviour_findings(called(loss).adapted)
    assert finding.reason == "coupling"


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss",
    [
        binary,
        lambda z, y: binary(z, y).mean(),
        lambda z, y: 3 * binary(z, y).sum(),
        lambda z, y: functional.cross_entropy(z, y, reduction="mean"),
        lambda z, y: -(y * torch.log_softmax(z, 0)).sum(0),
        lambda z, y: functional.mse_loss(z, y).float(),
    ],
)
def test_a_loss_of_single_examples_is_not_accused_of_coupling_them(loss):
    assert behaviour_findings(called(loss).adapted) == ()


@pytest.mark.parametrize(("tau", "same"), [(0.3, True), (0.7, False)])
def test_the_names_of_the_parameters_decide_which_are_the_targets(tau, same):
    def loss(pred, target):
        return torch.maximum(tau * (target - pred), (tau - 1) * (target - pred))

    claimed = called(loss, [formula(Pinball(tau=0.3))]).claimed
    assert (claimed is not None) == same


def test_a_callable_that_raises_far_out_is_nan_there_and_measured_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "far_out.py").write_text(
        "import torch\n"
        "def loss(z, y):\n"
        "    if float(z.detach().abs().max()) > 50: raise ValueError('too large')\n"
        "    return torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction='none')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (subject,) = subjects_of_path(CallableRequest(path="far_out:loss"))
    assert "It raises ValueError at raw outputs of 100: too large" in subject.notes
    z = torch.tensor([[1.0, 60.0]], dtype=torch.float64)
    value = subject.loss.value(z, torch.zeros_like(z))
    assert value[0].item() == pytest.approx(math.log1p(math.e))
    assert value[1].isnan()
    assert overflow_notes(called(binary).adapted) == ()
