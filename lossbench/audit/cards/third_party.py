"""Other people's losses that are held against the formula that they claim: torch.nn, scikit-learn, optax."""

import importlib.metadata
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

from lossbench.audit.measurements.numerics import Accuracy, Numerics, numerics
from lossbench.audit.subjects.convention import CallableRequest, CallOptions
from lossbench.audit.subjects.forms import Unusable
from lossbench.audit.subjects.imported import subjects_of_path
from lossbench.audit.subjects.subject import Subject
from lossbench.errors import BadInput

_ONE, _SEVERAL = CallOptions(outputs="one"), CallOptions(outputs="several")
_ON_SIGMOID, _ON_SOFTMAX = (
    CallOptions(takes="probabilities", outputs="one"),
    CallOptions(takes="probabilities", outputs="several"),
)
_LOSSES = (
    ("torch.nn:BCEWithLogitsLoss", "cross_entropy", _ONE),
    ("torch.nn:BCELoss", "cross_entropy", _ON_SIGMOID),
    ("torch.nn:SoftMarginLoss", "cross_entropy", _ONE),
    ("torch.nn:MultiLabelSoftMarginLoss", "cross_entropy", _ONE),
    ("torch.nn:CrossEntropyLoss", "cross_entropy", _SEVERAL),
    ("torch.nn:NLLLoss", "cross_entropy", CallOptions(takes="log-probabilities", outputs="several")),
    ("torch.nn:KLDivLoss", "cross_entropy", CallOptions(takes="log-probabilities", outputs="several")),
    ("torch.nn:MSELoss", "half_squared_error", _ON_SIGMOID),
    ("torch.nn:MSELoss", "half_squared_error", _ON_SOFTMAX),
    ("torch.nn:MSELoss", "half_squared_error", CallOptions(takes="raw", outputs="one", link="identity")),
    ("torch.nn:L1Loss", "absolute_error", _ON_SIGMOID),
    ("torch.nn:L1Loss", "absolute_error", _ON_SOFTMAX),
    ("torch.nn:HuberLoss", "huber", _ONE),
    ("torch.nn:SmoothL1Loss", "huber", _ONE),
    ("torch.nn:PoissonNLLLoss", "poisson", _ONE),
    ("torch.nn:MultiMarginLoss", "multiclass_hinge,form=weston_watkins", _SEVERAL),
    ("sklearn.metrics:log_loss", "cross_entropy", CallOptions(outputs="several")),
    ("sklearn.metrics:brier_score_loss", "brier", CallOptions(outputs="several")),
    ("optax.losses:sigmoid_binary_cross_entropy", "cross_entropy", _ONE),
    ("optax.losses:softmax_cross_entropy", "cross_entropy", _SEVERAL),
    ("optax.losses:softmax_cross_entropy_with_integer_labels", "cross_entropy", _SEVERAL),
    ("optax.losses:sigmoid_focal_loss", "focal", _ONE),
    ("optax.losses:poly_loss_cross_entropy", "poly_1,epsilon=2.0", _SEVERAL),
    ("optax.losses:hinge_loss", "hinge", _ONE),
    ("optax.losses:l2_loss", "half_squared_error", CallOptions(takes="raw", outputs="one", link="identity")),
    ("optax.losses:log_cosh", "log_cosh", _ONE),
)
PACKAGES = {"torch": "torch", "sklearn": "scikit-learn", "optax": "optax"}


@dataclass(frozen=True, kw_only=True)
class ThirdPartyLoss:
    """A third-party implementation: path, kind of input, the loss that it claims to be, accuracies.

    `trouble` is the reason why it could not be measured, empty otherwise.
    """

    path: str
    given: str
    claim: str
    numbers: Numerics
    trouble: str = ""

    def row(self, quantity: str, dtype: str) -> Accuracy | None:
        """The accuracy of one quantity in one dtype, None where it has none to give."""
        return next((row for row in self.numbers.accuracies if (row.quantity, row.dtype) == (quantity, dtype)), None)


def third_party_losses() -> Iterator[ThirdPartyLoss]:
    """Every implementation whose package is installed, measured now."""
    for path, claim, call_options in _LOSSES:
        if importlib.util.find_spec(path.partition(":")[0].partition(".")[0]) is None:
            continue
        word = claim.partition(",")[0]
        try:
            for subject in subjects_of_path(CallableRequest(path=path, claim=claim, call_options=call_options, seconds=60.0)):
                yield ThirdPartyLoss(path=path, given=_given(subject), claim=word, numbers=numerics(subject))
        except (Unusable, BadInput) as error:
            yield ThirdPartyLoss(
                path=path, given="–", claim=word, numbers=Numerics(against="", accuracies=()), trouble=str(error)
            )


def _given(subject: Subject) -> str:
    sentence = subject.called[0]
    if "log-probabilities" in sentence:
        return f"the log of torch's {subject.link}"
    return f"torch's {subject.link}" if "probabilities" in sentence else "raw outputs"


def versions() -> list[str]:
    """The packages and versions that were measured, and those that are not installed."""
    lines = []
    for package, name in PACKAGES.items():
        installed = importlib.util.find_spec(package) is not None
        lines.append(f"{name} {importlib.metadata.version(name)}" if installed else f"{name}: not installed, not measured")
    return lines
