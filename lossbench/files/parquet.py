"""Parquet: what a file says of itself, its columns, types and numbers of values, is looked at before it is unpacked.

A page of one repeated value takes a few bytes and stands for any number of rows, so that two megabytes may come to gigabytes.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lossbench.errors import BadInput
from lossbench.files.regular import harm_told

FREE = 16 * 2**20  # bytes that any file may come to
TIMES = 250  # as many bytes may come out of one in the file; studies stored so far come to 17
LEVELS = 12  # bytes beside a value's own, for what says which list it stands in
MOST_COLUMNS = 20_000
_HARM = (OSError, ValueError, LookupError, TypeError, OverflowError, MemoryError, pa.ArrowException)


class ParquetReader:
    """A parquet file's schema, and its columns where they are asked for. Raises BadInput where it is none, or beyond a bound."""

    def __init__(self, content: bytes, where: str, most_columns: int = MOST_COLUMNS) -> None:
        self._where, self._allowed = where, FREE + TIMES * len(content)
        with harm_told(f"{where} cannot be read as parquet", _HARM):
            file = pq.ParquetFile(pa.BufferReader(content), thrift_container_size_limit=10 * most_columns)
            self.schema: pa.Schema = file.schema_arrow
            texts = [field.name for field in self.schema if _is_text(field.type)]
            # Text that is said many times is kept once, as it is in the file: ten thousand rows may share a megabyte.
            self._file = pq.ParquetFile(pa.BufferReader(content), metadata=file.metadata, read_dictionary=texts)
            self._refuse_excess(most_columns)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The columns named, or all, with their rows; text as plain text. Raises BadInput."""
        with harm_told(f"{self._where} cannot be read as parquet", _HARM):
            # In this thread: one of pyarrow's own may outlive the interpreter, and then letting go of a Python buffer aborts it.
            table: pa.Table = self._file.read(columns=columns, use_threads=False)
            table.validate(full=True)
            for position, field in enumerate(table.schema):
                if not pa.types.is_dictionary(field.type):
                    continue
                self._refuse_long(table.column(position))
                kind = self.schema.field(self.schema.names.index(field.name)).type
                if _is_text(kind):  # else somebody wrote categories
                    table = table.set_column(position, field.name, table.column(position).cast(kind))
            return table

    def _refuse_long(self, column: pa.ChunkedArray) -> None:
        """Raise BadInput where a column's text, written out row by row, is more than may come out of the file."""
        size = 0
        for chunk in column.chunks:
            lengths = pc.binary_length(chunk.dictionary) if _is_text(chunk.dictionary.type) else pa.array([], pa.int32())
            size += (pc.sum(lengths.take(chunk.indices)).as_py() or 0) if len(lengths) else 0
        if size > self._allowed:
            raise BadInput(f"{self._where} cannot be read as parquet: a column would come to {size:,} bytes of text.")

    def _refuse_excess(self, most_columns: int) -> None:
        metadata = self._file.metadata
        if metadata.num_columns > most_columns:
            raise ValueError(f"it has {metadata.num_columns:,} columns, and may have {most_columns:,}")
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
        numbers = [(chunk.num_values, chunk.total_uncompressed_size) for chunk in chunks]
        if any(min(pair) < 0 for pair in numbers) or any(group.num_rows < 0 for group in groups):
            raise ValueError("it says that it has fewer than no values")
        size = sum(LEVELS * values + content for values, content in numbers) + sum(LEVELS * group.num_rows for group in groups)
        if size > self._allowed:
            raise ValueError(f"it would come to {size:,} bytes, and may come to {self._allowed:,}")


def _is_text(kind: pa.DataType) -> bool:
    return any(
        test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    )
