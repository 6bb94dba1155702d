"""What losses are called in print, as a command line says it."""

from collections.abc import Iterable

from lossbench.errors import BadInput


def print_names(texts: Iterable[str]) -> dict[str, str]:
    """Names in print by what losses are called elsewhere, of texts LOSS=NAME. Raises BadInput for another text."""
    names = {}
    for text in texts:
        loss, equals, name = text.rpartition("=")
        if not equals or not loss or not name:
            raise BadInput(f"--name {text}: what a loss is called in print is written LOSS=NAME, such as cross_entropy=CE.")
        names[loss] = name
    return names
