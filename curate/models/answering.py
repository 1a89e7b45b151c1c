"""Answers to conversations, from either kind of model that can give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from curate.errors import CurateError
from curate.models.protocols import Answer, ChatModel, Completion, Conversation, LanguageModel, Prompt, Sampling

AnsweringModel: TypeAlias = LanguageModel | ChatModel
REFUSED = "refused"  # the reason for which stages drop what a template or a server refuses


def answers(
    model: AnsweringModel, asked: Sequence[Conversation], sampling: Sampling, *, whole: bool = False
) -> list[list[Answer]]:
    """`sampling.n` answers to each conversation.

    A chat model gives them itself. For a language model, each conversation is rendered in the model's own template,
    whose stop tokens take the place of those in `sampling`, and what it writes is divided into reasoning and content.
    One that the template refuses is answered by `refused`, one that leaves no room for a token (or with `whole`, for
    `sampling.max_tokens`) in the context by `too long`.
    """
    if isinstance(model, ChatModel):
        return model.answer(asked, sampling)
    sampling = replace(sampling, stop_token_ids=tuple(model.chat.assistant_stop_token_ids))
    least = sampling.max_tokens if whole else 1
    found: dict[int, list[Answer]] = {}
    prompts: dict[int, Prompt] = {}
    for row, conversation in enumerate(asked):
        try:
            tokens = model.chat.encode(model.chat.generation_prompt(conversation.messages))
        except CurateError as error:
            found[row] = [Answer("", None, "refused", {"why": str(error), "model": model.name})] * sampling.n
            continue
        if len(tokens) + least <= model.context_length:
            prompts[row] = Prompt(tokens, conversation.seed)
        else:
            found[row] = [Answer("", None, "too long", _numbers(model, tokens, sampling, whole))] * sampling.n
    completions = model.complete(list(prompts.values()), sampling) if prompts else []
    for row, samples in zip(prompts, completions, strict=True):
        found[row] = [_answer(model, sample) for sample in samples]
    return [found[row] for row in range(len(asked))]


def _numbers(model: LanguageModel, tokens: Sequence[int], sampling: Sampling, whole: bool) -> dict[str, Any]:
    asked = {"max_tokens": sampling.max_tokens} if whole else {}
    return {"tokens": len(tokens), **asked, "context_length": model.context_length, "model": model.name}


def _answer(model: LanguageModel, completion: Completion) -> Answer:
    if completion.finish_reason in ("too long", "refused"):
        return Answer("", None, completion.finish_reason, {"why": completion.why, "model": model.name})
    return Answer(*model.chat.parse_response(completion.text), completion.finish_reason)
