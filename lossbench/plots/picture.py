"""A finished figure."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure in two formats; `name` is its file's, without an ending, and `title` says what it shows."""

    name: str
    title: str
    svg: bytes
    png: bytes

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.svg.decode()
