"""Each shape in which people have conversations, from a row as it stands in such a file to its record."""

from collections import Counter

import pytest

from curate.errors import CurateError
from curate.records.reading import Row
from curate.records.shapes import read_record


def read(row, source="pool.jsonl"):
    """The record of a row, its shape, and what was counted."""
    notes = Counter()
    record, shape = read_record(Row(source, 1, row), notes)
    return record, shape, dict(notes)


def system(text):
    return {"role": "system", "content": text}


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def tool(text, **more):
    return {"role": "tool", "content": text, **more}


def call(name, arguments, **more):
    return {**more, "type": "function", "function": {"name": name, "arguments": arguments}}


WEATHER = {"name": "weather", "description": "of a city", "parameters": {"type": "object", "properties": {"city": {}}}}
Q, A = user("2 + 2?"), assistant("4")
SHAREGPT = [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}]


@pytest.mark.parametrize(
    ("row", "shape", "messages"),
    [
        ({"messages": [Q, A]}, "messages", [Q, A]),
        ({"messages": '[{"role": "user", "content": "2 + 2?"}]'}, "messages", [Q]),
        ({"messages": [system("Be brief."), Q, A, system("Now rhyme."), Q]}, "messages", None),
        ({"messages": [Q, A], "system": "Be brief."}, "messages", [system("Be brief."), Q, A]),
        ({"messages": SHAREGPT}, "messages", [Q, A]),
        ({"conversations": SHAREGPT}, "sharegpt", [Q, A]),
        ({"conversation": [Q, A]}, "sharegpt", [Q, A]),
        ({"conversations": SHAREGPT, "system": "Be brief."}, "sharegpt", [system("Be brief."), Q, A]),
        ({"conversations": [{"from": "system", "value": "Be brief."}, *SHAREGPT]}, "sharegpt", None),
        ({"turns": [Q, A]}, "turns", [Q, A]),
        ({"turns": ["2 + 2?"]}, "turns", [Q]),
        ({"instruction": "2 + 2?", "input": "", "output": "4"}, "alpaca", [Q, A]),
        ({"instruction": "Add.", "input": "2, 2", "output": "4"}, "alpaca", [user("Add.\n\n2, 2"), A]),
        ({"instruction": "2 + 2?", "output": "4", "history": [["1 + 1?", "2"]]}, "alpaca", None),
        ({"instruction": "2 + 2?", "output": "4", "history": [Q, A]}, "alpaca", [Q, A, Q, A]),
        ({"instruction": "2 + 2?", "context": "Sums.", "response": "4"}, "dolly", [user("2 + 2?\n\nSums."), A]),
        ({"instruction": "2 + 2?", "response": "4"}, "instruction/response", [Q, A]),
        ({"instruction": "2 + 2?", "generation": "4"}, "distilabel", [Q, A]),
        (
            {"system_prompt": "Be brief.", "question": "2 + 2?", "response": "4"},
            "openorca",
            [system("Be brief."), Q, A],
        ),
        ({"prompt": "2 + 2?", "completion": "4"}, "prompt/completion", [Q, A]),
        ({"prompt": [Q], "completion": [A]}, "prompt/completion", [Q, A]),
        ({"prompt": [system("Be brief."), Q]}, "prompt", [system("Be brief."), Q]),
        ({"prompt": "[1, 2] + [3]?", "response": "{}"}, "prompt/response", [user("[1, 2] + [3]?"), assistant("{}")]),
        ({"prompt": "2 + 2?", "output": "4"}, "prompt/output", [Q, A]),
        ({"question": "2 + 2?", "answer": "4"}, "question/answer", [Q, A]),
        ({"question": "2 + 2?", "context": ["Sums.", "Adding."], "answer": "4"}, "question/answer", None),
        ({"problem": "2 + 2?", "solution": "4"}, "problem/solution", [Q, A]),
        ({"input": "2 + 2?", "output": "4"}, "input/output", [Q, A]),
        ({"inputs": "2 + 2?", "targets": "4"}, "inputs/targets", [Q, A]),
    ],
)
def test_a_shape_is_recognised_and_leaves_no_column(row, shape, messages):
    record, name, notes = read(row)
    assert (name, notes) == (shape, {})
    assert record.keys() == {"messages"}
    if messages:
        assert record["messages"] == messages


