"""Handing out parts in given shares so that the counts are exact to one at every moment.

After n items, a part with the share p has had floor(np) or ceil(np) of them: the quota condition of apportionment
(Balinski and Young, Fair Representation, 1982), for every n. Which part comes next is then free within a window: each
part has its items to come, each with a first and a last turn, and as long as no more of them are due by any turn
than there are turns until then, a complete order exists (Hall's condition for unit jobs with release times and
deadlines, as in Tijdeman's chairman assignment, 1980).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

import numpy as np
import pandas as pd

ROUNDING = 1e-6  # a quota that is a whole number but for this much counts as one


def apportion(shares: Sequence[float], groups: Iterable[int] = repeat(0)) -> Iterator[int]:
    """The index of the part that each item gets, one for each of `groups`, endlessly if they are.

    `shares` are positive, and relative to their sum. Of the parts that keep the counts exact, an item gets the one
    that the earlier items of its own group lack most; so two ways of dividing the same items do not go together.
    """
    if len(shares) == 1:
        yield from (0 for _ in groups)
        return
    quota = np.array(shares, dtype=np.float64) / np.sum(shares)
    ahead = np.arange(int(np.ceil(2 / quota.min())) + 1)  # turns; beyond them nothing can become due too soon
    taken = np.zeros(len(quota), dtype=np.int64)
    taken_by: dict[int, np.ndarray] = defaultdict(lambda: np.zeros(len(quota), dtype=np.int64))
    for number, group in enumerate(groups, 1):
        due = np.floor((number + ahead)[:, None] * quota + ROUNDING)
        full = np.flatnonzero(np.maximum(due - taken, 0).sum(1) >= ahead + 1)
        free = taken < np.ceil(number * quota - ROUNDING)
        if len(full):
            free &= due[full[0]] > taken
        of_group = taken_by[group]
        lacking = np.round((of_group.sum() + 1) * quota - of_group, 9)
        part = int(np.argmax(np.where(free, lacking, -np.inf)))
        taken[part] += 1
        of_group[part] += 1
        yield part


def quotas(shares: Sequence[float], sizes: Sequence[int], count: int) -> np.ndarray:
    """How many of `count` each group gets: by its share, rounded by the largest remainder (Hamilton 1792), int64 (g,).

    No group gets more than its size; what it lacks goes to the others by their shares. `shares` are positive and
    relative to their sum, and the sizes add up to `count` at least. Equal remainders go to the first groups.
    """
    share, size = np.array(shares, dtype=np.float64), np.array(sizes, dtype=np.int64)
    given = np.zeros(len(share), dtype=np.int64)
    while given.sum() < count:
        room = given < size
        wanted = np.where(room, share, 0) / share[room].sum() * (count - given[~room].sum())
        if (wanted[room] >= size[room]).any():
            given = np.where(room & (wanted >= size), size, np.where(room, 0, given))
            continue
        given[room] = np.floor(wanted[room] + ROUNDING)
        remainder = np.where(room, wanted - given, -1)
        given[np.argsort(-np.round(remainder, 9), kind="stable")[: count - given.sum()]] += 1
    return given


def within_quotas(order: np.ndarray, groups: np.ndarray, quotas: np.ndarray) -> np.ndarray:
    """The first of `order`, row numbers, of each group, as many as its quota says, in their order."""
    group = groups[order]
    earlier = pd.Series(group).groupby(group).cumcount().to_numpy()  # of its group
    chosen: np.ndarray = order[earlier < quotas[group]]
    return chosen
