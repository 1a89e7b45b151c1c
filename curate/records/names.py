"""The ids of records, unique in their pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasets import Dataset, Value

from curate.errors import CurateError
from curate.records.identity import digest
from curate.records.pool import set_column


class Names:
    """The ids of a pool: a record without one is named by its messages, equal conversations get a number."""

    def __init__(self) -> None:
        self._where: dict[str, str] = {}

    def give(self, record: dict[str, Any], where: str) -> None:
        """Sets the id of `record`; raises CurateError when one that it came with is used already."""
        if "id" in record:
            record["id"] = str(record["id"])
            if record["id"] in self._where:
                raise CurateError(f"the id {record['id']!r} is already used at {self._where[record['id']]}")
        else:
            record["id"] = self.free(digest(record["messages"])[:16])
        self._where[record["id"]] = where

    def free(self, name: str) -> str:
        """The name, or where it is taken, the first of NAME-2, NAME-3 ... that is not."""
        copies, free = 1, name
        while free in self._where:
            copies += 1
            free = f"{name}-{copies}"
        return free

    def unique(self, name: str) -> str:
        """The name, with a number where it is taken; from now on it is taken itself."""
        free = self.free(name)
        self._where[free] = ""
        return free


def with_unique_ids(pools: Sequence[Dataset]) -> list[Dataset]:
    """The pools, with a number after every id that a pool before has already: b, b-2, b-3 ..."""
    if len(pools) < 2:
        return list(pools)
    names = Names()
    return [set_column(pool, "id", list(map(names.unique, pool["id"])), Value("string")) for pool in pools]
