"""A figure with its words: a heading, how to read it, and what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lossbench.plots.picture import Picture

# The files of the figures that every report has, or their first part.
GENERAL_NAMES = (
    *("overview", "untuned", "convergence", "factors", "gradients", "saturation", "profiles", "ranks", "rates"),
    "reliability",
)
NAMED = {"ranks"}  # of those the ones whose rows are named


class Caption(NamedTuple):
    """A sentence about what a figure shows, and the setting that it is about, "" for all."""

    setting: str
    text: str


@dataclass(frozen=True, kw_only=True)
class CaptionedFigure:
    """A figure in one or several parts; without pictures `reading` says why there are none."""

    heading: str
    reading: str
    captions: Sequence[Caption] = ()
    pictures: Sequence[Picture] = ()

    @property
    def keyed(self) -> bool:
        """Whether it wants the losses' key on a narrow screen: figures that every report has do, unless their rows are named."""
        return any(picture.name.partition("-")[0] in set(GENERAL_NAMES) - NAMED for picture in self.pictures)
