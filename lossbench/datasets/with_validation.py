"""Data of which a part is held out to choose by."""

from dataclasses import dataclass

from lossbench.data.hold_out import HeldOut, check_range
from lossbench.data.loading import load
from lossbench.data.validation import check_size, with_validation
from lossbench.interfaces import Dataset, Split


@dataclass(frozen=True, kw_only=True)
class WithValidation(Dataset):
    """Another data set, of whose training data a part is held out for validation: drawn by the seed, from every class alike.

    Hyper-parameters are chosen on validation data, so that test data, which stay what they were, have chosen nothing. Where the
    data set splits and scales by itself, the part is held out before anything is measured on the training data; of any other it
    is held out as it comes.
    Task: classification or regression.
    Options: of, the data set; size, a share of its training data, or from 1 on a number of rows.
    Source: scikit-learn's train_test_split, stratified.
    """

    of: Dataset
    size: float
    seed: int = 0

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0)
        check_size(self.size)

    def load(self) -> Split:
        if isinstance(self.of, HeldOut):
            return self.of.split(self.size, self.seed)
        return with_validation(load(self.of).split, self.size, self.seed)
