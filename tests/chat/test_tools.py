"""Tools, their calls and their results, in every template that shows them."""

import json

import pytest

from curate.errors import CurateError
from tests.chat.conversations import assistant, mark, user
from tests.chat.families import DAY, FAMILIES
from tests.chat.test_mask_trl import training_source

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def calls(*cities, content="", reasoning=None):
    made = [
        {
            "id": f"call0000{number}",
            "type": "function",
            "function": {"name": "weather", "arguments": f'{{"city": "{city}"}}'},
        }
        for number, city in enumerate(cities)
    ]
    return {**assistant(content, reasoning), "tool_calls": made}


def result(text, number=0):
    return {"role": "tool", "content": text, "tool_call_id": f"call0000{number}", "name": "weather"}


CONVERSATIONS = {
    "a call": [user("Rain in Kelm?"), calls("Kelm")],
    "a round": [user("Rain in Kelm?"), calls("Kelm"), result('{"rain": "yes"}'), assistant("Yes.")],
    "two calls": [
        user("Kelm, Brand?"),
        calls("Kelm", "Brand"),
        result("rain"),
        result("sun", 1),
        assistant("Rain, sun."),
    ],
    "two rounds": [
        user("Rain in Kelm?"),
        calls("Kelm"),
        result("no"),
        assistant("No."),
        user("In Brand?"),
        calls("Brand"),
        result("yes"),
        assistant("Yes."),
    ],
    "words before": [user("Rain in Kelm?"), calls("Kelm", content="I look."), result("no"), assistant("No.")],
    "a thought": [
        user("Rain?"),
        calls("Kelm", reasoning="I must look."),
        result("no"),
        assistant("No.", "It says so."),
    ],
}

SHOWS_NO_TOOLS = {
    *("cohere", "cohere2", "deepseek_r1_distill", "deepseekv3", "gemma", "gemma3", "llama3", "phi3", "phi3_5"),
    "qwen2_5_vl",
}
SHOWS_NO_CALLS = {"lfm2"}
# What TRL's masks lack of ours: the marks that the model writes to stop after a call, and to begin after a result.
OURS_ALONE = {"diffusion_gemma": {"<|tool_response>", "<|turn>model\n"}}
# Refused, since no mask could be right: the template leaves out words before a call, puts results before them, or
# takes one call in a turn.
REFUSED = {
    **{name: {"words before"} for name in ("diffusion_gemma", "gemma4", "gemma4_v3", "gemma4_v4", "gemma4_v5")},
    "gptoss": {"words before", "two calls"},
    "muse_glimmer": {"words before"},
    "llama3_1": {"words before", "two calls"},
    "llama3_2": {"words before", "two calls"},
}


def test_the_families_without_tools_or_calls_are_known(template_of):
    assert {name for name in FAMILIES if not template_of(name).shows_tools} == SHOWS_NO_TOOLS
    with_tools = set(FAMILIES) - SHOWS_NO_TOOLS
    assert {name for name in with_tools if template_of(name).arguments_form is None} == SHOWS_NO_CALLS


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - SHOWS_NO_TOOLS - SHOWS_NO_CALLS))
def test_calls_are_learnt_and_results_are_not_as_in_trl(name, template_of):
    template, refused, ours_alone, theirs_alone = template_of(name), set(), set(), set()
    for title, messages in CONVERSATIONS.items():
        try:
            ours = template.tokenize(messages, TOOLS)
        except CurateError:
            refused.add(title)
            continue
        shown = mark(template.tokenizer, ours.input_ids, ours.assistant_mask)
        learnt = "".join(part.split("⟧")[0] for part in shown.split("⟦")[1:])
        called = [call["function"] for turn in messages for call in turn.get("tool_calls", ())]
        assert all(json.loads(function["arguments"])["city"] in learnt for function in called)
        assert "rain" not in learnt
        if not (source := training_source(name)):
            continue
        theirs = template.tokenizer.apply_chat_template(
            [template.as_read(message) for message in messages],
            tools=TOOLS,
            chat_template=source,
            return_dict=True,
            return_assistant_tokens_mask=True,
            strftime_now=DAY.strftime,
        )
        if theirs["input_ids"][: len(ours.input_ids)] == ours.input_ids:
            pairs = list(zip(theirs["assistant_masks"], ours.assistant_mask, strict=False))
            for found, sign in ((theirs_alone, 1), (ours_alone, -1)):
                more = [max(0, sign * (its - mine)) for its, mine in pairs]
                marked = mark(template.tokenizer, ours.input_ids, more)
                found.update(part.split("⟧")[0] for part in marked.split("⟦")[1:])
    assert refused == REFUSED.get(name, set())
    assert ours_alone == OURS_ALONE.get(name, set())
    prompt = template.generation_prompt([user("u")])
    assert all(text in prompt for text in theirs_alone)  # the model is given it


