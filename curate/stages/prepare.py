"""`prepare`: proves that each record trains, in the template of the model that it is meant for."""

from __future__ import annotations

from typing import Annotated, Any

from datasets import Dataset
from pydantic import Field

from curate.chat import ChatTemplate
from curate.declaration import stage
from curate.errors import CurateError
from curate.outcome import TOO_LONG, Drop, Outcome, partition
from curate.records.pool import set_scores


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
    version=1,
)
def prepare(
    records: Dataset,
    *,
    target: Annotated[ChatTemplate, Field(description="the model that will be trained; only its tokenizer is loaded")],
    max_length: Annotated[int, Field(gt=0, description="the trainer's longest sequence, in tokens")] = 2048,
) -> Outcome:
    """Renders each record as a trainer will, and keeps those that train: L = -(1/|A|) sum_t m_t log p(x_t | x_<t).

    Adds the scores `length` (tokens of the rendered conversation) and `supervised` (tokens that the loss mask covers:
    what the assistant writes, its end-of-turn tokens included).
    """
    checked = [_check(messages, target, max_length) for messages in records["messages"]]
    columns = {name: [scores.get(name) for scores, _ in checked] for name in ("length", "supervised")}
    return partition(set_scores(records, columns), [verdict for _, verdict in checked])


def _check(
    messages: list[dict[str, Any]], target: ChatTemplate, max_length: int
) -> tuple[dict[str, float], Drop | None]:
    control = target.declared_control_tokens
    for message in messages:
        texts = [message["content"], message.get("reasoning_content") or ""]
        held = sorted({control[token] for text in texts for token in target.encode(text) if token in control})
        if held:
            return {}, Drop("control tokens", {"role": message["role"], "tokens": held})
    try:
        tokens = target.tokenize(messages)
    except CurateError as error:
        return {}, Drop("does not render", {"error": str(error)})
    length, supervised = len(tokens.input_ids), sum(tokens.assistant_mask)
    scores = {"length": float(length), "supervised": float(supervised)}
    if length > max_length:
        return scores, Drop(TOO_LONG, {"tokens": length, "max_length": max_length})
    if not supervised:
        return scores, Drop("nothing to train on", {"tokens": length})
    return scores, None
