"""Answers to conversations, from either kind of model that can give them."""

from __future__ import annotations

import json
import re
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
            prompt = model.chat.generation_prompt(conversation.messages, conversation.tools)
        except CurateError as error:
            found[row] = [Answer("", None, "refused", {"why": str(error), "model": model.name})] * sampling.n
            continue
        tokens = model.chat.encode(prompt)
        if len(tokens) + least <= model.context_length:
            prompts[row] = Prompt(tokens, conversation.seed)
        else:
            found[row] = [Answer("", None, "too long", _numbers(model, tokens, sampling, whole))] * sampling.n
    completions = model.complete(list(prompts.values()), sampling) if prompts else []
    for row, samples in zip(prompts, completions, strict=True):
        found[row] = [_answer(model, sample) for sample in samples]
    return [found[row] for row in range(len(asked))]


def user_turns(model: LanguageModel, asked: Sequence[Conversation], sampling: Sampling) -> list[list[Completion]]:
    """`sampling.n` texts that the model writes as the next user turn of each conversation (MAGPIE, arXiv 2406.08464).

    A conversation is empty, a system turn, or ends with an assistant turn. The template's stop tokens take the place of
    those in `sampling`. One that the template refuses is completed by `refused`, one that leaves no room by `too long`.
    """
    sampling = replace(sampling, stop_token_ids=tuple(model.chat.user_stop_token_ids))
    found: dict[int, list[Completion]] = {}
    prompts: dict[int, Prompt] = {}
    for row, conversation in enumerate(asked):
        try:
            prefix = model.chat.pre_query_prefix(conversation.messages, conversation.tools)
        except CurateError as error:
            found[row] = [Completion("", "refused", str(error))] * sampling.n
            continue
        tokens = model.chat.encode(prefix)
        if len(tokens) < model.context_length:
            prompts[row] = Prompt(tokens, conversation.seed)
        else:
            found[row] = [Completion("", "too long")] * sampling.n
    completions = model.complete(list(prompts.values()), sampling) if prompts else []
    found |= dict(zip(prompts, completions, strict=True))
    return [found[row] for row in range(len(asked))]


def read_object(text: str, keys: Sequence[str]) -> dict[str, Any]:
    """The JSON object that an answer is, with these keys and no others, each once; else ValueError says what is wrong.

    A Markdown fence around the whole of it is no matter.
    """
    fenced = re.fullmatch(r"```(?:json)?\n(.*)\n```", text.strip(), re.DOTALL)
    try:
        pairs = json.loads(fenced[1] if fenced else text, object_pairs_hook=_Pairs)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(pairs, _Pairs) or sorted(key for key, _ in pairs) != sorted(keys):
        raise ValueError(f"it is not one JSON object with the keys {', '.join(keys)}")
    return dict(pairs)


class _Pairs(list[tuple[str, Any]]):
    """The keys and values of a JSON object, as often as they stand there."""


def _numbers(model: LanguageModel, tokens: Sequence[int], sampling: Sampling, whole: bool) -> dict[str, Any]:
    asked = {"max_tokens": sampling.max_tokens} if whole else {}
    return {"tokens": len(tokens), **asked, "context_length": model.context_length, "model": model.name}


def _answer(model: LanguageModel, completion: Completion) -> Answer:
    if completion.finish_reason in ("too long", "refused"):
        return Answer("", None, completion.finish_reason, {"why": completion.why, "model": model.name})
    return Answer(*model.chat.parse_response(completion.text), completion.finish_reason)
