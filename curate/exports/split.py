"""Training and validation, divided by groups, so that near-duplicates never stand on both sides."""

from __future__ import annotations

import numpy as np
from datasets import Dataset

from curate.algorithms.near_duplicates import sketch
from curate.algorithms.near_groups import Groups, join_near
from curate.errors import CurateError
from curate.records.identity import derive_seed
from curate.records.texts import Text, texts_of

THRESHOLD = 0.7  # the Jaccard index from which texts are near-duplicates
COMPARED: tuple[Text, ...] = ("instruction", "both")


def validation_rows(records: Dataset, share: float, seed: int) -> np.ndarray:
    """Which records are for validation: bool (n,), about `share` of them, and never more.

    Records whose instructions, or whose instructions with their responses, are near-duplicates form a group, and so do
    those that hang together by others. Whole groups are drawn, in an order that depends on the seed and on ids alone.
    Raises CurateError where every group is larger than the share.
    """
    groups = Groups(len(records))
    for which in COMPARED:
        texts = texts_of(records, which)
        join_near(groups, sketch(texts, len(texts)), THRESHOLD, texts)
    numbers, ids = groups.numbers(), records["id"][:]
    wanted = max(1, round(share * len(records)))
    chosen = np.zeros(len(records), dtype=bool)
    members: dict[int, list[int]] = {}
    for row, number in enumerate(numbers.tolist()):
        members.setdefault(number, []).append(row)
    for rows in sorted(members.values(), key=lambda rows: derive_seed(seed, "split", min(ids[row] for row in rows))):
        if chosen.sum() + len(rows) <= wanted and len(rows) < len(records):
            chosen[rows] = True
    if not chosen.any():
        raise CurateError(
            f"export: split: each group of near-duplicates has more than {wanted} of {len(records)} records; "
            "remove them with deduplicate, or take a larger share"
        )
    return chosen
