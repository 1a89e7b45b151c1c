"""Handing out parts in given shares so that the counts are exact to one at every moment.

After n items, a part with the share p has had floor(np) or ceil(np) of them: the quota condition of apportionment
(Balinski and Young, Fair Representation, 1982), for every n. Which part comes next is then free within a window: each
part has its items to come, each with a first and a last place, and as long as no more of them are due by any place
than there are places until then, a complete order exists (Hall's condition for unit jobs with release times and
deadlines, as in Tijdeman's chairman assignment, 1980).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

import numpy as np

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
    ahead = np.arange(int(np.ceil(2 / quota.min())) + 1)  # beyond these places nothing can become due too soon
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