def test_several_system_turns_stay_where_they_stand():
    messages = [system("Be brief."), Q, A, system("Now rhyme."), Q]
    assert read({"messages": messages})[0]["messages"] == messages


def test_a_developer_turn_is_a_system_turn_and_counted():
    record, _, notes = read({"messages": [{"role": "developer", "content": "Be brief."}, Q, A]})
    assert record["messages"][0] == system("Be brief.")
    assert notes == {"role developer as system": 1}


def test_text_parts_are_joined_and_other_parts_are_named():
    parts = [{"type": "text", "text": "2 + 2?"}, {"type": "text", "text": "Briefly."}]
    assert read({"messages": [user(parts), A]})[0]["messages"][0] == user("2 + 2?\nBriefly.")
    image = [*parts, {"type": "image_url", "image_url": {"url": "x"}}]
    with pytest.raises(
        CurateError, match="messages: turn 1: only text can be kept, found a part of the type 'image_url'"
    ):
        read({"messages": [user(image), A]})


def test_keys_of_a_message_that_mean_nothing_are_counted_by_name():
    record, _, notes = read({"messages": [{**Q, "ts": 3, "refusal": None}, {**A, "model": "m", "ts": 4}]})
    assert record["messages"] == [Q, A]
    assert notes == {"message key ts ignored": 2, "message key model ignored": 1}


def test_name_and_weight_stay():
    messages = [{**Q, "name": "Ada"}, {**A, "weight": 0}]
    assert read({"messages": messages})[0]["messages"] == messages


CALLED = [
    user("Rain?"),
    assistant("", tool_calls=[call("weather", '{"city": "Kelm"}', id="c1")]),
    tool('{"rain": true}', tool_call_id="c1"),
    assistant("Yes."),
]


def test_tool_calls_keep_their_arguments_as_json_text():
    given = [
        CALLED[0],
        {"role": "assistant", "content": None, "tool_calls": [call("weather", {"city": "Kelm"}, id="c1")]},
        tool({"rain": True}, tool_call_id="c1"),
        CALLED[3],
    ]
    record, _, notes = read({"messages": given, "tools": [WEATHER]})
    assert (record["messages"], notes) == (CALLED, {})
    assert record["tools"] == [{"type": "function", "function": WEATHER}]


def test_a_null_argument_of_json_stays_and_one_that_a_struct_column_put_there_goes():
    row = {"messages": [Q, assistant("", tool_calls=[call("f", {"a": 1, "b": None})])]}
    arguments = [
        read(row, source)[0]["messages"][1]["tool_calls"][0]["function"]["arguments"]
        for source in ("pool.jsonl", "pool.parquet")
    ]
    assert arguments == ['{"a": 1, "b": null}', '{"a": 1}']


