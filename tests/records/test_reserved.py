"""Columns of the user's that have the names of ours."""

from collections import Counter

import pytest
from datasets import Dataset, Json

from curate import screen
from curate.records.pool import from_rows, set_column
from curate.records.reading import Row
from curate.records.reserved import RESERVED, put_aside, put_back
from curate.records.shapes import read_record

Q = {"role": "user", "content": "2 + 2 = ?"}


def read(row):
    notes = Counter()
    return read_record(Row("pool.jsonl", 1, row), notes)[0], notes


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("rejected", "The Danube."),
        ("labels", [1, 2]),
        ("labels", {"toxic": 0.1}),
        ("scores", [0.5]),
        ("scores", {"judge": "good"}),
        ("embedding", "file.npy"),
        ("redactions", "none"),
        ("stage", "draft"),
        ("reason", "because"),
        ("detail", {"a": 1}),
        ("generator", {"name": "m"}),
        ("tools", "hammer"),
        ("candidates", "none"),
        ("source", 7),
        ("reserved", "seat 4"),
    ],
)
def test_a_column_with_the_name_of_ours_that_is_another_stands_aside_and_is_counted(name, theirs):
    record, notes = read({"messages": [Q], name: theirs})
    assert record == {"messages": [Q], "reserved": {name: theirs}}
    assert notes[f"column {name} under reserved"] == 1
    assert read(record)[0] == record


def test_a_column_that_is_there_twice_stays_under_reserved():
    row = put_back({"prompt": "a", RESERVED: {"prompt": "b", "labels": [1]}})
    assert row == {"prompt": "a", "labels": [1], RESERVED: {"prompt": "b"}}
    assert put_aside(row, ["labels"]) == {"prompt": "a", RESERVED: {"prompt": "b", "labels": [1]}}


@pytest.mark.parametrize(("name", "theirs"), [("reason", "because"), ("rejected", "The Danube."), ("generator", 7)])
def test_a_dataset_keeps_what_is_the_users_too(name, theirs):
    pool = from_rows([{"id": "a", "messages": [Q]}])
    pool = set_column(
        pool, name, [theirs], Json() if name == "stage" else Dataset.from_dict({"x": [theirs]}).features["x"]
    )
    outcome = screen(pool, instruction_length=(100, 200))
    (gone,) = outcome.dropped.to_list()
    assert (gone["reason"], gone[RESERVED]) == ("too short", {name: theirs})
