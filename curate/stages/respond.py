"""`respond`: one or more models write candidate responses."""

from __future__ import annotations

from typing import Annotated, Any

from datasets import Dataset
from pydantic import Field

from curate.answers import as_candidate, without_choice
from curate.declaration import stage
from curate.models.protocols import LanguageModel, Prompt, Sampling
from curate.outcome import Drop, Outcome, partition
from curate.records.identity import derive_seed
from curate.records.pool import set_candidates, set_column
from curate.records.schema import MESSAGES, has_response


@stage(
    sees="each",
    needs=("messages",),
    makes=("candidates",),
    reasons={"prompt too long": "the conversation leaves no room for a response in a model's context"},
    version=1,
)
def respond(
    records: Dataset,
    *,
    models: Annotated[list[LanguageModel], Field(min_length=1, description="the models that respond")],
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
    """
    conversations = [list(without_choice(record)) for record in records]
    answers = [_given(record) for record in records]
    for messages in conversations:
        if has_response(messages):
            messages.pop()
    verdicts: list[Drop | None] = [None] * len(records)
    for model in models:
        prompts = [model.chat.encode(model.chat.generation_prompt(messages)) for messages in conversations]
        for row, prompt in enumerate(prompts):
            if len(prompt) >= model.context_length:
                detail = {"tokens": len(prompt), "context_length": model.context_length, "model": model.name}
                verdicts[row] = Drop("prompt too long", detail)
        open_rows = [row for row, verdict in enumerate(verdicts) if verdict is None]
        seeds = [derive_seed(seed, "respond", records["id"][row], model.name) for row in open_rows]
        sampling = Sampling(tuple(model.chat.assistant_stop_token_ids), max_tokens, temperature, top_p, candidates)
        asked = [Prompt(prompts[row], row_seed) for row, row_seed in zip(open_rows, seeds, strict=True)]
        for row, completions in zip(open_rows, model.complete(asked, sampling), strict=True):
            answers[row] += [
                {
                    **model.chat.parse_response(completion.text)._asdict(),
                    "generator": model.name,
                    "finish_reason": completion.finish_reason,
                }
                for completion in completions
            ]
    answered = set_candidates(set_column(records, "messages", conversations, MESSAGES), answers)
    return partition(answered, verdicts, {"responses": sum(len(row) for row in answers)})


def _given(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The candidates and the response that the record came with."""
    given = list(record.get("candidates") or [])
    messages = without_choice(record)
    if has_response(messages):
        given.append(as_candidate(messages[-1], "source"))
    return given
