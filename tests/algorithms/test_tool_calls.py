"""Calls that their tools do not allow, and results without a call."""

import pytest

from curate.algorithms.tool_calls import tool_fault

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
TOOLS = [
    {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}},
    {"type": "function", "function": {"name": "time"}},
]


def call(arguments='{"city": "Kelm"}', name="weather", id=None):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def conversation(*turns):
    return [{"role": "user", "content": "Rain?"}, *turns]


def calling(*calls):
    return {"role": "assistant", "content": "", "tool_calls": list(calls)}


def result(id=None):
    return {"role": "tool", "content": "rain", "tool_call_id": id}


SAID = {"role": "assistant", "content": "Yes."}


@pytest.mark.parametrize(
    "messages",
    [
        conversation(SAID),
        conversation(calling(call())),
        conversation(calling(call()), result(), SAID),
        conversation(
            calling(call(id="a"), call('{"city": "Brand", "days": 2}', id="b")), result("b"), result("a"), SAID
        ),
        conversation(calling(call(id="a")), result(), SAID),
        conversation(calling(call("{}", "time"))),
    ],
)
def test_what_is_allowed_passes(messages):
    assert tool_fault(messages, TOOLS) is None


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("{}", "$: 'city' is a required property"),
        ('{"city": 7}', "$.city: 7 is not of type 'string'"),
        ('{"city": "Kelm", "days": "two"}', "$.days: 'two' is not of type 'integer'"),
        ('["Kelm"]', "not an object but list"),
        ("Kelm", "not JSON: Expecting value"),
    ],
)
def test_arguments_that_do_not_meet_the_schema(arguments, why):
    reason, detail = tool_fault(conversation(calling(call(arguments))), TOOLS)
    assert (reason, detail["turn"], detail["tool"], detail["arguments"]) == ("wrong arguments", 2, "weather", arguments)
    assert detail["why"].startswith(why)


@pytest.mark.parametrize("tools", [TOOLS, []])
def test_a_call_to_a_tool_that_is_not_there(tools):
    reason, detail = tool_fault(conversation(calling(call(name="map"))), tools)
    names = sorted(tool["function"]["name"] for tool in tools)
    assert (reason, detail) == ("unknown tool", {"turn": 2, "tool": "map", "tools": names})


@pytest.mark.parametrize(
    ("messages", "turn"),
    [
        (conversation(result(), SAID), 2),
        (conversation(SAID, result()), 3),
        (conversation(calling(call(id="a")), result("b")), 3),
        (conversation(calling(call()), result(), result()), 4),
        (conversation(calling(call()), SAID, result()), 4),
    ],
)
def test_a_result_without_a_call(messages, turn):
    reason, detail = tool_fault(messages, TOOLS)
    assert (reason, detail["turn"]) == ("result without a call", turn)


@pytest.mark.parametrize("schema", [{"type": "str"}, {"$ref": "http://localhost:9/schema.json"}, "none"])
def test_parameters_that_are_no_schema_of_their_own_allow_any_object(schema):
    tools = [{"type": "function", "function": {"name": "weather", "parameters": schema}}]
    assert tool_fault(conversation(calling(call())), tools) is None
