"""Conversations of every kind that is exported, made by hand and by hypothesis."""

from hypothesis import strategies as st

from curate.exports.conversation import Conversation

PLAIN = [{"role": "user", "content": "Name a river."}, {"role": "assistant", "content": "The Ebro."}]
REASONED = [
    {"role": "user", "content": "2 + 2?"},
    {"role": "assistant", "content": "4", "reasoning_content": "Two and two."},
]
SYSTEM = [{"role": "system", "content": "Be brief."}, *PLAIN]
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
CALLED = [
    {"role": "user", "content": "Is it warm in Rome?"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "content": "21 degrees", "tool_call_id": "call_1"},
    {"role": "assistant", "content": "Yes."},
]

texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(str.strip)


@st.composite
def conversations(draw) -> Conversation:
    """Up to three rounds, with or without a system turn, reasoning, and a tool that is called and answers."""
    tools = [TOOL] if draw(st.booleans()) else []
    messages = [{"role": "system", "content": draw(texts)}] if draw(st.booleans()) else []
    for number in range(draw(st.integers(1, 3))):
        messages.append({"role": "user", "content": draw(texts)})
        if tools and draw(st.booleans()):
            call = {"name": "weather", "arguments": f'{{"city": "{number}"}}'}
            calls = [{"id": f"call_{number}", "type": "function", "function": call}]
            messages.append({"role": "assistant", "content": "", "tool_calls": calls})
            messages.append({"role": "tool", "content": draw(texts), "tool_call_id": f"call_{number}"})
        answer = {"role": "assistant", "content": draw(texts)}
        messages.append(answer | ({"reasoning_content": draw(texts)} if draw(st.booleans()) else {}))
    return Conversation(messages, tools)
