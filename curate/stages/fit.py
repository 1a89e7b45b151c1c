"""`fit`: how probable each response is under the base model that will be trained (GRAPE, arXiv 2502.04194)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from datasets import Dataset
from pydantic import Field

from curate.models import LanguageModel, TokenScores
from curate.records import instruction_of, set_candidates, set_scores
from curate.stage import Drop, Outcome, partition, sift, stage

SCORES = ("logprob", "perplexity", "tokens")

Template = Literal["chat", "question-answer"]


@stage(
    sees="each",
    needs=("messages", "candidates|response"),
    makes=[f"{place}{score}" for place in ("candidates.scores.", "scores.") for score in SCORES],
    reasons={
        "too long": "conversation and response together exceed the base model's context",
        "unscored": "the base model's log-probability is not a finite number",
    },
)
def fit(
    records: Dataset,
    *,
    model: Annotated[LanguageModel, Field(description="the base model that will be trained")],
    template: Annotated[
        Template, Field(description="chat: the model's chat template; question-answer: the paper's plain text")
    ] = "chat",
) -> Outcome:
    """Scores every candidate, or the response of a record without candidates, under the base model.

    `logprob` is s(y|x) = (1/|y|) sum_t log p(y_t | x, y_<t), in nats per response token; `perplexity` is
    exp(-logprob); `tokens` is |y| (GRAPE, arXiv 2502.04194). The instruction is conditioned on and not scored. With
    `chat`, y is what an SFT trainer's mask covers in the last turn, its end-of-turn token included; with
    `question-answer`, the text is `Question: {instruction}\\n Answer: {response}` as in the paper, and y the response.

    What exceeds the model's context is dropped, never cut.
    """
    conversations = [list(messages) for messages in records["messages"]]
    if "candidates" not in records.column_names:
        pairs = [_pair(model, template, messages[:-1], messages[-1]) for messages in conversations]
        scored = _score(model, pairs)
        verdicts = [_verdict(model, pair, scores) for pair, scores in zip(pairs, scored, strict=True)]
        columns = {name: [(scores or {}).get(name) for scores in scored] for name in SCORES}
        return partition(set_scores(records, columns), verdicts)

    candidates = [list(row) for row in records["candidates"]]
    flat = [
        _pair(model, template, messages, {"role": "assistant", **candidate})
        for messages, row in zip(conversations, candidates, strict=True)
        for candidate in row
    ]
    scored_flat = iter(list(zip(flat, _score(model, flat), strict=True)))
    row_verdicts: list[list[Drop | None]] = []
    for row in candidates:
        row_verdicts.append([])
        for candidate in row:
            pair, scores = next(scored_flat)
            candidate["scores"] = {**(candidate.get("scores") or {}), **(scores or {})}
            row_verdicts[-1].append(_verdict(model, pair, scores))
    return sift(set_candidates(records, candidates, SCORES), row_verdicts)


Pair = tuple[list[int], list[int]]


def _pair(model: LanguageModel, template: Template, messages: Sequence[Any], answer: dict[str, Any]) -> Pair:
    """The token ids of the prompt and of the response."""
    if template == "question-answer":
        tokenizer = model.chat.tokenizer
        prompt = tokenizer(f"Question: {instruction_of(messages)}\n Answer:")["input_ids"]
        return prompt, model.chat.encode(f" {answer['content']}")
    turn = {key: answer.get(key) for key in ("role", "content", "reasoning_content")}
    tokens = model.chat.tokenize([*messages, turn])
    mask = tokens.assistant_mask
    end = len(mask) - mask[::-1].index(1)
    begin = end - next((n for n, bit in enumerate(reversed(mask[:end])) if not bit), end)
    return tokens.input_ids[:begin], tokens.input_ids[begin:end]


def _score(model: LanguageModel, pairs: Sequence[Pair]) -> list[dict[str, float] | None]:
    """The scores of each pair that fits the model's context, None for the others."""
    fitting = [n for n, pair in enumerate(pairs) if len(pair[0]) + len(pair[1]) <= model.context_length]
    results: list[dict[str, float] | None] = [None] * len(pairs)
    scores = model.score([pairs[n][0] for n in fitting], [pairs[n][1] for n in fitting])
    for n, score in zip(fitting, scores, strict=True):
        results[n] = _summary(score)
    return results


def _summary(scores: TokenScores) -> dict[str, float]:
    logprob = float(np.mean(scores.logprobs, dtype=np.float64))
    return {"logprob": logprob, "perplexity": math.exp(-logprob), "tokens": float(len(scores.logprobs))}


def _verdict(model: LanguageModel, pair: Pair, scores: dict[str, float] | None) -> Drop | None:
    if scores is None:
        tokens = len(pair[0]) + len(pair[1])
        return Drop("too long", {"tokens": tokens, "context_length": model.context_length, "model": model.name})
    if not math.isfinite(scores["logprob"]):
        return Drop("unscored", {"logprob": str(scores["logprob"]), "model": model.name})
    return None
