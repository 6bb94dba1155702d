"""Hydra's and OmegaConf's exceptions as one message each: what was asked, what was seen, what is possible, the nearest word."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException, ValidationError

from lossbench.config.schema import PRESET_GROUPS, choosable
from lossbench.errors import BadInput, unknown

KINDS = {
    r"could not be converted to Integer": "a whole number",
    r"could not be converted to Float": "a number",
    r"is not a valid bool": "true or false",
    r"is not Optional": "a value",
    r"is not a ListConfig": "a list",
}
MOVED = {"schedule.kind": "recording.kind", "schedule.points": "recording.points"}
OPEN = ("=", ",")  # signs at which a setting is not at its end
UNQUOTED = re.compile(r"""[A-Za-z0-9_+\-./\\$%*@?|:=,\[\]{}() \t]""")  # letters that Hydra reads outside quotes
QUOTES, NESTED = {'"', "'"}, re.compile(r"[\[({]")
GRAMMAR = "Settings are written KEY=VALUE: loss=ce,mse optimizer.lr=0.3 'seed=range(10)'. Quote what the shell would eat."


def refusal(error: Exception, overrides: Sequence[str]) -> BadInput:
    """What to answer where Hydra or OmegaConf raised over the words."""
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, OverrideParseException) and (spaced := _spaced(link.override, overrides)):
            return BadInput(spaced)
        message = _specific(link, chain)
        if message:
            where = re.match(r"In '(?!config'|hydra/)[^']+': ", str(chain[0]))
            return BadInput(f"{where[0] if where else ''}{message}")
    if not isinstance(error, HydraException | ValueError):
        reason = f"{type(error).__name__} {' '.join(str(error).split())}".strip()
        return BadInput(f"Hydra cannot make a config of {' '.join(overrides)!r} ({reason}). {GRAMMAR}")
    return BadInput(_general(str(error)))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _specific(error: BaseException, chain: Sequence[BaseException]) -> str | None:
    """The message for an exception that says what is wrong; None for one that only passes another on."""
    if isinstance(error, OverrideParseException):
        return (
            _unquoted(str(error.override))
            or f"{error.override!r} cannot be read: {_reason(error)}.{_meant(error.override)} {GRAMMAR}"
        )
    if isinstance(error, MissingConfigException):
        return _missing(error)
    if isinstance(error, ConfigKeyError | ConfigAttributeError) and isinstance(error.parent_node, DictConfig):
        asked = re.search(rf"Could not override '({re.escape(str(error.full_key))}[^']*)'", str(chain[0]))
        return _unknown_key(asked[1] if asked else str(error.full_key), str(error.full_key), error.parent_node)
    if isinstance(error, ValidationError):
        return _unfit(error)
    if isinstance(error, OmegaConfBaseException) and error.full_key:
        return f"{error.full_key}: {_reason(error)}."
    return None


def _spaced(override: str, overrides: Sequence[str]) -> str | None:
    """What was meant where a setting was written with spaces, at which a shell cuts it: loss=ce, mse or loss = ce."""
    first = list(overrides).index(override) if override in overrides else 0
    last = first
    while first > 0 and overrides[first - 1].endswith(OPEN):
        first -= 1
    while last + 1 < len(overrides) and (overrides[last].endswith(OPEN) or overrides[last + 1].startswith(OPEN)):
        last += 1
    parts = overrides[first : last + 1]
    if len(parts) > 1:
        return f"{' '.join(parts)} has spaces in it, and a setting has none. Did you mean {''.join(parts)!r}?"
    if override.endswith(",") and override.count("(") == override.count(")"):
        return f"{override!r} ends in a comma. Several values are written without spaces, such as loss=ce,mse."
    return None


def _unquoted(override: str) -> str:
    """What was meant where a value has letters that Hydra reads in quotes only: 'study="größe"'; "" where it has none."""
    key, _, value = override.partition("=")
    odd = dict.fromkeys(letter for letter in value if not UNQUOTED.match(letter))
    if not odd or odd.keys() & QUOTES or not all(map(UNQUOTED.match, key)):
        return ""
    parts = [part if all(map(UNQUOTED.match, part)) else f'"{part}"' for part in value.split(",")]
    meant = "" if NESTED.search(value) else f" Did you mean '{key}={','.join(parts)}'?"
    return (
        f"{override!r} cannot be read: outside quotes a value has the letters a to z and A to Z, digits, and signs such as "
        f"_ - + . and /. Only within double quotes are possible: {' '.join(map(repr, odd))}.{meant}"
    )


def refuse_lists(overrides: Sequence[str]) -> None:
    """Raise BadInput where a list stands for a choice among options: loss=[ce,mse] for loss=ce,mse."""
    for word in overrides:
        key, _, value = word.lstrip("+").partition("=")
        if key in PRESET_GROUPS and value.startswith("[") and value.endswith("]"):
            raise BadInput(
                f"{word} gives {key} one value that is a list, and {key} is chosen by name. Did you mean {key}={value[1:-1]!r}, "
                "which is a run with each?"
            )


def _meant(word: str) -> str:
    """A hint where somebody wrote an option without its group: demo for experiment=demo."""
    choices = {option: f"{group}={option}" for group, options in choosable().items() for option in options}
    near = get_close_matches(word, choices, n=1, cutoff=0.75)
    return f" Did you mean {choices[near[0]]!r}?" if near and "=" not in word else ""


def _missing(error: MissingConfigException) -> str:
    """An option that its group does not have, or a config that nobody wrote."""
    group, _, name = str(error.missing_cfg_file).rpartition("/")
    if group and error.options is not None:
        return str(unknown(group, name, error.options))
    return f"There is no config called {error.missing_cfg_file!r} where configs are looked for (--info searchpath shows where)."


def _unknown_key(asked: str, failed: str, parent: DictConfig) -> str:
    """A key that the config does not have. The nearest is sought by the whole key first, then by its last part."""
    if asked in MOVED:
        return f"{asked} is {MOVED[asked]} now: recording says when a run is recorded, schedule how its learning rate changes."
    level = failed.rpartition(".")[0]
    prefix = f"{level}." if level else ""
    keys = [key for key in _keys(OmegaConf.to_container(parent, resolve=False), prefix) if not key.startswith("hydra.")]
    known = [key for key in keys if key.count(".") == prefix.count(".") and key != "hydra" and not key.endswith(".word")]
    ends = {key.rpartition(".")[2]: key for key in reversed(keys)}
    near = get_close_matches(asked, keys, n=1, cutoff=0.75) or get_close_matches(asked.rpartition(".")[2], ends, n=1, cutoff=0.75)
    hint = f" Did you mean {ends.get(near[0], near[0])!r}?" if near else ""
    return f"No setting is called {asked!r}.{hint}{' Known here: ' + ', '.join(known) + '.' if known else ''}"


def _keys(tree: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield f"{prefix}{key}"
            yield from _keys(item, f"{prefix}{key}.")


def _unfit(error: ValidationError) -> str:
    wanted = next((spoken for pattern, spoken in KINDS.items() if re.search(pattern, str(error))), None)
    got = "null" if error.value is None else repr(error.value)
    several = ",".join(map(str, error.value)) if isinstance(error.value, list) else ""
    hint = f" A run with each is {error.full_key}={several}." if several else ""
    return f"{error.full_key} wants {wanted} and got {got}.{hint}" if wanted else f"{error.full_key}: {_reason(error)}."


def _general(text: str) -> str:
    """Hydra's own words, without its advice for other programs and on one line."""
    if "Ambiguous value for argument" in text or "requires --multirun" in text:
        word = re.search(r"'([^\n]*)'", text)
        return f"--cfg shows one run, and {word[1] if word else 'a word'} names several. Give it one value."
    if "must be a string or a list" in text:
        return f"{text}. loss, model, init, dataset, optimizer, engine and experiment are chosen by name, such as loss=ce."
    return " ".join(line.strip() for line in text.splitlines() if not line.startswith(("To append", "See http"))) or text


def _reason(error: BaseException) -> str:
    """The first line that says something: not the word repeated, not the place, not the address of a manual."""
    skipped = ("Error parsing override", "full_key:", "object_type", "reference_type", "See http")
    lines = [line.strip().removeprefix("LexerNoViableAltException: ") for line in str(error).splitlines()]
    return next((line.rstrip(".") for line in lines if line and not line.startswith(skipped)), type(error).__name__)
