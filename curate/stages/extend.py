"""`extend`: the teacher goes on with a conversation, in both parts (MAGPIE's multi-turn data, arXiv 2406.08464)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from datasets import Dataset
from pydantic import Field

from curate.answers import tools_of
from curate.declaration import stage
from curate.errors import CurateError
from curate.models.answering import REFUSED, AnsweringModel, answers, user_turns
from curate.models.protocols import Answer, Completion, Conversation, LanguageModel, Sampling
from curate.outcome import Drop, Outcome, partition
from curate.records.identity import derive_seed
from curate.records.pool import set_column
from curate.records.schema import has_response
from curate.stages.synthesize.faults import CONTEXT_FULL, answer_fault, instruction_fault

ATTEMPTS = 4  # at one turn, before the conversation is left as it is

Turns = Annotated[int, Field(ge=2)]


def _bounds(turns: int | tuple[int, int]) -> tuple[int, int]:
    return turns if isinstance(turns, tuple) else (turns, turns)


def _check(config: Mapping[str, Any]) -> None:
    least, most = _bounds(config["turns"])
    if least > most:
        raise CurateError(f"turns: the least must not exceed the most, found {least} and {most}")


@stage(
    sees="each",
    needs=("messages", "response"),
    check=_check,
    reasons={REFUSED: "a model's template or its server refuses the conversation"},
    version=1,
)
def extend(
    records: Dataset,
    *,
    model: Annotated[LanguageModel, Field(description="the teacher: an aligned model")],
    responder: Annotated[
        AnsweringModel | None, Field(description="the model that responds; by default, the teacher")
    ] = None,
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
    The teacher writes the next user turn after the text that its chat template puts there, and then answers it, unless
    a `responder` does. A user turn or a response that is cut off, empty, or holds a control token is made again under a
    new seed, with a new user turn. After 4 attempts, or when the model's context is full, the conversation keeps the
    turns that it has, as one does that ends with a tool call: the counters say what came in the way, and how many
    conversations `ended early`. A record is dropped only where a template or a server refuses it.

    Scores and candidates that a record already has are those of its first response.
    """
    least, most = _bounds(turns)
    conversations = [
        _Conversation(name, messages, least + derive_seed(seed, "extend", name, "turns") % (most - least + 1), tools)
        for name, messages, tools in zip(records["id"], records["messages"], tools_of(records), strict=True)
    ]
    for conversation in conversations:
        if not has_response(conversation.messages):
            raise CurateError(
                f"record {conversation.id!r} does not end with an assistant turn; let respond and choose give it one"
            )
    asking = Sampling((), max_tokens, temperature, top_p)
    answering = Sampling((), response_max_tokens, response_temperature, top_p)
    stats: Counter[str] = Counter()
    while going := [c for c in conversations if c.turns < c.wanted and c.attempt < ATTEMPTS and not c.waits]:
        seeds = [derive_seed(seed, "extend", c.id, c.turns, c.attempt) for c in going]
        asked = [Conversation(c.messages, c_seed, c.tools) for c, c_seed in zip(going, seeds, strict=True)]
        for conversation, (completion,) in zip(going, user_turns(model, asked, asking), strict=True):
            conversation.ask(completion, instruction_fault(completion, model), model.name, stats)
        going = [c for c in going if c.asked]
        seeds = [derive_seed(seed, "extend", c.id, c.turns, c.attempt, "response") for c in going]
        asked = [Conversation(c.asked, c_seed, c.tools) for c, c_seed in zip(going, seeds, strict=True)]
        for conversation, (answer,) in zip(going, answers(responder or model, asked, answering), strict=True):
            conversation.respond(answer, answer_fault(answer, model.chat), stats)
    stats["ended early"] = sum(c.turns < c.wanted for c in conversations if not c.refused)
    longer = set_column(records, "messages", [c.messages for c in conversations], records.features["messages"])
    return partition(longer, [c.refused for c in conversations], dict(stats))


@dataclass
class _Conversation:
    """A conversation that grows to `wanted` user turns; `attempt` counts the failures at its next turn.

    `asked` is the conversation with the next user turn, which waits for its answer, and empty where there is none.
    """

    id: str
    messages: list[dict[str, Any]]
    wanted: int
    tools: Sequence[Mapping[str, Any]] | None = None
    attempt: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    refused: Drop | None = None

    @property
    def turns(self) -> int:
        return sum(message["role"] == "user" for message in self.messages)

    @property
    def waits(self) -> bool:
        """Whether it ends with a tool call, whose result must come before a user can go on."""
        return bool(self.messages[-1].get("tool_calls"))

    def ask(self, completion: Completion, fault: str | None, name: str, stats: Counter[str]) -> None:
        """Takes the next user turn, or what is wrong with it; where the context is full, the attempts end."""
        self.asked = [] if fault else [*self.messages, {"role": "user", "content": completion.text.strip()}]
        self._fail(fault, "user turn", {"why": completion.why, "model": name}, stats)
        if fault == CONTEXT_FULL:
            self.attempt = ATTEMPTS

    def respond(self, answer: Answer, fault: str | None, stats: Counter[str]) -> None:
        """Takes the answer to it, or what is wrong with that."""
        self._fail(fault, "response", answer.detail, stats)
        if not fault:
            turn = {"content": answer.content, "reasoning_content": answer.reasoning_content}
            self.messages, self.attempt = [*self.asked, {"role": "assistant", **turn}], 0
            stats["turns"] += 1

    def _fail(self, fault: str | None, turn: str, detail: Mapping[str, Any], stats: Counter[str]) -> None:
        if fault == REFUSED:
            self.refused, self.attempt = Drop(REFUSED, dict(detail)), ATTEMPTS
        elif fault:
            stats[f"{turn} {fault}"] += 1
            self.attempt += 1
