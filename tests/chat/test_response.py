"""What a model wrote, divided into reasoning and answer: for every template that TRL ships, and as models write it."""

import pytest

from curate.chat import ChatTemplate
from tests.chat.families import FAMILIES
from tests.chat.templates import trl_template

QUESTION = [{"role": "user", "content": "2 + 2?"}]
ANSWER = "It is 4.\n\nYes:\n- four"
REASONING = "Two and two.\n\nThat makes four."
REASONING_FAMILIES = [name for name, family in FAMILIES.items() if family.reasons]


def as_written(template: ChatTemplate, answer: dict) -> str | None:
    """What a model writes for this answer: from the generation prompt to the first stop token; None if it cannot be."""
    text, prompt = template.render([*QUESTION, answer]), template.generation_prompt(QUESTION)
    if not text.startswith(prompt):
        return None
    written = text.removeprefix(prompt)
    for token in template.tokenizer.convert_ids_to_tokens(template.assistant_stop_token_ids):
        written = written.partition(token)[0]
    return written


@pytest.mark.parametrize("name", REASONING_FAMILIES)
def test_reasoning_and_answer_come_back(name, template_of):
    template = template_of(name)
    answer = {"role": "assistant", "content": ANSWER, "reasoning_content": REASONING}
    written = as_written(template, answer)
    if written is None:
        assert name == "qwen3_5_nothink"  # its prompt closes the reasoning before the model can write any
    else:
        assert template.parse_response(written) == (ANSWER, REASONING)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_answer_without_reasoning_comes_back(name, template_of):
    template = template_of(name)
    written = as_written(template, {"role": "assistant", "content": ANSWER})
    if written is None:
        assert name.startswith(("deepseek", "nemotron"))  # a finished turn does not begin as their prompt does
    else:
        assert template.parse_response(written) == (ANSWER, None)


@pytest.mark.parametrize("name", [*REASONING_FAMILIES, "deepseek_r1_distill", "deepseekv3"])
def test_reasoning_that_never_ends_has_no_content(name, template_of):
    if name != "qwen3_5_nothink":
        before, _ = FAMILIES[name].reasons or ("", "")
        assert template_of(name).parse_response(f"{before}Two and two. So") == ("", "Two and two. So")


THINKS = [
    ("deepseek_r1_distill", "Two and two.\n</think>\n\nIt is 4."),
    ("qwen3", "<think>\nTwo and two.\n</think>\n\nIt is 4."),
    ("qwen3", "<think>Two and two.</think>It is 4."),
    ("qwen3_5_think", "Two and two.\n</think>\n\nIt is 4."),
    ("lfm2_2_5", "<think>Two and two.</think>It is 4."),
    (
        "gptoss",
        "<|channel|>analysis<|message|>Two and two.<|end|><|start|>assistant<|channel|>final<|message|>It is 4.",
    ),
]


@pytest.mark.parametrize(("name", "written"), THINKS)
def test_reasoning_as_models_write_it(name, written, template_of):
    assert template_of(name).parse_response(written) == ("It is 4.", "Two and two.")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("qwen3", "<think>\n\n</think>\n\nIt is 4."),
        ("qwen3_5_think", "\n</think>\n\nIt is 4."),
        ("deepseek_r1_distill", "\n</think>\n\nIt is 4."),
        ("nemotron_3_nano", "</think>It is 4."),
        ("gptoss", "<|channel|>final<|message|>It is 4."),
        ("glm4moe", "\n<think></think>\nIt is 4."),
    ],
)
def test_empty_reasoning_is_none(name, written, template_of):
    assert template_of(name).parse_response(written) == ("It is 4.", None)


def test_with_thinking_switched_off_all_is_content(template_of):
    assert template_of("qwen3", enable_thinking=False).parse_response("It is 4.") == ("It is 4.", None)
    assert template_of("qwen3_5_nothink").parse_response("It is 4.") == ("It is 4.", None)


def test_a_template_that_takes_reasoning_out_is_understood_without_the_open_mark_in_its_prompt(tokenizer_for):
    choice = trl_template("deepseek_r1_distill").replace("<think>\\n", "")
    template = ChatTemplate(tokenizer_for(choice, bos=FAMILIES["deepseekv3"].bos, eos=FAMILIES["deepseekv3"].eos))
    assert template.generation_prompt(QUESTION).endswith("<｜Assistant｜>")
    assert template.parse_response("<think>\nTwo and two.\n</think>\n\nIt is 4.") == ("It is 4.", "Two and two.")
    assert template.parse_response("It is 4.") == ("It is 4.", None)


def test_a_template_without_reasoning_leaves_marks_where_they_are(template_of):
    assert template_of("llama3").parse_response(" <think>Hm.</think> 4 ") == ("<think>Hm.</think> 4", None)


def test_reasoning_that_only_white_space_ends_cannot_be_told_apart(tokenizer_for):
    unmarked = (
        "{% for m in messages %}[{{ m.role }}]{{ m.reasoning_content or '' }}\n{{ m.content }}<|im_end|>{% endfor %}"
    )
    template = ChatTemplate(tokenizer_for(unmarked))
    assert template.reasoning_key == "reasoning_content"
    assert template.parse_response("Hm.\n4") == ("Hm.\n4", None)
