"""Marks of templates in responses, and texts that have such words for a reason."""

from __future__ import annotations

import pytest

from curate.algorithms.template_debris import dialogue_asked_for, role_mark, template_debris, user_turn


@pytest.mark.parametrize(
    "text",
    [
        "### Response:\nParis.",
        "Paris.\n\n### Instruction:\nName another.",
        "### Human: hello\n### Assistant: hi",
        "Below is an instruction that describes a task. Paris.",
        "Write a response that appropriately completes the request. Paris.",
        "A chat between a curious user and an artificial intelligence assistant.",
        "Paris.<|im_end",
        "Paris. im_end|>",
        "[INST Paris",
        "<bot>: Paris",
        "Paris<eoh>",
        "GPT4 Correct Assistant: Paris",
        "Paris [end of text]",
        "### 回答：\n巴黎。",
        "以下是描述任务的指令。巴黎。",
    ],
)
def test_marks_of_templates_are_found_anywhere(text: str) -> None:
    assert template_debris(text)


@pytest.mark.parametrize(
    "text",
    [
        "### Response time\nIt takes two seconds.",
        "### Instructions:\n\n1. Mix the flour and the water.",
        "### System requirements",
        "### Input:\n3 4\n### Output:\n7",
        "| User | Name |\n| --- | --- |",
        "ssh <user>@host",
        "The instruction that describes the task is long.",
        "In a template, write `### Response:` before the answer.",
        "## 回答问题的方法",
        "let y = f <| g",
    ],
)
def test_headings_tables_and_code_have_none(text: str) -> None:
    assert template_debris(text) is None


@pytest.mark.parametrize("mark", ["ASSISTANT:", "Assistant:", "Human:", "USER:", "助手："])
def test_marks_of_speakers_are_found_where_no_dialogue_was_asked_for(mark: str) -> None:
    assert role_mark(f"{mark} Paris.") == mark
    assert role_mark(f"Paris.\n{mark} Thanks.", dialogue=True) is None


def test_a_mark_of_the_answer_itself_is_none_of_a_dialogue() -> None:
    assert role_mark("Assistant: Here is the scene.", dialogue=True) == "Assistant:"
    assert role_mark("Human: Hello.\nAssistant: Hello.", dialogue=True) is None
    assert role_mark("The assistant: a short history") is None


@pytest.mark.parametrize(
    "next_turn",
    [
        "\n\nHuman: And of Spain?\n\nAssistant: Madrid.",
        "\nUser: And of Spain?",
        " USER: And of Spain? ASSISTANT: Madrid.",
        "\n### Instruction:\nName another.",
        "\n### User",
        "\n\nQ: And of Spain?\nA: Madrid.",
        "<|im_end|>\n<|im_start|>user\nAnd of Spain?",
        "\n用户：西班牙呢？",
        "\n\n问：西班牙呢？\n答：马德里。",
    ],
)
def test_a_turn_of_the_user_is_found_where_it_begins(next_turn: str) -> None:
    answer = "The capital of France is Paris."
    end = user_turn(answer + next_turn)
    assert end is not None
    assert (answer + next_turn)[:end].removesuffix("<|im_end|>") == answer


@pytest.mark.parametrize(
    "text",
    [
        "Human: Hello.\nAssistant: Hi.\nHuman: Bye.",
        "Here is an example of a chat:\n\nUser: Hello\nBot: Hi",
        "The tables are:\n1. Order: what was bought.\n2. User: who bought it.",
        "Q: What is it?\nA: A bird.\n\nQ: Does it fly?\nA: Yes.",
        "### User stories\n\nAs a user, I want to log in.",
        "### Instructions:\n\n1. Mix.",
        "I am only human: I err.",
    ],
)
def test_dialogues_lists_and_headings_have_none(text: str) -> None:
    assert user_turn(text) is None


def test_in_a_dialogue_only_the_marks_of_templates_count() -> None:
    assert user_turn("The lights go out.\nHuman: Who is there?", dialogue=True) is None
    assert user_turn("The lights go out.\n### Human: Who is there?", dialogue=True) == len("The lights go out.")


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ("Write a scene in which a robot meets a child.", True),
        ("Interview with a chatbot, please", True),
        ("Human: hi\nAI:", True),
        ("写一段对话", True),
        ("Answer this question.", False),
        ("What is the capital of France?", False),
        ("法国的首都是哪里？", False),
    ],
)
def test_requests_for_dialogues_are_told(request_: str, asked: bool) -> None:
    assert dialogue_asked_for(request_) is asked
