"""Many small parts become few large ones: the same rows, in the order in which readers let the last one count.

A merged part bears the number of the last part in it, so that order stays. It is written whole before what it replaces is
removed: interrupted in between, rows are there twice, which changes nothing, and the next time takes them together.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from lossbench.atomic import refused, write_whole
from lossbench.files.json import parse_json
from lossbench.storage.parquet_part import table_content
from lossbench.tables import BASELINES_KEY, CLASSES_KEY, METADATA_KEY, RUN, Damaged, Gone, content_hash, part_files, read_part

MOST_PARTS = 2000  # from so many on they are merged
GROUP_BYTES = 16 * 2**20  # of parts that become one: a few hundred megabytes once they are unpacked
_NUMBERED = re.compile(r"part-(\d{8})-[0-9a-f]{16}\.parquet")


def compact(folder: Path, most: int = MOST_PARTS) -> int:
    """Merge a study's parts where there are `most` or more; returns how many there are afterwards.

    Parts that are damaged, or that another process takes away meanwhile, stay as they are, and their neighbours with them.
    Raises Failure where the disk is full, BadInput where the folder cannot be written to.
    """
    paths = part_files(folder)
    if len(paths) < most:
        return len(paths)
    for group in _groups(paths):
        with contextlib.suppress(Damaged, Gone):  # told, and set aside, when the study is read the next time
            _merge(group)
    return len(part_files(folder))


def _groups(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Neighbours that together are not too large. Parts of one number stay together: their names do not say which came first."""
    group: list[Path] = []
    size = 0
    for number, same in groupby(paths, _number):
        parts = list(same)
        own = sum(_size(path) for path in parts)
        if group and (number is None or size + own > GROUP_BYTES):
            yield group
            group, size = [], 0
        if number is not None:
            group, size = group + parts, size + own
    if group:
        yield group


def _merge(paths: Sequence[Path]) -> None:
    """Write one part for several, then remove them."""
    if len(paths) < 2:
        return
    table = _merged([read_part(path) for path in paths])
    content = table_content(table)
    path = paths[-1].with_name(f"part-{_number(paths[-1]):08d}-{content_hash(content)}.parquet")
    write_whole(path, content)
    for old in paths:
        try:
            if old != path:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise refused(error, old) from error


def _merged(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all, of a run that is there twice the last one, and all that is said of them, the last one counting."""
    rows = pa.concat_tables([table.replace_schema_metadata(None) for table in tables], promote_options="default")
    last = pd.Series(range(rows.num_rows)).groupby(rows[RUN].to_pandas()).max().sort_values()
    rows = rows.take(pa.array(last.to_numpy())).combine_chunks()
    return rows.replace_schema_metadata(_metadata(tables) or None)


def _metadata(tables: Sequence[pa.Table]) -> dict[bytes, bytes]:
    """What the parts say of quantities, classes and baselines, together."""
    declared: dict[str, Any] = {}
    by_data: dict[bytes, dict[str, Any]] = {CLASSES_KEY: {}, BASELINES_KEY: {}}
    for table in tables:
        metadata = table.schema.metadata or {}
        declared |= {
            item["stem"]: item for item in parse_json(metadata.get(METADATA_KEY, b"[]"), "the declarations of quantities")
        }
        for key, known in by_data.items():
            known.update(parse_json(metadata.get(key, b"{}"), "what is said of the data"))
    together = {METADATA_KEY: list(declared.values()), **by_data}
    return {key: json.dumps(content, ensure_ascii=False).encode() for key, content in together.items() if content}


def _number(path: Path) -> int | None:
    """The number in a part's name; None where it bears another name than lossbench gives."""
    named = _NUMBERED.fullmatch(path.name)
    return int(named[1]) if named else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