def test_sharegpt_calls_and_observations_become_tool_calls_and_tool_turns():
    turns = [
        {"from": "human", "value": "Rain?"},
        {"from": "gpt", "value": "I look."},
        {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Kelm"}}'},
        {"from": "observation", "value": "rain"},
        {"from": "gpt", "value": "Yes."},
    ]
    record, shape, _ = read({"conversations": turns, "tools": '[{"name": "weather"}]'})
    calls = [call("weather", '{"city": "Kelm"}')]
    expected = [user("Rain?"), assistant("I look.", tool_calls=calls), tool("rain"), assistant("Yes.")]
    assert (shape, record["messages"]) == ("sharegpt", expected)
    assert record["tools"] == [{"type": "function", "function": {"name": "weather"}}]


def test_answers_that_are_calls_become_a_calling_turn():
    row = {"query": "Rain?", "answers": '[{"name": "weather", "arguments": {}}]', "tools": '[{"name": "weather"}]'}
    record, shape, _ = read(row)
    assert (shape, record["messages"]) == (
        "query/answers",
        [user("Rain?"), assistant("", tool_calls=[call("weather", "{}")])],
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": [A]}, "turn 1 (assistant) begins"),
        ({"messages": [Q, Q]}, "turn 2 (user) follows a user turn"),
        ({"messages": [Q, A, system("x"), A]}, "turn 4 (assistant) follows an assistant turn"),
        ({"messages": [system("x")]}, "there is no user turn"),
        ({"messages": [{"role": "critic", "content": "x"}]}, "turn 1: the role is one of system, developer, user"),
        ({"messages": [Q, {"role": "assistant", "content": None}]}, "turn 2: the content of an assistant turn must be"),
        ({"messages": [Q, assistant("", tool_calls=["f"])]}, "turn 2: a tool call is {name, arguments}, found 'f'"),
        ({"messages": "2 + 2?"}, "messages must be a list of turns, found '2 + 2?'"),
        (
            {"conversations": [{"from": "human", "value": "x"}, {"from": "function_call", "value": "f()"}]},
            "turn 2: a tool",
        ),
        ({"prompt": "x", "chosen": [Q, A], "rejected": [Q, A, Q]}, "must differ in one assistant turn, the last"),
        ({"prompt": "x", "responses": [{"rank": 1}]}, "responses: item 1: a candidate is a text or has one under"),
        ({"id": [1], "messages": [Q]}, "id must be a text or a whole number, found [1]"),
    ],
)
def test_what_is_no_conversation_says_where_and_why(row, reason):
    with pytest.raises(CurateError) as raised:
        read(row)
    assert reason in str(raised.value)


THOUGHT = assistant("4", reasoning_content="Two and two.")


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_has_one_name(key):
    assert read({"messages": [Q, {**A, key: "Two and two."}]})[0]["messages"][1] == THOUGHT
    assert read({"question": "2 + 2?", "answer": "4", key: "Two and two."})[0] == {"messages": [Q, THOUGHT]}


@pytest.mark.parametrize(
    ("content", "turn"),
    [
        ("<think>\nTwo and two.\n</think>\n\n4", THOUGHT),
        ("Two and two.\n</think>\n\n4", THOUGHT),
        ("<think>Two and", assistant("", reasoning_content="Two and")),
        ("<think>\n\n</think>\n\n4", A),
        ("The `</think>` tag ends it.", assistant("The `</think>` tag ends it.")),
        ("4 <think>hm</think>", assistant("4 <think>hm</think>")),
    ],
)
def test_a_leading_think_block_is_reasoning(content, turn):
    for row in (
        {"messages": [Q, assistant(content)]},
        {"conversations": [SHAREGPT[0], {"from": "gpt", "value": content}]},
        {"prompt": "2 + 2?", "response": content},
    ):
        assert read(row)[0]["messages"] == [Q, turn]
    (candidate,) = read({"prompt": "2 + 2?", "responses": [content]})[0]["candidates"]
    assert {"role": "assistant", **candidate} == turn


def test_a_think_block_that_says_other_than_the_reasoning_stays():
    turn = assistant("<think>b</think>4", reasoning_content="a")
    assert read({"messages": [Q, turn]})[0]["messages"][1] == turn


# Several responses

PREFERRED = [{"content": "4", "scores": {"preference": 1.0}}, {"content": "5", "scores": {"preference": 0.0}}]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "2 + 2?", "chosen": "4", "rejected": "5"},
        {"prompt": [Q], "chosen": [A], "rejected": [assistant("5")]},
        {"prompt": "2 + 2?", "chosen": A, "rejected": assistant("5")},
        {"prompt": "2 + 2?", "chosen": [Q, A], "rejected": [Q, assistant("5")]},
        {"chosen": [Q, A], "rejected": [Q, assistant("5")]},
        {"question": "2 + 2?", "chosen": "4", "rejected": "5"},
        {"chosen": "\n\nHuman: 2 + 2?\n\nAssistant: 4", "rejected": "\n\nHuman: 2 + 2?\n\nAssistant: 5"},
    ],
)
def test_chosen_and_rejected_become_candidates(row):
    assert read(row) == ({"messages": [Q], "candidates": PREFERRED}, "preference", {})


