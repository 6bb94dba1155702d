"""Parquet: a small file that stands for much is refused by what it says of itself, and what is read is what pyarrow reads."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lossbench.errors import BadInput
from lossbench.files.parquet import MOST_COLUMNS, ParquetReader

MANY = 5_000_000


def written(table):
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def same_text(*, often):
    """One text that a hundred rows share."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(often, np.int32)), pa.array(["x" * 1000]))


BOMBS = {
    "numbers": lambda: pa.array(np.zeros(MANY)),
    "one list": lambda: pa.ListArray.from_arrays(pa.array([0, MANY]), pa.array(np.zeros(MANY))),
    "text said often": lambda: same_text(often=100_000).cast(pa.string()),
    "text in a dictionary": lambda: same_text(often=100_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("column", BOMBS.values(), ids=BOMBS)
def test_what_would_come_to_much_more_than_the_file_is_not_unpacked(column):
    content = written(pa.table({"a": column()}))
    assert len(content) < 100_000
    with pytest.raises(BadInput, match=r"cannot be read as parquet.*would come to"):
        ParquetReader(content, "f").read()


def test_too_many_columns_are_refused():
    with pytest.raises(BadInput, match=f"columns, and may have {10:,}"):
        ParquetReader(written(pa.table({f"a{n}": [1] for n in range(11)})), "f", 10)
    assert MOST_COLUMNS > 1000


def test_what_is_no_parquet_is_refused():
    whole = written(pa.table({"a": [1.0], "b": ["x"]}))
    for content in (b"", b"PAR1", whole[:-1], whole[4:], b"x" * 100):
        with pytest.raises(BadInput, match="f cannot be read as parquet"):
            ParquetReader(content, "f").read()


def test_what_is_within_bounds_is_read_as_pyarrow_reads_it():
    texts, large = ["a", None, "b"] * 10, pa.array(["x", "yy", None] * 10, pa.large_string())
    table = pa.table({
        "text": texts, "large": large, "bytes": pa.array([b"\xff", b"", None] * 10), "lists": [[1.0], None, []] * 10,
        "categories": pa.array(texts).dictionary_encode(), "texts": [["a"], ["b"], []] * 10,
    })  # fmt: skip
    content = written(table)
    assert ParquetReader(content, "f").read().equals(pq.read_table(io.BytesIO(content)))
    assert ParquetReader(content, "f").read(["lists"]).column_names == ["lists"]
