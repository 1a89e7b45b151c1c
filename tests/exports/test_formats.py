"""What each format writes, and that it gives the conversations back."""

import json

import pytest
from hypothesis import given, seed, settings

from curate.errors import CurateError
from curate.exports.conversation import Conversation
from curate.exports.exported import write_rows
from curate.exports.formats import FORMATS, get_format
from curate.exports.proof import prove, read_back
from tests.exports.records import CALL, CALLED, REASONED, SYSTEM, TOOL, conversations

THOUGHT = "<think>\nTwo and two.\n</think>\n\n4"
WHOLE = [name for name, form in FORMATS.items() if not form.pairs]


def row_of(name, messages, tools=(), chat=None):
    (row,) = FORMATS[name].rows(Conversation(messages, list(tools)), chat)
    return row


def test_trl_writes_reasoning_under_the_key_that_the_template_reads(template_of):
    assert row_of("trl", REASONED, chat=template_of("qwen3")) == {"messages": REASONED}
    (_, answer) = row_of("trl", REASONED, chat=template_of("gptoss"))["messages"]
    assert answer == {"role": "assistant", "content": "4", "thinking": "Two and two."}


def test_trl_writes_tools_as_json_text_and_arguments_as_an_object():
    row = row_of("trl", CALLED, [TOOL])
    assert json.loads(row["tools"]) == [TOOL]
    assert row["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"city": "Rome"}


def test_trl_writes_the_switches_of_the_template_into_each_row(template_of):
    assert row_of("trl", REASONED, chat=template_of("qwen3", enable_thinking=False))["chat_template_kwargs"] == {
        "enable_thinking": False
    }


def test_prompt_completion_has_a_row_for_each_assistant_turn():
    rows = FORMATS["trl:prompt-completion"].rows(Conversation([*SYSTEM, *REASONED], []), None)
    assert [row["prompt"] for row in rows] == [SYSTEM[:2], [*SYSTEM, REASONED[0]]]
    assert [row["completion"] for row in rows] == [SYSTEM[2:], REASONED[1:]]


def test_axolotl_takes_the_record_as_it_is():
    assert row_of("axolotl", CALLED, [TOOL]) == {"messages": CALLED, "tools": [TOOL]}
    assert row_of("axolotl", REASONED) == {"messages": REASONED}


def test_llama_factory_writes_sharegpt_with_reasoning_inline():
    turns = row_of("llama-factory", [SYSTEM[0], *REASONED])["conversations"]
    assert turns == [
        {"from": "system", "value": "Be brief."},
        {"from": "human", "value": "2 + 2?"},
        {"from": "gpt", "value": THOUGHT},
    ]


def test_llama_factory_writes_calls_and_observations():
    row = row_of("llama-factory", CALLED, [TOOL])
    assert row["conversations"][1:3] == [
        {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Rome"}}'},
        {"from": "observation", "value": "21 degrees"},
    ]
    assert json.loads(row["tools"]) == [TOOL]


def test_llama_factory_joins_the_results_of_several_calls_so_that_turns_alternate():
    result = {"role": "tool", "content": "a", "tool_call_id": "call_1"}
    messages = [CALLED[0], {**CALLED[1], "tool_calls": [CALL, CALL]}, result, {**result, "content": "b"}, CALLED[3]]
    turns = row_of("llama-factory", messages, [TOOL])["conversations"]
    assert [turn["from"] for turn in turns] == ["human", "function_call", "observation", "gpt"]
    assert [len(json.loads(turns[1]["value"])), turns[2]["value"].count("tool_response")] == [2, 2]


def test_ms_swift_writes_calls_as_turns_and_reasoning_inline():
    row = row_of("ms-swift", CALLED, [TOOL])
    assert [message["role"] for message in row["messages"]] == ["user", "tool_call", "tool_response", "assistant"]
    assert json.loads(row["tools"]) == [TOOL]
    assert row_of("ms-swift", REASONED)["messages"][1]["content"] == THOUGHT


def test_verl_writes_parquet_with_reasoning_inline_and_its_switch(template_of):
    assert FORMATS["verl"].suffix == ".parquet"
    row = row_of("verl", REASONED, chat=template_of("qwen3", enable_thinking=True))
    assert row == {"messages": [REASONED[0], {"role": "assistant", "content": THOUGHT}], "enable_thinking": True}


def test_openai_writes_its_keys_and_no_other():
    messages = [{**CALLED[0], "other": 1}, {**CALLED[1], "reasoning_content": "hm", "weight": 0}, *CALLED[2:]]
    row = row_of("openai", messages, [TOOL])
    assert row == {
        "messages": [CALLED[0], {**CALLED[1], "weight": 0}, *CALLED[2:]],
        "tools": [TOOL],
        "parallel_tool_calls": False,
    }
    assert row_of("openai", SYSTEM) == {"messages": SYSTEM}


def test_openai_gets_ids_for_calls_and_results_that_have_none():
    call = {key: value for key, value in CALL.items() if key != "id"}
    results = [{"role": "tool", "content": "a"}, {"role": "tool", "content": "b"}]
    row = row_of("openai", [CALLED[0], {**CALLED[1], "tool_calls": [call, call]}, *results, CALLED[3]], [TOOL])
    assert [call["id"] for call in row["messages"][1]["tool_calls"]] == ["call_1_1", "call_1_2"]
    assert [message["tool_call_id"] for message in row["messages"][2:4]] == ["call_1_1", "call_1_2"]


def test_openai_says_when_calls_are_parallel():
    messages = [CALLED[0], {**CALLED[1], "tool_calls": [CALL, {**CALL, "id": "call_2"}]}, *CALLED[2:]]
    assert row_of("openai", messages, [TOOL])["parallel_tool_calls"] is True


@pytest.mark.parametrize("name", WHOLE)
def test_every_conversation_comes_back_from_a_file_of_every_format(name, tmp_path):
    form, path = FORMATS[name], tmp_path / f"train{FORMATS[name].suffix}"

    @seed(20261127)
    @settings(max_examples=12)
    @given(one=conversations(), two=conversations())
    def comes_back(one, two):
        rows, expected = [], []
        for number, conversation in enumerate((one, two)):
            own = form.rows(conversation, None)
            ends = [turn + 1 for turn, m in enumerate(conversation.messages) if m["role"] == "assistant"]
            held = ends if form.last_turn else [None]
            rows += own
            expected += [(str(number), [Conversation(conversation.messages[:end], conversation.tools)]) for end in held]
        write_rows(rows, path)
        proof = prove(form, read_back(path), expected, None)
        assert proof.same, proof.differences
        assert proof.compared == len(rows)

    comes_back()


def test_ids_that_a_format_gives_are_no_change():
    messages = [
        CALLED[0],
        {**CALLED[1], "tool_calls": [{**CALL, "id": None}]},
        {"role": "tool", "content": "a"},
        CALLED[3],
    ]
    conversation = Conversation(messages, [TOOL])
    form = FORMATS["openai"]
    assert prove(form, form.rows(conversation, None), [("a", [conversation])], None).same


def test_a_conversation_that_comes_back_changed_is_told():
    form = FORMATS["axolotl"]
    rows = form.rows(Conversation(CALLED, [TOOL]), None)
    changed = [CALLED[0], {**CALLED[1], "content": "Let me see."}, *CALLED[2:]]
    proof = prove(form, rows, [("a", [Conversation(changed, [TOOL])])], None)
    assert proof.examples == {"content of assistant turns come back changed": "a"}


def test_text_beside_a_call_is_lost_in_llama_factory_and_told():
    form = FORMATS["llama-factory"]
    conversation = Conversation([CALLED[0], {**CALLED[1], "content": "Let me see."}, *CALLED[2:]], [TOOL])
    proof = prove(form, form.rows(conversation, None), [("a", [conversation])], None)
    assert list(proof.differences) == ["content of assistant turns come back changed"]


@pytest.mark.parametrize(
    ("to", "form", "message"),
    [
        ("trll", None, "export: there is no format 'trll'; did you mean 'trl'?"),
        ("csv", None, "valid: axolotl, llama-factory, ms-swift, openai, preference, trl, verl"),
        ("trl", "prompt", "export: trl has no form 'prompt'; "),
        ("openai", "kto", "export: openai has no form 'kto'; leave it out"),
    ],
)
def test_an_unknown_format_is_told_with_the_nearest(to, form, message):
    with pytest.raises(CurateError) as error:
        get_format(to, form)
    assert message in str(error.value)


def test_the_usual_form_may_be_named():
    assert get_format("trl", "messages") is FORMATS["trl"]
    assert get_format("preference", "dpo") is FORMATS["preference"]
