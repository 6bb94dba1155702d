"""The zoo's page: `python docs/zoo.py` writes docs/zoo.md from the registered losses and the three lists below."""

import dataclasses
import inspect
import sys
from pathlib import Path
from typing import NamedTuple, get_args

from lossbench.registry import Registered, field_types, find, shelf

PAGE = Path(__file__).with_suffix(".md")


class Entry(NamedTuple):
    """A loss of somebody else's: our word and options for it and how the two relate, or no word and the reason."""

    theirs: str
    ours: str
    remark: str


JANOCHA_CZARNECKI = (
    Entry("L1", "absolute_error link=identity", "the same"),
    Entry("L2", "half_squared_error link=identity", "ours is half"),
    Entry("L1∘σ, expectation loss", "absolute_error link=softmax", "the same"),
    Entry("L2∘σ, regularised expectation loss", "half_squared_error link=softmax", "ours is half; brier is the same"),
    Entry("L∞∘σ, Chebyshev loss", "chebyshev link=softmax", "the same"),
    Entry("hinge", "hinge margin=0.5", "the same"),
    Entry("hinge², squared hinge", "squared_hinge margin=0.5", "the same"),
    Entry("hinge³, cubed hinge", "cubed_hinge margin=0.5", "the same"),
    Entry("log, cross entropy", "cross_entropy link=softmax", "the same"),
    Entry("log², squared log loss", "log_squared link=softmax", "the same, with the sign that makes it a cost"),
    Entry("tan, Tanimoto loss", "tanimoto link=softmax", "ours is greater by 1"),
    Entry("D_CS, Cauchy–Schwarz divergence", "cauchy_schwarz link=softmax", "the same"),
)
TORCH = (
    Entry("L1Loss", "absolute_error link=identity", "torch's mean over elements is 1/C of it"),
    Entry("NLLLoss", "cross_entropy link=softmax", "torch's takes log p"),
    Entry("NLLLoss2d", "cross_entropy link=softmax", "an old name of NLLLoss, for pictures"),
    Entry("PoissonNLLLoss", "poisson", "ours has log(y!) in it"),
    Entry("GaussianNLLLoss", "gaussian_learnt_variance", "with full=True; torch's var is our e^s; in gaussian it is fixed"),
    Entry("KLDivLoss", "kullback_leibler link=softmax", "torch's takes log p"),
    Entry("MSELoss", "half_squared_error", "torch's mean over elements is 2/C of it"),
    Entry(
        "BCELoss",
        "bernoulli",
        "torch's takes probabilities, and cuts their logarithms off at −100; compare clamped_cross_entropy",
    ),
    Entry("BCEWithLogitsLoss", "cross_entropy link=sigmoid", "torch's mean over elements is 1/C of it"),
    Entry("HingeEmbeddingLoss", "", "its input is a distance between two things, not a raw output"),
    Entry("MultiLabelMarginLoss", "", "its target is a set of classes of varying size"),
    Entry("SmoothL1Loss", "huber", "torch's is 1/beta of it, delta = beta"),
    Entry("HuberLoss", "huber", "the same"),
    Entry("SoftMarginLoss", "logistic_margin", "torch's mean over elements is 1/C of it"),
    Entry("CrossEntropyLoss", "cross_entropy link=softmax", "the same; with label_smoothing: label_smoothing link=softmax"),
    Entry("LinearCrossEntropyLoss", "", "cross entropy with the last layer in it: a faster program, the same loss"),
    Entry("MultiLabelSoftMarginLoss", "cross_entropy link=sigmoid", "torch's is 1/C of it"),
    Entry("CosineEmbeddingLoss", "", "compares two inputs, not an output with a target"),
    Entry("MarginRankingLoss", "", "compares two inputs, not an output with a target"),
    Entry("MultiMarginLoss", "multiclass_hinge form=weston_watkins", "torch's is 1/C of it; p is power"),
    Entry("TripletMarginLoss", "", "compares three inputs, not an output with a target"),
    Entry("TripletMarginWithDistanceLoss", "", "compares three inputs, not an output with a target"),
    Entry("CTCLoss", "", "its target is a sequence"),
)
OPTAX = (
    Entry("sigmoid_binary_cross_entropy", "cross_entropy link=sigmoid", "optax's is for each output; the sum is ours"),
    Entry("softmax_cross_entropy", "cross_entropy link=softmax", "the same"),
    Entry("safe_softmax_cross_entropy", "cross_entropy link=softmax", "the same where raw outputs are finite"),
    Entry("softmax_cross_entropy_with_integer_labels", "cross_entropy link=softmax", "the same, with targets as numbers"),
    Entry("poly_loss_cross_entropy", "poly_1 link=softmax", "the same; optax's epsilon is 2, ours 1"),
    Entry("sigmoid_focal_loss", "focal link=sigmoid", "the same for hard targets; soft ones optax weighs by the mean of 1 − p"),
    Entry("kl_divergence", "kullback_leibler link=softmax", "optax's takes log p"),
    Entry("kl_divergence_with_log_targets", "kullback_leibler link=softmax", "optax's takes log p and log y"),
    Entry("generalized_kl_divergence", "", "is for vectors that do not sum to 1; where they do, it is kullback_leibler"),
    Entry("convex_kl_divergence", "", "an old name of generalized_kl_divergence"),
    Entry("hinge_loss", "hinge", "the same, with targets −1 and 1"),
    Entry("perceptron_loss", "perceptron", "the same, with targets −1 and 1"),
    Entry("multiclass_hinge_loss", "multiclass_hinge", "the same"),
    Entry("multiclass_perceptron_loss", "multiclass_hinge margin=0", "the same"),
    Entry("sparsemax_loss", "sparsemax", "the same, of one output"),
    Entry("multiclass_sparsemax_loss", "sparsemax", "the same, of several"),
    Entry("make_fenchel_young_loss", "", "makes losses from a function; of those, cross_entropy and sparsemax are here"),
    Entry("ctc_loss, ctc_loss_with_forward_probs", "", "the target is a sequence"),
    Entry(
        "dice_loss, binary_dice_loss, multiclass_generalized_dice_loss", "", "sums over the pixels of a picture; compare tanimoto"
    ),
    Entry("ranking_softmax_loss", "", "the target is a ranking of a list"),
    Entry("ntxent, triplet_margin_loss", "", "compares examples with one another"),
    Entry("smooth_labels", "label_smoothing", "optax's makes targets; the loss at them is ours"),
)


