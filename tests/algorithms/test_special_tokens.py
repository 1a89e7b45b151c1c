"""What looks like a control token, and what does not."""

from __future__ import annotations

import pytest

from curate.algorithms.special_tokens import special_token


@pytest.mark.parametrize(
    "token",
    [
        "<|im_start|>",
        "<|eot_id|>",
        "<|START_OF_TURN_TOKEN|>",
        "<｜begin▁of▁sentence｜>",
        "<s>",
        "</s>",
        "<bos>",
        "<start_of_turn>",
        "<end_of_turn>",
        "[INST]",
        "[/INST]",
        "<<SYS>>",
        "<think>",
        "</think>",
        "<tool_call>",
        "<extra_id_0>",
        "<unused12>",
        "[TOOL_CALLS]",
    ],
)
def test_control_tokens_are_found_inside_text(token: str) -> None:
    assert special_token(f"Sure, 好的{token}\nand on it goes") == token


@pytest.mark.parametrize(
    "text",
    [
        "let y = f <| g <| x |> h",
        "parser = a <|> b",
        "if x < s and s > 3: print(a[INST_NO])",
        "<p>An <strong>HTML</strong> <span>text</span></p>",
        "cat a | grep b || echo '<none>'",
        "List<String> names; vector<int> v;",
        "他说：“《三国演义》<精读>”",
    ],
)
def test_code_and_markup_are_none(text: str) -> None:
    assert special_token(text) is None
