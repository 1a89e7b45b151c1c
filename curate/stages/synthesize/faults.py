"""What keeps a text that a model wrote from being a turn of a conversation, wherever turns are written."""

from __future__ import annotations

from curate.algorithms.special_tokens import special_token
from curate.chat import ChatTemplate
from curate.models.answering import REFUSED
from curate.models.protocols import Answer, Completion, LanguageModel

CONTEXT_FULL = "context full"
ENDS = {"length": "cut off", "too long": CONTEXT_FULL, "refused": REFUSED}  # of a text that did not end by itself


def instruction_fault(completion: Completion, model: LanguageModel) -> str | None:
    """What keeps a completion of a pre-query prefix from being an instruction, or None."""
    if completion.finish_reason != "stop":
        return ENDS[completion.finish_reason]
    return text_fault(completion.text, model.chat)


def answer_fault(answer: Answer, chat: ChatTemplate | None) -> str | None:
    """What keeps an answer from being an assistant turn, or None; `chat` is the model's template, where it is known."""
    if answer.finish_reason != "stop":
        return ENDS[answer.finish_reason]
    return text_fault(answer.content, chat)


def text_fault(text: str, chat: ChatTemplate | None) -> str | None:
    """What keeps a whole text from being a turn, or None.

    A control token is one of the template's tokenizer, or where the tokenizer is elsewhere, what looks like one.
    """
    if chat.control_tokens.search(text) if chat else special_token(text):
        return "control token"
    return None if text.strip() else "empty"