def table(entries: tuple[Entry, ...], whose: str) -> list[str]:
    """A table of somebody's losses beside ours."""
    rows = [f"| {entry.theirs} | {spoken(entry)} | {entry.remark} |" for entry in entries]
    return [f"| {whose} | here | |", "| --- | --- | --- |", *rows, ""]


def spoken(entry: Entry) -> str:
    """Our words for a loss as `lossbench run` takes them."""
    word, *pairs = entry.ours.split() or [""]
    return f"`{' '.join([f'loss={word}', *(f'loss.{pair}' for pair in pairs)])}`" if word else "—"


def options(cls: type[Registered]) -> str:
    """Options and their defaults, the link apart."""
    given = [field for field in dataclasses.fields(cls) if field.name != "link"]  # type: ignore[arg-type]
    return ", ".join(f"`{field.name}={_written(field.default)}`" for field in given)


def _written(value: object) -> str:
    return "null" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def families() -> list[str]:
    """Every loss of the library, by the file it stands in."""
    lines = []
    classes = [cls for cls in shelf("loss").values() if cls.__module__.startswith("lossbench.losses.")]
    for name in sorted({cls.__module__ for cls in classes}):
        family = [cls for cls in classes if cls.__module__ == name]
        first = (inspect.getdoc(sys.modules[name]) or "").splitlines()[0]
        lines += [f"### {name.rpartition('.')[2]}", "", first, ""]
        lines += ["| word | what it is | links | options |", "| --- | --- | --- | --- |"]
        for cls in sorted(family, key=lambda cls: inspect.getsourcelines(cls)[1]):
            links = ", ".join(link for link in get_args(field_types(cls)["link"]) if link != "auto")
            lines.append(f"| `{cls.word}` | {(inspect.getdoc(cls) or '').splitlines()[0]} | {links} | {options(cls)} |")
        lines.append("")
    return lines


def page() -> str:
    """The page in Markdown."""
    return "\n".join(
        [
            "# The zoo",
            "",
            "*Written by `python docs/zoo.py`.*",
            "",
            "A loss is a number for one example, from raw outputs and targets. `lossbench show losses WORD`",
            "tells its formula, constants, identities, properties and source; `lossbench audit WORD` measures them.",
            "",
            *families(),
            "## Other people's losses",
            "",
            "Every loss of three collections: the word for it here, or the reason why there is none.",
            "",
            "### Janocha & Czarnecki 2017, table 1",
            "",
            *table(JANOCHA_CZARNECKI, "the paper's"),
            "### torch.nn",
            "",
            *table(TORCH, "torch's"),
            "### optax",
            "",
            *table(OPTAX, "optax's"),
        ]
    )


def built(entry: Entry) -> Registered:
    """The loss that an entry names. Raises BadInput where there is none."""
    word, *pairs = entry.ours.split()
    cls = find("loss", word)
    given = dict(pair.split("=") for pair in pairs)
    return cls.build({name: value if value.isidentifier() else float(value) for name, value in given.items()})


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
