"""Small real data that scikit-learn brings with it."""

from dataclasses import dataclass

import numpy as np

from lossbench.data.examples import Examples
from lossbench.data.hold_out import HeldOut, Scaling
from lossbench.data.scikit_learn import scikit_learn
from lossbench.interfaces import Dataset, Split


@dataclass(frozen=True, kw_only=True)
class Iris(HeldOut):
    """Three species of iris, told apart by the length and width of sepals and petals (cm).

    Size: N = 150, D = 4, C = 3.
    Task: classification.
    Source: Fisher, The Use of Multiple Measurements in Taxonomic Problems, 1936; scikit-learn's load_iris.
    """

    def examples(self) -> Examples:
        return _classes("load_iris")


@dataclass(frozen=True, kw_only=True)
class Wine(HeldOut):
    """Three growers of wine, told apart by chemical analysis.

    Size: N = 178, D = 13, C = 3.
    Task: classification.
    Source: Forina et al., PARVUS, 1988 (UCI repository); scikit-learn's load_wine.
    """

    def examples(self) -> Examples:
        return _classes("load_wine")


@dataclass(frozen=True, kw_only=True)
class BreastCancer(HeldOut):
    """Tumours, malignant (0) or benign (1), described by the nuclei of their cells under the microscope.

    Size: N = 569, D = 30, two classes.
    Task: classification.
    Source: Street, Wolberg & Mangasarian, Nuclear Feature Extraction for Breast Tumor Diagnosis, 1993; scikit-learn's
        load_breast_cancer.
    """

    def examples(self) -> Examples:
        return _classes("load_breast_cancer")


@dataclass(frozen=True, kw_only=True)
class Digits(HeldOut):
    """Handwritten digits of 8 × 8 pixels, 0 to 16 bright.

    Some pixels are dark in all but one or two images. Standardised one by one they reach 200 standard deviations in the
    test data, so that one image decides the test loss: hence scaling is shared unless asked otherwise.

    Size: N = 1797, D = 64, C = 10.
    Task: classification.
    Source: Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, 1998 (UCI repository; its test part);
        scikit-learn's load_digits.
    """

    scaling: Scaling = "shared"

    def examples(self) -> Examples:
        return _classes("load_digits")._replace(inputs=(1, 8, 8))


@dataclass(frozen=True, kw_only=True)
class Diabetes(HeldOut):
    """How far diabetes has progressed a year after age, sex, body mass, blood pressure and six serum values were taken.

    Size: N = 442, D = 10, one real target (25 to 346), standardised by the training data.
    Task: regression.
    Source: Efron, Hastie, Johnstone & Tibshirani, Least Angle Regression, 2004; scikit-learn's load_diabetes, unscaled.
    """

    def examples(self) -> Examples:
        x, y = scikit_learn("datasets").load_diabetes(return_X_y=True, scaled=False)
        return Examples(x, y.astype(np.float64), None)


@dataclass(frozen=True, kw_only=True)
class DiabetesShare(Dataset):
    """Diabetes with its target told as a share: 0 for the least of the training data, 1 for the greatest.

    So that a loss for probabilities, which takes targets from 0 to 1, can be taught a quantity; what lies beyond is cut off.
    A share is a soft label, hence a classification: half of the Brier score, 2(a − y)², is the squared error of the share.
    Size: N = 442, D = 10, one real target from 0 to 1.
    Task: classification.
    Options: seed, which draws the split of diabetes; examples and features are the same.
    Source: as diabetes.
    """

    seed: int = 0

    def __post_init__(self) -> None:
        self.whole()

    def whole(self) -> Diabetes:
        """The data set in its own units. Raises BadInput for a seed that it does not take."""
        return Diabetes(seed=self.seed)

    def load(self) -> Split:
        split = self.whole().load()
        least, greatest = split.train_y.min(), split.train_y.max()
        train_y, test_y = (((y - least) / (greatest - least)).clip(0, 1) for y in (split.train_y, split.test_y))
        return split._replace(train_y=train_y, test_y=test_y, task="classification")


def _classes(loader: str) -> Examples:
    bunch = getattr(scikit_learn("datasets"), loader)()
    return Examples(bunch.data, bunch.target, tuple(map(str, bunch.target_names)))
