"""The ids of records, unique in their pool."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

from datasets import Dataset, Value

from curate.errors import CurateError
from curate.records.identity import conversation_digest
from curate.records.pool import set_column

_LINES = 1 << 40  # more than a file has


class Names:
    """The ids of a pool: a record without one is named by its messages, equal conversations get a number."""

    def __init__(self) -> None:
        self._where: dict[str, int] = {}  # the source's number and the line, in one integer: there may be millions
        self._sources: dict[str, int] = {"": 0}
        self._copies: dict[str, int] = {}  # of a name, as many as are known

    def give(self, record: dict[str, Any], source: str, line: int) -> bool:
        """Sets the id of `record`; whether it had to be changed, since a record of another source has it.

        Raises CurateError when another record of its own source has it.
        """
        if "id" not in record:
            name = conversation_digest(record["messages"])[:16]
            record["id"] = name = self.free(name) if name in self._where else name
            self._where[name] = 0
            return False
        given = str(record["id"])
        number = self._sources.setdefault(source, len(self._sources))
        if given not in self._where:
            self._where[given] = number * _LINES + line
            record["id"] = given
            return False
        of_source = f"{given}-{Path(source).name.partition('.')[0]}"
        for name in chain([given, of_source], (f"{of_source}-{copy}" for copy in count(2))):
            taken = self._where.get(name)
            if taken is None:
                break
            if taken // _LINES == number:
                raise CurateError(f"the id {given!r:.80} is already used at {source}:{taken % _LINES}")
        self._where[name] = number * _LINES + line
        record["id"] = name
        return True

    def free(self, name: str) -> str:
        """The name, or where it is taken, the first of NAME-2, NAME-3 ... that is not."""
        if name not in self._where:
            return name
        copies = self._copies.get(name, 1) + 1
        while f"{name}-{copies}" in self._where:
            copies += 1
        self._copies[name] = copies
        return f"{name}-{copies}"

    def unique(self, name: str) -> str:
        """The name, with a number where it is taken; from now on it is taken itself."""
        free = self.free(name)
        self._where[free] = 0
        return free


def with_unique_ids(pools: Sequence[Dataset]) -> list[Dataset]:
    """The pools, with a number after every id that a pool before has already: b, b-2, b-3 ..."""
    if len(pools) < 2:
        return list(pools)
    names = Names()
    return [set_column(pool, "id", list(map(names.unique, pool["id"])), Value("string")) for pool in pools]
