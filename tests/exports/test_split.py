"""Training and validation: whole groups of near-duplicates on one side."""

import random

import pytest

from curate import CurateError, from_rows
from curate.exports.split import validation_rows
from tests.chat.conversations import assistant, user

WORDS = ["river", "stone", "cloud", "paper", "light", "bread", "glass", "horse", "green", "seven", "quiet", "north"]


def pool(count, copies):
    """`count` instructions, each `copies` times with one more word at its end."""
    draw = random.Random(5)
    bases = [" ".join(draw.choices(WORDS, k=30)) for _ in range(count)]
    rows = [
        {"id": f"{base}-{copy}", "messages": [user(f"{text} {WORDS[copy]}"), assistant(f"Answer {base} {copy}.")]}
        for base, text in enumerate(bases)
        for copy in range(copies)
    ]
    draw.shuffle(rows)
    return from_rows(rows)


def test_near_duplicates_never_straddle_the_split():
    records = pool(40, 3)
    chosen = validation_rows(records, 0.2, seed=1)
    groups = [name.partition("-")[0] for name in records["id"]]
    inside = {group for group, picked in zip(groups, chosen, strict=True) if picked}
    outside = {group for group, picked in zip(groups, chosen, strict=True) if not picked}
    assert inside.isdisjoint(outside)
    assert chosen.sum() == 24


def test_near_duplicate_answers_to_the_same_kind_of_request_stand_together():
    text = " ".join(WORDS)
    pairs = [(f"Tell me {n}.", f"{text} {text[::-1]}") for n in ("one", "two")] + [
        ("Hi", "Yes"),
        ("What now?", "Go on"),
    ]
    records = from_rows([{"id": str(n), "messages": [user(a), assistant(b)]} for n, (a, b) in enumerate(pairs)])
    for seed in range(6):
        chosen = validation_rows(records, 0.5, seed)
        assert chosen[0] == chosen[1]


def test_the_split_depends_on_the_seed_and_not_on_the_order():
    records = pool(30, 2)
    back = records.select(range(len(records) - 1, -1, -1))
    picked = [validation_rows(records, 0.1, seed=3), validation_rows(back, 0.1, seed=3)[::-1]]
    assert picked[0].tolist() == picked[1].tolist()
    assert picked[0].tolist() != validation_rows(records, 0.1, seed=4).tolist()


def test_a_pool_of_one_group_cannot_be_split():
    with pytest.raises(CurateError, match="each group of near-duplicates has more than 1 of 5 records; remove them"):
        validation_rows(pool(1, 5), 0.2, seed=0)
