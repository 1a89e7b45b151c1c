"""Rows of Parquet and Arrow files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from curate.errors import CurateError
from curate.records.rows import Row

BATCH = 1000  # rows that are read at once
MAGIC = b"ARROW1"  # how an Arrow file begins that is no stream


def parquet_rows(source: str, path: Path) -> Iterator[Row]:
    """The rows of a Parquet file; raises CurateError where two columns have one name."""
    with pq.ParquetFile(path) as file:
        yield from _rows(source, file.schema_arrow, file.iter_batches(batch_size=BATCH))


def arrow_rows(source: str, path: Path) -> Iterator[Row]:
    """The rows of an Arrow file or stream, as `datasets` and our own runs write them."""
    with pa.memory_map(str(path)) as file:
        is_file = file.read(len(MAGIC)) == MAGIC
        file.seek(0)
        if is_file:
            reader = pa.ipc.open_file(file)
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            reader = batches = pa.ipc.open_stream(file)
        pieces = (batch.slice(begin, BATCH) for batch in batches for begin in range(0, len(batch), BATCH))
        yield from _rows(source, reader.schema, pieces)


def _rows(source: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    if twice := [name for number, name in enumerate(schema.names) if name in schema.names[:number]]:
        raise CurateError(f"{source} has two columns {twice[0]!r}; rename one")
    in_json = [field.name for field in schema if isinstance(field.type, pa.JsonType)]
    number = 0
    for batch in batches:
        try:
            contents = batch.to_pylist()
        except (ValueError, OverflowError, pa.ArrowException):  # text that is not UTF-8, a date that Python lacks
            contents = [_content(batch.slice(row, 1)) for row in range(len(batch))]
        for content in contents:
            number += 1
            if isinstance(content, dict):
                yield Row(source, number, _decoded(content, in_json))
            else:
                yield Row(source, number, {}, content)


def _content(row: pa.RecordBatch) -> dict[str, Any] | str:
    """The only row of a batch, or what is wrong with it."""
    content = {}
    for name, column in zip(row.schema.names, row.columns, strict=True):
        try:
            content[name] = column[0].as_py()
        except (ValueError, OverflowError, pa.ArrowException) as error:
            return f"{name!r:.80}: {str(error) or type(error).__name__:.200}"
    return content


def _decoded(content: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The row with the columns that hold JSON text as their values."""
    for name in names:
        if content[name] is not None:
            content[name] = msgspec.json.decode(content[name])
    return content
