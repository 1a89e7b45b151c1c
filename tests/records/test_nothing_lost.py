"""Whatever a row says is in its record, or the counters name it: for rows of any keys and values."""

import json
import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.records.candidates import GENERATORS, PARALLEL, TEXTS
from curate.records.reading import Row
from curate.records.reserved import OURS
from curate.records.shapes import MAPPED, read_record
from curate.records.turns import ROLES

numbers = st.integers(0, 10**9)
words = numbers.map("w{}x".format)  # a word that stands nowhere else
nested = st.dictionaries(st.sampled_from(["a", "b"]), words, min_size=1)
calls = st.builds(
    lambda name, arguments, extra: {"function": {"name": name, "arguments": arguments}, **extra},
    words,
    nested | nested.map(json.dumps),
    st.dictionaries(st.sampled_from(["id", "index", "mood"]), words),
)
thoughts = words | words.map("<think>{}</think>".format)
contents = thoughts | words.map(lambda word: [{"type": "text", "text": word}])
turns = st.builds(
    lambda role, content, extra: {"role": role, "content": content, **extra},
    st.sampled_from(sorted(ROLES)),
    contents,
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(["reasoning", "thinking", "name", "tool_call_id", "mood"], words),
            "tool_calls": st.lists(calls, max_size=2),
        },
    ),
)
conversations = st.builds(
    lambda first, rest: [{"role": "user", "content": first}, *rest], words, st.lists(turns, min_size=1, max_size=3)
)
candidates = words | st.dictionaries(
    st.sampled_from([*TEXTS, *GENERATORS, "score", "mood"]), words | numbers, min_size=1
)
values = st.one_of(
    words,
    numbers,
    nested,
    conversations,
    conversations.map(json.dumps),
    st.lists(words, min_size=1, max_size=3),
    st.lists(candidates, min_size=1, max_size=3),
    st.lists(st.tuples(words, words).map(list), min_size=1, max_size=2),
)
keys = st.sampled_from(sorted({*MAPPED, *OURS, *PARALLEL, "topic"} - {"id", "source"}))
lists = st.lists(candidates, min_size=1, max_size=3)
shapes = st.one_of(
    st.fixed_dictionaries({"messages": conversations}),
    st.fixed_dictionaries({"conversations": conversations}),
    st.fixed_dictionaries({"turns": conversations}),
    st.fixed_dictionaries({"instruction": words}, optional={"input": words, "output": thoughts}),
    st.fixed_dictionaries({"prompt": words | conversations, "completion": words}),
    st.fixed_dictionaries({"question": words, "responses": lists}),
    st.fixed_dictionaries({"prompt": words, "chosen": words, "rejected": words}),
)
rows = st.builds(lambda shape, more: {**more, **shape}, shapes, st.dictionaries(keys, values, max_size=3))


def words_in(value):
    """The words of a value."""
    return set(re.findall(r"w\d+x", json.dumps(value)))


def unsaid(row, notes):
    """The words under keys that the counters name."""
    named = {name.split()[-2] for name in notes if name.endswith(" ignored")}

    def walk(value):
        if isinstance(value, str) and value[:1] in ("[", "{"):
            value = json.loads(value)
        if isinstance(value, dict):
            for key, item in value.items():
                yield from words_in(item) if key in named else walk(item)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item)

    return set(walk(row))


@settings(max_examples=500, deadline=None)
@given(rows)
def test_every_word_of_a_row_is_in_its_record_or_under_a_key_that_is_named(row):
    notes = Counter()
    try:
        record, _ = read_record(Row("pool.jsonl", 1, row), notes)
    except CurateError:
        return  # the whole line goes to quarantine
    assert words_in(row) - words_in(record) <= unsaid(row, notes)
    again = Counter()
    assert read_record(Row("pool.jsonl", 1, record), again)[0] == record
