"""`respond`: one or more models write candidate responses."""

from __future__ import annotations

from typing import Annotated, Any

from datasets import Dataset
from pydantic import Field

from curate.answers import as_candidate, tools_of, without_choice
from curate.declaration import stage
from curate.models.answering import REFUSED, AnsweringModel, answers
from curate.models.protocols import Answer, Conversation, Sampling
from curate.outcome import TOO_LONG, Drop, Outcome, partition
from curate.records.identity import derive_seed
from curate.records.pool import set_candidates, set_column
from curate.records.schema import has_response


@stage(
    sees="each",
    needs=("messages",),
    makes=("candidates",),
    reasons={
        TOO_LONG: "the conversation leaves no room for a response in a model's context",
        REFUSED: "a model's template or its server refuses the conversation",
    },
    version=1,
)
def respond(
    records: Dataset,
    *,
    models: Annotated[list[AnsweringModel], Field(min_length=1, description="the models that respond")],
    candidates: Annotated[int, Field(gt=0, description="responses by each model")] = 4,
    temperature: Annotated[float, Field(ge=0, description="sampling temperature; 0 is greedy, as in MAGPIE")] = 0.7,
    top_p: Annotated[float, Field(gt=0, le=1, description="nucleus of the sampling")] = 0.95,
    max_tokens: Annotated[int, Field(gt=0, description="longest response, in tokens")] = 1024,
    seed: Annotated[int, Field(description="of every random choice; a run gives its own")] = 0,
) -> Outcome:
    """Adds `candidates`: several responses to the same conversation, each with the `generator` that wrote it.

    GRAPE (arXiv 2502.04194) chooses among them, and needs two or more. A response that the record already has becomes a
    candidate whose generator is `source`. Responses that hit `max_tokens` are kept with the `finish_reason` `length`,
    for `screen` to reject.

    What a thinking model writes before its answer goes to `reasoning_content`, found by the marks of its own template;
    one that never comes to an answer has no `content`. A template's switch, such as `enable_thinking: false` under
    the model's `template`, turns the reasoning off.

    A response that a content filter stops, or that a server does not send though it is asked again, is counted; a
    record for which a model writes none at all is dropped.
    """
    conversations = [list(without_choice(record)) for record in records]
    written = [_given(record) for record in records]
    for messages in conversations:
        if has_response(messages):
            messages.pop()
    tools = tools_of(records)[:]
    verdicts: list[Drop | None] = [None] * len(records)
    stats = {"responses": 0.0}
    sampling = Sampling((), max_tokens, temperature, top_p, candidates)
    for model in models:
        rows = [row for row, verdict in enumerate(verdicts) if verdict is None]
        seeds = [derive_seed(seed, "respond", records["id"][row], model.name) for row in rows]
        asked = [
            Conversation(conversations[row], row_seed, tools[row]) for row, row_seed in zip(rows, seeds, strict=True)
        ]
        for row, found in zip(rows, answers(model, asked, sampling), strict=True):
            came = [answer for answer in found if answer.finish_reason in ("stop", "length")]
            written[row] += [_candidate(answer, model.name) for answer in came]
            if not came:
                verdicts[row] = _drop(found[0])
            elif missing := len(found) - len(came):
                stats["responses that did not come"] = stats.get("responses that did not come", 0) + missing
    stats["responses"] = sum(len(row) for row in written)
    answered = set_candidates(set_column(records, "messages", conversations, records.features["messages"]), written)
    return partition(answered, verdicts, stats)


def _given(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The candidates and the response that the record came with."""
    given = list(record.get("candidates") or [])
    messages = without_choice(record)
    if has_response(messages):
        given.append(as_candidate(messages[-1], "source"))
    return given


def _candidate(answer: Answer, generator: str) -> dict[str, Any]:
    """The candidate that an answer becomes."""
    turn = {"content": answer.content, "reasoning_content": answer.reasoning_content}
    return {**as_candidate(turn, generator), "finish_reason": answer.finish_reason}


def _drop(answer: Answer) -> Drop:
    """Why the record goes."""
    return Drop(TOO_LONG if answer.finish_reason == "too long" else REFUSED, dict(answer.detail))
