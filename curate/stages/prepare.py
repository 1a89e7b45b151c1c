"""`prepare`: proves that each record trains, in the template of the model that it is meant for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from datasets import Dataset
from pydantic import Field

from curate.answers import tools_of
from curate.chat import ChatTemplate, Tokenized
from curate.declaration import stage
from curate.errors import CurateError
from curate.outcome import TOO_LONG, Drop, Outcome, partition
from curate.records.pool import set_scores
from curate.records.schema import Message
from curate.records.texts import iter_column, spoken


@stage(
    sees="each",
    needs=("messages", "response"),
    makes=("scores", "scores.length", "scores.supervised"),
    reasons={
        "control tokens": "a text contains one of the template's own special tokens, which would take effect",
        "does not render": "the target's chat template refuses the conversation",
        TOO_LONG: "the rendered conversation exceeds max_length, and a trainer would cut it",
        "nothing to train on": "the loss mask covers no token",
    },
    version=2,
)
def prepare(
    records: Dataset,
    *,
    target: Annotated[ChatTemplate, Field(description="the model that will be trained; only its tokenizer is loaded")],
    max_length: Annotated[int, Field(gt=0, description="the trainer's longest sequence, in tokens")] = 2048,
) -> Outcome:
    """Renders each record as a trainer will, and keeps those that train: L = -(1/|A|) sum_t m_t log p(x_t | x_<t).

    Adds the scores `length` (tokens of the rendered conversation) and `supervised` (tokens that the loss mask covers:
    what the assistant writes, tool calls and its end-of-turn tokens included, and not what tools return).
    """
    held = [drop for batch in _batches(records) for drop in _control_tokens(batch, target)]
    conversations = (messages for batch in _batches(records) for messages in batch)
    tokenized = target.tokenize_all(
        (messages for messages, drop in zip(conversations, held, strict=True) if not drop),
        [tools for tools, drop in zip(tools_of(records), held, strict=True) if not drop],
    )
    checked = [({}, drop) if drop else _check(next(tokenized), max_length) for drop in held]
    columns = {name: [scores.get(name) for scores, _ in checked] for name in ("length", "supervised")}
    return partition(set_scores(records, columns), [verdict for _, verdict in checked])


def _batches(records: Dataset) -> Iterator[list[list[Message]]]:
    """The conversations, a batch of records at a time."""
    return (batch.to_pylist() for batch in iter_column(records, "messages"))


def _control_tokens(conversations: Sequence[Sequence[Message]], target: ChatTemplate) -> Iterator[Drop | None]:
    """A drop for each conversation with a control token, by the first message that has one."""
    texts = [
        text
        for messages in conversations
        for message in messages
        for text in (spoken(message), message.get("reasoning_content") or "")
    ]
    held = iter(target.control_tokens_in(texts))
    for messages in conversations:
        rows = [(message["role"], sorted({*next(held), *next(held)})) for message in messages]
        drops = (Drop("control tokens", {"role": role, "tokens": tokens}) for role, tokens in rows if tokens)
        yield next(drops, None)


def _check(tokens: Tokenized | CurateError, max_length: int) -> tuple[dict[str, float], Drop | None]:
    if isinstance(tokens, CurateError):
        return {}, Drop("does not render", {"error": str(tokens)})
    length, supervised = len(tokens.input_ids), sum(tokens.assistant_mask)
    scores = {"length": float(length), "supervised": float(supervised)}
    if length > max_length:
        return scores, Drop(TOO_LONG, {"tokens": length, "max_length": max_length})
    if not supervised:
        return scores, Drop("nothing to train on", {"tokens": length})
    return scores, None
