"""`extend`: the teacher goes on with a conversation, in both parts (MAGPIE's multi-turn data, arXiv 2406.08464)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from datasets import Dataset
from pydantic import Field

from curate.declaration import stage
from curate.errors import CurateError
from curate.models.protocols import Completion, LanguageModel, Prompt, Sampling
from curate.outcome import Outcome, partition
from curate.records.identity import derive_seed
from curate.records.pool import set_column
from curate.records.schema import MESSAGES, has_response
from curate.stages.synthesize import instruction_fault

ATTEMPTS = 4  # at one turn, before the conversation is left as it is

Turns = Annotated[int, Field(ge=2)]


def _bounds(turns: int | tuple[int, int]) -> tuple[int, int]:
    return turns if isinstance(turns, tuple) else (turns, turns)


def _check(config: Mapping[str, Any]) -> None:
    least, most = _bounds(config["turns"])
    if least > most:
        raise CurateError(f"turns: the least must not exceed the most, found {least} and {most}")


@stage(sees="each", needs=("messages", "response"), check=_check, version=1)
def extend(
    records: Dataset,
    *,
    model: Annotated[LanguageModel, Field(description="the teacher: an aligned model")],
    turns: Annotated[
        Turns | tuple[Turns, Turns],
        Field(description="how many user turns a conversation is to have, or the least and the most of them"),
    ] = 2,
    temperature: Annotated[float, Field(ge=0, description="sampling temperature of the user turns")] = 1.0,
    top_p: Annotated[float, Field(gt=0, le=1, description="nucleus of the sampling, in all turns")] = 1.0,
    max_tokens: Annotated[int, Field(gt=0, description="longest user turn, in tokens")] = 512,
    response_temperature: Annotated[
        float, Field(ge=0, description="sampling temperature of the responses; 0 is greedy, as in MAGPIE")
    ] = 0.0,
    response_max_tokens: Annotated[int, Field(gt=0, description="longest response, in tokens")] = 1024,
    seed: Annotated[int, Field(description="of every random choice; a run gives its own")] = 0,
) -> Outcome:
    """Lengthens each conversation to `turns` user turns, each with its response (MAGPIE, arXiv 2406.08464).

    Of a least and a most number of turns, each conversation draws its own, all equally likely.
    The teacher writes the next user turn after the text that its chat template puts there, and then answers it. A user
    turn or a response that is cut off, empty, or holds a control token is made again under a new seed, with a new user
    turn. After 4 attempts, or when the model's context is full, the conversation keeps the turns that it has: no record
    is dropped, and the counters say what came in the way, and how many conversations `ended early`.

    Scores and candidates that a record already has are those of its first response.
    """
    least, most = _bounds(turns)
    conversations = [
        _Conversation(name, messages, least + derive_seed(seed, "extend", name, "turns") % (most - least + 1))
        for name, messages in zip(records["id"], records["messages"], strict=True)
    ]
    for conversation in conversations:
        if not has_response(conversation.messages):
            raise CurateError(
                f"record {conversation.id!r} does not end with an assistant turn; let respond and choose give it one"
            )
    asking = Sampling(tuple(model.chat.user_stop_token_ids), max_tokens, temperature, top_p)
    answering = Sampling(tuple(model.chat.assistant_stop_token_ids), response_max_tokens, response_temperature, top_p)
    stats: Counter[str] = Counter()
    while going := [c for c in conversations if c.turns < c.wanted and c.attempt < ATTEMPTS]:
        prefixes = [model.chat.pre_query_prefix(c.messages) for c in going]
        seeds = [derive_seed(seed, "extend", c.id, c.turns, c.attempt) for c in going]
        asked: list[tuple[_Conversation, list[dict[str, Any]]]] = []
        for conversation, completion in zip(going, _complete(model, prefixes, seeds, asking), strict=True):
            if completion is None:
                stats["user turn context full"] += 1
                conversation.attempt = ATTEMPTS
            elif fault := instruction_fault(completion, model):
                stats[f"user turn {fault}"] += 1
                conversation.attempt += 1
            else:
                turn = {"role": "user", "content": completion.text.strip()}
                asked.append((conversation, [*conversation.messages, turn]))
        prompts = [model.chat.generation_prompt(messages) for _, messages in asked]
        seeds = [derive_seed(seed, "extend", c.id, c.turns, c.attempt, "response") for c, _ in asked]
        answers = _complete(model, prompts, seeds, answering)
        for (conversation, messages), completion in zip(asked, answers, strict=True):
            answer, fault = _answer(completion, model)
            if fault:
                stats[f"response {fault}"] += 1
                conversation.attempt += 1
            else:
                stats["turns"] += 1
                conversation.messages, conversation.attempt = [*messages, answer], 0
    stats["ended early"] = sum(c.turns < c.wanted for c in conversations)
    longer = set_column(records, "messages", [c.messages for c in conversations], MESSAGES)
    return partition(longer, [None] * len(records), dict(stats))


@dataclass
class _Conversation:
    """A conversation that grows to `wanted` user turns; `attempt` counts the failures at its next turn."""

    id: str
    messages: list[dict[str, Any]]
    wanted: int
    attempt: int = 0

    @property
    def turns(self) -> int:
        return sum(message["role"] == "user" for message in self.messages)


def _complete(
    model: LanguageModel, texts: Sequence[str], seeds: Sequence[int], sampling: Sampling
) -> list[Completion | None]:
    """What follows each of these texts, None where the context leaves no room."""
    prompts = [Prompt(model.chat.encode(text), seed) for text, seed in zip(texts, seeds, strict=True)]
    fitting = [number for number, prompt in enumerate(prompts) if len(prompt.token_ids) < model.context_length]
    completions: list[Completion | None] = [None] * len(prompts)
    continued = model.complete([prompts[number] for number in fitting], sampling)
    for number, (completion,) in zip(fitting, continued, strict=True):
        completions[number] = completion
    return completions


def _answer(completion: Completion | None, model: LanguageModel) -> tuple[dict[str, Any], str | None]:
    """The assistant turn, and what is wrong with it."""
    if completion is None:
        return {}, "context full"
    response = model.chat.parse_response(completion.text)
    turn = {"role": "assistant", **response._asdict()}
    if completion.finish_reason != "stop":
        return turn, "cut off"
    if model.chat.control_tokens.search(response.content):
        return turn, "control token"
    return turn, None if response.content else "empty"