def show(template, messages, tools=TOOLS):
    tokenized = template.tokenize(messages, tools)
    return mark(template.tokenizer, tokenized.input_ids, tokenized.assistant_mask)


def test_the_end_of_a_calling_turn_is_found_where_its_last_form_differs(template_of):
    shown = show(template_of("qwen3"), CONVERSATIONS["two rounds"])
    for city in ("Kelm", "Brand"):
        assert (
            f'<|im_start|>assistant\n⟦<tool_call>\n{{"name": "weather", "arguments": {{"city": "{city}"}}}}\n'
            "</tool_call><|im_end|>\n⟧<|im_start|>user\n<tool_response>\n"
        ) in shown
    assert shown.endswith("<|im_start|>assistant\n⟦<think>\n\n</think>\n\nYes.<|im_end|>\n⟧")


def test_a_result_that_the_template_writes_as_a_json_string_is_found(template_of):
    assert show(template_of("llama3_1"), CONVERSATIONS["a round"]).endswith(
        '⟦{"name": "weather", "parameters": {"city": "Kelm"}}<|eot_id|>⟧<|start_header_id|>ipython<|end_header_id|>\n\n'
        '"{\\"rain\\": \\"yes\\"}"<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n⟦Yes.<|eot_id|>⟧'
    )


def test_arguments_are_objects_where_the_template_takes_them_so(template_of):
    assert template_of("qwen2_5").arguments_form == "object"
    assert '"arguments": {"city": "Kelm"}' in show(template_of("qwen2_5"), CONVERSATIONS["a call"])
    assert template_of("qwen3").arguments_form == "text"
    wrong = calls("Kelm")
    wrong["tool_calls"][0]["function"]["arguments"] = "Kelm"
    with pytest.raises(CurateError, match="takes the arguments of a call as a JSON object, found 'Kelm' for 'weather'"):
        template_of("qwen2_5").tokenize([user("Rain?"), wrong], TOOLS)


def test_a_template_that_shows_no_tools_calls_or_results_refuses_them(template_of):
    with pytest.raises(CurateError, match="shows no tools: the model could not know what to call"):
        template_of("gemma").tokenize([user("Rain?"), assistant("Yes.")], TOOLS)
    with pytest.raises(CurateError, match="shows no tool calls"):
        template_of("llama3").tokenize([user("Rain?"), calls("Kelm")])
    with pytest.raises(CurateError, match="shows no results of tools"):
        template_of("cohere").tokenize([user("Rain?"), result("yes"), assistant("Yes.")])


def test_several_conversations_each_have_their_own_tools(chatml):
    conversations = [[user("Rain?"), assistant("Yes.")], CONVERSATIONS["a call"]]
    bare, called = chatml.tokenize_all(conversations, [None, TOOLS])
    assert "weather" not in bare.text
    assert called.text == chatml.tokenize(CONVERSATIONS["a call"], TOOLS).text