def test_a_preference_beside_its_own_conversation_is_kept_with_it():
    row = {"messages": [Q, A], "chosen": [Q, A], "rejected": [Q, assistant("5")]}
    assert read(row)[0] == {"messages": [Q, A], "candidates": PREFERRED}


def test_a_preference_of_another_conversation_stays_a_column_and_is_named():
    for messages in ([user("x"), A], [Q, A, user("And 3?"), assistant("7")]):
        row = {"messages": messages, "chosen": [Q, A], "rejected": [Q, assistant("5")]}
        record, _, notes = read(row)
        assert record == {"messages": messages, "chosen": row["chosen"], "reserved": {"rejected": row["rejected"]}}
        assert notes["column chosen not used as a turn"] == notes["column rejected not used as a turn"] == 1


def test_a_question_that_is_not_in_the_preference_stays_and_is_named():
    record, _, notes = read({"prompt": "other", "chosen": [Q, A], "rejected": [Q, assistant("5")]})
    assert record["prompt"] == "other"
    assert notes == {"column prompt not used as a turn": 1}


@pytest.mark.parametrize("key", ["candidates", "responses", "outputs", "generations", "completions"])
def test_a_column_of_texts_or_structs_is_candidates(key):
    record, _, notes = read({"prompt": "2 + 2?", key: ["4", "5"]})
    assert record == {"messages": [Q], "candidates": [{"content": "4"}, {"content": "5"}]}
    structs = [{"text": "4", "model": "m", "rating": 5, "rank": None}, {"response": "5", "generator": "n", "tag": "x"}]
    record, _, notes = read({"prompt": "2 + 2?", key: structs})
    assert record["candidates"] == [
        {"content": "4", "generator": "m", "scores": {"rating": 5}},
        {"content": "5", "generator": "n"},
    ]
    assert notes == {"candidate key tag ignored": 1}


def test_distilabels_models_are_the_generators():
    record, shape, _ = read({"instruction": "2 + 2?", "generations": ["4", "5"], "generation_models": ["m", "n"]})
    assert shape == "distilabel"
    assert [candidate["generator"] for candidate in record["candidates"]] == ["m", "n"]
    assert record.keys() == {"messages", "candidates"}


# Columns


def test_a_column_that_looks_like_a_turn_and_is_none_is_named():
    record, _, notes = read({"prompt": "2 + 2?", "response": "4", "answer": "four", "query": "", "stars": 5})
    assert record == {"messages": [Q, A], "answer": "four", "query": "", "stars": 5}
    assert notes == {"column answer not used as a turn": 1}


def test_a_column_that_repeats_a_turn_is_not_named():
    assert read({"messages": [Q, A], "prompt": "2 + 2?"})[2] == {}


def test_of_questions_alone_the_first_is_taken_and_the_column_stays():
    record, _, notes = read({"turns": ["2 + 2?", "And 3?"], "category": "math"})
    assert record == {"messages": [Q], "turns": ["2 + 2?", "And 3?"], "category": "math"}
    assert notes["column turns: the first question taken, the others have no answers between"] == 1


def test_what_curate_makes_stays_where_it_is():
    record = {
        "id": "a",
        "messages": CALLED,
        "candidates": [{"content": "4", "generator": "g", "scores": {"fit": 1.0}}],
        "rejected": [{"content": "5", "reason": "too short", "detail": {}}],
        "scores": {"length": 4.0},
        "labels": {"quality": "good"},
        "embedding": [0.6, 0.8],
        "redactions": {"EMAIL": 1},
        "tools": [{"type": "function", "function": WEATHER}],
        "generator": "g",
        "source": {"file": "f", "line": 1},
    }
    assert read(record) == (record, "messages", {})
