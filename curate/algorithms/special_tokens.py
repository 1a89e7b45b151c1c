"""Text that looks like a control token of any model family, where no tokenizer is at hand.

What the control tokens of one tokenizer are, its `ControlTokens` say (`curate.chat.control`).

A model that leaks its template writes them as text; rendered again for training, they turn into real control tokens.
The patterns cover how the open model families write theirs: `<|im_start|>` and all that stands between `<|` and `|>`
(ChatML, Llama 3, Phi, GLM, Cohere, gpt-oss), the wide bars of DeepSeek, `<s>` and `</s>` (Llama 1 and 2, Mistral),
`[INST]` and `<<SYS>>`, Gemma's turns, T5's and Gemma's reserved tokens, and the marks of reasoning and of tool calls.
"""

from __future__ import annotations

import re

_PATTERN = re.compile(
    r"""
    <[|｜][^\s<>|｜]{1,64}[|｜]>                            # <|im_start|>  <｜User｜>
    | </?s> | <(?:bos|eos|pad|unk|sop|eop)>
    | </?(?:start|end)_of_(?:turn|image|utterance)>
    | <(?:extra_id_|unused)\d+>
    | </?(?:think|thought|tool_call|tool_response|tools)>
    | <</?SYS>>
    | \[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|THINK)\] | \[gMASK\]
    """,
    re.VERBOSE,
)


def split(text: str) -> list[str]:
    """The text cut at what looks like a control token: a text, a token, a text, and so on; texts may be empty."""
    return re.split(f"({_PATTERN.pattern})", text, flags=re.VERBOSE)


def inert(text: str) -> str:
    """The text with a space after the first character of all that looks like a control token."""
    while special_token(text):
        text = _PATTERN.sub(lambda match: f"{match.group()[0]} {match.group()[1:]}", text)
    return text


def special_token(text: str) -> str | None:
    """The first part of the text that looks like a control token, or None."""
    match = _PATTERN.search(text)
    return match.group() if match else None
