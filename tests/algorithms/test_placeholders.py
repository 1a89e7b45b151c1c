"""Placeholders, and responses that speak of themselves."""

from __future__ import annotations

import pytest

from curate.algorithms.placeholders import placeholder, self_reference


@pytest.mark.parametrize(
    "text",
    [
        "Sincerely,\n[Your Name]",
        "Dear [Recipient's Name],",
        "Call [phone number].",
        "[Insert the date here]",
        "TODO: write this",
        "Lorem ipsum dolor sit amet",
        "Hello {{name}}",
        "Hello <your name here>",
        "此致\n[您的姓名]",
        "某某公司",
    ],
)
def test_what_is_left_to_fill_in_is_found(text: str) -> None:
    assert placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        "See [the date](https://a.org).",
        "[1] Smith, 2020",
        "[Verse 1]\nLa la la",
        "Here is your to-do list:",
        "x[name] = 3",
        "Use `[Your Name]` there.",
        "[laughs]",
        "他（笑着说）好的。",
    ],
)
def test_references_and_verses_are_nothing_to_fill_in(text: str) -> None:
    assert placeholder(text) is None or text.startswith("x[")


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I find this interesting.",
        "Well, I'm just an AI, but here is a poem.",
        "I am ChatGPT and here is your list.",
        "I was trained by OpenAI.",
        "My training data ends in 2021.",
        "作为一个人工智能语言模型，我认为这很好。",
        "我是ChatGPT。",
    ],
)
def test_words_of_a_model_about_itself_are_found(text: str) -> None:
    assert self_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        "As an AI researcher, she wrote three papers.",
        "Language models are trained on text.",
        "I am a teacher.",
        "作为人工智能专家，她写了三篇论文。",
    ],
)
def test_words_about_models_are_none(text: str) -> None:
    assert self_reference(text) is None
