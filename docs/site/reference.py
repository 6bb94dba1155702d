"""Pages that are made from the code: the API, the shelves, the commands, and the list of experiments."""

import re
from pathlib import Path

import click

import lossbench
from lossbench.commands.cli import commands
from lossbench.registry import SHELVES, shelf

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
DOORS = {
    "Train, compare, open": ("run", "compare", "ComparedStudy", "open", "StoredStudy", "LossClassifier", "LossRegressor"),
    "Audit, and record a loop of your own": ("lossbench.audit.cards.single.audit", "lossbench.witness.session.witness"),
    "Data in memory": ("lossbench.data.in_memory.from_frame", "lossbench.data.in_memory.from_arrays"),
    "What goes wrong": ("BadInput", "Failure"),
}
HIDDEN = "word, noun, model_config, set_score_request"  # the last is scikit-learn's own, with text of its own markup
LEVELS = "=-"


def pages() -> dict[str, str]:
    """The pages' texts, by their names below the site's source."""
    return {
        "docs/reference/api.rst": api(),
        "docs/reference/shelves.rst": shelves(),
        "docs/reference/commands.md": command_line(),
        "docs/experiments.md": experiments(),
    }


def api() -> str:
    """The public names: the doors first, and then what plugins inherit from and are handed."""
    shown = {name for names in DOORS.values() for name in names}
    nouns = tuple(name for name in lossbench._MODULE_OF if name not in shown)  # noqa: SLF001 the list of public names is this
    text = title("Python", 0) + "All of these come from ``lossbench`` itself: ``import lossbench as lb``, then ``lb.run``.\n\n"
    for heading, names in {**DOORS, "What plugins inherit from, and are handed": nouns}.items():
        text += title(heading, 1) + "".join(map(documented, names))
    return text


def documented(name: str) -> str:
    """A directive for a public name, by the kind of its value."""
    path = name if "." in name else f"{lossbench._MODULE_OF[name]}.{name}"  # noqa: SLF001 as above
    module, _, attribute = path.rpartition(".")
    value = getattr(__import__(module, fromlist=[attribute]), attribute)
    if isinstance(value, type):
        return f".. autoclass:: {path}\n   :members:\n   :exclude-members: {HIDDEN}\n\n"
    return f".. autofunction:: {path}\n\n" if callable(value) else f".. autodata:: {path}\n\n"


def shelves() -> str:
    """Every registered class of the library with its options, by noun and word."""
    text = (
        title("All words", 0)
        + "What ``loss=``, ``model=``, … can be, with options and sources. ``lossbench show`` tells the same.\n\n"
    )
    for noun, plural in SHELVES.items():
        text += title(plural.capitalize(), 1)
        for word, cls in shelf(noun).items():
            if cls.__module__.startswith("lossbench."):
                text += f".. rubric:: {noun}={word}\n\n.. autoclass:: {cls.__module__}.{cls.__qualname__}\n   :no-members:\n\n"
    return text


def command_line() -> str:
    """Every command's help."""
    text = "# Commands\n\nWhat `lossbench COMMAND --help` says.\n"
    for name, command in sorted(commands.commands.items()):
        context = click.Context(command, info_name=f"lossbench {name}", max_content_width=100)
        text += f"\n## lossbench {name}\n\n```text\n{command.get_help(context)}\n```\n"
    return text


def experiments() -> str:
    """A list of the experiments' pages."""
    names = sorted(path.parent.name for path in EXPERIMENTS.glob("*/README.md"))
    entries = "\n".join(f"../experiments/{name}/README" for name in names)
    return (
        "# Experiments\n\nEach page says what was asked, what was expected before the run, and what was found.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{entries}\n```\n"
    )


def title(text: str, level: int) -> str:
    """A heading of reStructuredText."""
    return f"{text}\n{LEVELS[level] * len(re.sub('.', 'x', text))}\n\n"
