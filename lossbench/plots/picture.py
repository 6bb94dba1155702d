"""A finished figure."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure in two formats; `name` is its file's, without an ending, and `title` says what it shows.

    `key` has the names and colours of a few lines that are named at their right ends, which a narrow window does not show.
    """

    name: str
    title: str
    svg: bytes
    png: bytes
    key: tuple[tuple[str, str], ...] = ()

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.svg.decode()
