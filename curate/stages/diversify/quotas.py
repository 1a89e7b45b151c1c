"""How many records of each value of a label or a column a choice holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pyarrow as pa
from datasets import Dataset
from pydantic import Field

from curate.algorithms.apportionment import quotas
from curate.errors import CurateError, nearest
from curate.records.groups import group_values

Share = Annotated[float, Field(gt=0, description="relative to the sum of all shares")]
Balance = (
    Annotated[str, Field(min_length=1)]
    | Annotated[dict[str, Annotated[dict[str, Share], Field(min_length=1)]], Field(min_length=1, max_length=1)]
)
"""The name of a label or a column, or a mapping of that name to the shares of its values."""


def balanced_name(balance: str | Mapping[str, Mapping[str, float]] | None) -> str | None:
    """The label or the column that is balanced."""
    return balance if balance is None or isinstance(balance, str) else next(iter(balance))


def find_quotas(
    records: Dataset, order: np.ndarray, balance: str | Mapping[str, Mapping[str, float]] | None, count: int
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """The group of each record, int64 (n,), in the order of the row numbers `order`, and how many of each are chosen.

    The groups' numbers follow the order of their values; the counters say which groups are too small, and by how many.
    Raises CurateError for a record without a value, a share for a value that none has, or too few records.
    """
    name = balanced_name(balance)
    if balance is None or name is None:
        return np.zeros(len(order), dtype=np.int64), np.array([count]), {}
    try:
        values = group_values(records, name)
    except CurateError as error:
        raise CurateError(f"balance: {error}") from None
    if values.null_count:
        row = values.is_null().to_numpy(zero_copy_only=False).argmax()
        raise CurateError(f"balance: record {records[int(row)]['id']!r} has no {name}")
    names, groups = np.unique(values.cast(pa.string()).to_numpy(zero_copy_only=False), return_inverse=True)
    known = [str(value) for value in names]
    given = dict.fromkeys(known, 1.0) if isinstance(balance, str) else balance[name]
    for value in given:
        if value not in known:
            raise CurateError(f"balance: no record has the {name} {value!r}; {nearest(value, known)}")
    sizes = [int(size) for size in np.bincount(groups)]
    asked = [value for value in known if value in given]
    room = [sizes[known.index(value)] for value in asked]
    if sum(room) < count:
        raise CurateError(f"count is {count}, but only {sum(room)} records have a {name} with a share; lower count")
    shares = [given[value] for value in asked]
    wanted, got = quotas(shares, [count] * len(asked), count), quotas(shares, room, count)
    every = np.zeros(len(known), dtype=np.int64)
    every[[known.index(value) for value in asked]] = got
    lacks = {f"{value} too few by": float(w - r) for value, w, r in zip(asked, wanted, room, strict=True) if r < w}
    return groups[order].astype(np.int64), every, lacks
