"""The values by which records are grouped: those of a label, of a column, or the names of their sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset

from curate.errors import CurateError
from curate.records.reading import short_name


def group_values(records: Dataset, name: str) -> pa.Array:
    """The value of each record: of the label `name`, or else of the column; for `source`, the source's name.

    Raises CurateError for a column that holds lists or structs.
    """
    labelled = name in records.features.get("labels", {})
    if name == "source" and not labelled:
        return pa.array(map(source_name, records["source"]), pa.string())
    column = records.select_columns("labels" if labelled else name).with_format("arrow")[:].column(0).combine_chunks()
    values = pc.struct_field(column, name) if labelled else column
    if pa.types.is_nested(values.type) or isinstance(values.type, pa.BaseExtensionType):
        raise CurateError(f"the column {name!r} holds {values.type}; name one that holds texts or numbers")
    return values


def source_name(source: Any) -> str | None:
    """What a source is called: as it was named, or else after its file, its Hub dataset or the model that wrote it."""
    if not isinstance(source, Mapping):
        return None if source is None else str(source)
    name = source.get("name") or short_name(source.get("file", "")) or source.get("generator")
    return None if name is None else str(name)
