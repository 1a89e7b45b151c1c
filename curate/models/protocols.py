"""What a model can do, whatever its backend: four small protocols, and what goes in and comes out.

Prompts are token ids, encoded from text that a chat template has rendered, so that no backend can add a second BOS
or wrap a prompt in a template of its own. A model behind a chat endpoint takes whole conversations instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from curate.chat import ChatTemplate
    from curate.records.schema import Message

Kind = Literal["language", "chat", "embedder", "reward"]
Finish = Literal["stop", "length", "too long", "refused"]
"""How a text ended: by itself, cut off, or not at all: for the prompt exceeds the context, or for another reason."""


@dataclass(frozen=True)
class Prompt:
    """What a model continues: rendered token ids, and the seed of this prompt's own random stream."""

    token_ids: Sequence[int]
    seed: int


@dataclass(frozen=True)
class Sampling:
    """How to continue: `n` samples of at most `max_tokens` tokens; temperature 0 is greedy; stops by token id alone.

    With `json_schema`, a text is a JSON value of that schema, unless it is cut off, and stops when it is complete.
    """

    stop_token_ids: tuple[int, ...]
    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    n: int = 1
    json_schema: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Completion:
    """A continuation, its stop token left out, other special tokens left in.

    Where none came for this prompt alone, `text` is empty and `why` says it, in the words of the server.
    """

    text: str
    finish_reason: Finish
    why: str = ""


Again: TypeAlias = Callable[[int, Sequence[Completion]], Prompt | None]
"""Asked with a prompt's number and its completions as soon as they are there: gives the prompt that takes its place, or
None to keep them. Called by any thread, by several at a time, and not to ask the model itself.
"""


@dataclass(frozen=True)
class Conversation:
    """What a model answers: messages that end with a user turn or a tool's, the seed of this answer's own random
    stream, and the tools that the messages speak of."""

    messages: Sequence[Mapping[str, Any]]
    seed: int
    tools: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Answer:
    """An assistant turn, its reasoning apart. Where none came, both are empty and `detail` says why, with numbers."""

    content: str
    reasoning_content: str | None
    finish_reason: Finish
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class TokenScores:
    """What a model thinks of t tokens: `logprobs` (nats, float32) and `ranks` (int64), shape (t,).

    The rank of a token is 1 plus the number of tokens with a strictly higher probability: 1 is the likeliest.
    """

    logprobs: np.ndarray
    ranks: np.ndarray


@runtime_checkable
class LanguageModel(Protocol):
    """A causal language model that completes and scores. Implementations are thread-safe.

    `shares_batches` says whether calls from several threads run in one batch, as in an engine with continuous batching;
    otherwise they wait for each other.
    """

    name: str
    chat: ChatTemplate
    context_length: int
    shares_batches: bool

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, again: Again | None = None
    ) -> list[list[Completion]]:
        """`sampling.n` completions of each prompt. The same prompt and seed give the same text in any batch.

        With `again`, a prompt that takes the place of another goes in at once, and its completions are asked about and
        returned instead of the first ones.

        Raises CurateError for what concerns all prompts; what concerns one is said by its completions.
        """
        ...

    def score(self, sequences: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> list[TokenScores]:
        """Log-probability and rank of each token at which its sequence's mask is 1, given all tokens before it.

        A mask is as long as its sequence (token ids) and 0 at the first token. Raises CurateError when it is not, or
        when a sequence exceeds the model's context.
        """
        ...

    def close(self) -> None:
        """Frees the model's memory and processes."""
        ...


@runtime_checkable
class ChatModel(Protocol):
    """A model that answers conversations and does nothing else, as behind a chat endpoint. Thread-safe.

    A language model does the same by its template: `curate.models.answering.answers` takes either.
    """

    name: str
    shares_batches: bool

    def answer(self, conversations: Sequence[Conversation], sampling: Sampling) -> list[list[Answer]]:
        """`sampling.n` answers to each conversation; the stop tokens are the model's own.

        Raises CurateError for what concerns all conversations; what concerns one is said by its answers.
        """
        ...

    def close(self) -> None:
        """Frees what the model holds."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """A sentence embedder. Implementations are thread-safe."""

    name: str

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings of shape (n, d), float32, unit length."""
        ...

    def close(self) -> None:
        """Frees the model's memory."""
        ...


@runtime_checkable
class EmbedsInParts(Protocol):
    """What an embedder says besides that embeds a text in parts where it is longer than the model reads at once."""

    def in_parts(self, texts: Sequence[str]) -> int:
        """How many of the texts that is."""
        ...


@runtime_checkable
class RewardModel(Protocol):
    """A sequence classifier with one output: how good the last answer of a conversation is. Thread-safe."""

    name: str
    chat: ChatTemplate
    context_length: int

    def reward(self, conversations: Sequence[Sequence[Message]]) -> np.ndarray:
        """The reward of each conversation, which ends with an assistant turn: float32, shape (n,), higher is better.

        A conversation's reward does not depend on what else is in the call. Raises CurateError when one exceeds the
        model's context.
        """
        ...

    def close(self) -> None:
        """Frees the model's memory."""
        ...


Model: TypeAlias = LanguageModel | ChatModel | Embedder | RewardModel
KINDS: dict[Kind, type] = {
    "language": LanguageModel,
    "chat": ChatModel,
    "embedder": Embedder,
    "reward": RewardModel,
}
