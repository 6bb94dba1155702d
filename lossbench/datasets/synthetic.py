"""Clouds of points in the plane (or, for blobs, in any space), drawn by scikit-learn."""

from dataclasses import dataclass

from lossbench.data.examples import Examples
from lossbench.data.hold_out import HeldOut, check_range, check_split, random_state
from lossbench.data.scikit_learn import scikit_learn

WIDEST = 1e6  # spread of points whose centres are some units apart; squares of much larger ones leave float64


@dataclass(frozen=True, kw_only=True)
class Blobs(HeldOut):
    """Round Gaussian clouds, one a class, their centres drawn uniformly from the cube [−10, 10]^D.

    Size: N = size (400), D = features (2), C = classes (3).
    Task: classification.
    Options: size, classes, features; spread, the standard deviation of a cloud. The seed draws centres, points and split.
    Source: scikit-learn's make_blobs.
    """

    size: int = 400
    classes: int = 3
    features: int = 2
    spread: float = 1.0

    def __post_init__(self) -> None:
        check_split(self)
        check_range("classes", self.classes, 2)
        check_range("size", self.size, 2 * self.classes)
        check_range("features", self.features, 1)
        check_range("spread", self.spread, 0, WIDEST)

    def examples(self) -> Examples:
        x, y = scikit_learn("datasets").make_blobs(
            n_samples=self.size,
            n_features=self.features,
            centers=self.classes,
            cluster_std=self.spread,
            random_state=random_state(self.seed, "data"),
        )
        return Examples(x, y, tuple(map(str, range(self.classes))))


@dataclass(frozen=True, kw_only=True)
class Moons(HeldOut):
    """Two interleaving half circles of radius 1, which no straight line parts.

    Size: N = size (400), D = 2, two classes.
    Task: classification.
    Options: size; noise, the standard deviation of what is added to each coordinate. The seed draws points and split.
    Source: scikit-learn's make_moons.
    """

    size: int = 400
    noise: float = 0.2

    def __post_init__(self) -> None:
        check_split(self)
        check_range("size", self.size, 4)
        check_range("noise", self.noise, 0, WIDEST)

    def examples(self) -> Examples:
        x, y = scikit_learn("datasets").make_moons(self.size, noise=self.noise, random_state=random_state(self.seed, "data"))
        return Examples(x, y, ("upper", "lower"))


@dataclass(frozen=True, kw_only=True)
class Circles(HeldOut):
    """Two concentric circles, of radius 1 and `factor`.

    Size: N = size (400), D = 2, two classes.
    Task: classification.
    Options: size; noise, the standard deviation of what is added to each coordinate; factor, the radius of the inner circle.
        The seed draws points and split.
    Source: scikit-learn's make_circles.
    """

    size: int = 400
    noise: float = 0.1
    factor: float = 0.5

    def __post_init__(self) -> None:
        check_split(self)
        check_range("size", self.size, 4)
        check_range("noise", self.noise, 0, WIDEST)
        check_range("factor", self.factor, 0, 0.99)

    def examples(self) -> Examples:
        state = random_state(self.seed, "data")
        x, y = scikit_learn("datasets").make_circles(self.size, noise=self.noise, factor=self.factor, random_state=state)
        return Examples(x, y, ("outer", "inner"))
