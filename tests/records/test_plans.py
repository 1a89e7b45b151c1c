"""Rows that are read after the example of others are read as if each were alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.records.plans import Plans
from curate.records.rows import Row
from curate.records.shapes import read_record
from curate.records.turns import Notes

KEYS = [
    "id",
    "prompt",
    "response",
    "instruction",
    "input",
    "output",
    "system",
    "question",
    "answer",
    "messages",
    "conversations",
    "history",
    "scores",
    "labels",
    "rejected",
    "reserved",
    "source",
    "embedding",
    "note",
]
TEXTS = st.one_of(
    st.sampled_from(
        ["", "Yes", "7", "<think>so</think>Yes", "[1]", ' {"a": 1}', "plainText0mark", "{0} {x}", "\ud800"]
    ),
    st.text(max_size=5),
)
ROLES = st.sampled_from(["system", "user", "assistant", "human", "gpt", "other"])
TURNS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": ROLES, "content": TEXTS}),
        st.fixed_dictionaries({"from": ROLES, "value": TEXTS}),
        st.dictionaries(st.sampled_from(["role", "content", "from"]), TEXTS, max_size=3),
    ),
    max_size=3,
)
VALUES = st.one_of(
    TEXTS, TURNS, st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.floats(), max_size=2)
)
ROWS = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), max_size=6)


def reading(read: Any, content: Mapping[str, Any]) -> Any:
    notes: Notes = Counter()
    try:
        return read(Row("a.jsonl", 1, content), notes), notes
    except CurateError as error:
        return str(error)


@given(ROWS)
def test_a_row_is_read_as_if_it_were_alone(rows: list[dict[str, Any]]) -> None:
    plans = Plans(read_record)
    for row in [*rows, *rows]:
        assert reading(plans.read, row) == reading(read_record, row)


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "a", "response": "b"},
        {"id": "x", "instruction": "a", "input": "", "output": "b", "stars": 5, "share": 0.5},
        {"instruction": "a {", "input": "c }", "output": "b"},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "note": "n"},
        {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "system": "s"},
    ],
)
def test_usual_rows_are_read_by_the_reader_but_once(row: dict[str, Any]) -> None:
    calls = []

    def read(given: Row, notes: Notes) -> tuple[dict[str, Any], str]:
        calls.append(given)
        return read_record(given, notes)

    plans, expected = Plans(read), read_record(Row("a.jsonl", 1, row))
    assert [plans.read(Row("a.jsonl", line, row), Counter()) for line in range(1, 5)] == [expected] * 4
    assert len(calls) == 2  # the first row, and its marks
