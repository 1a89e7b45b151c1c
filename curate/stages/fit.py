"""`fit`: how probable each response is under the base model that will be trained (GRAPE, arXiv 2502.04194)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from datasets import Dataset
from pydantic import Field

from curate.algorithms import surprisal
from curate.errors import CurateError
from curate.models.protocols import LanguageModel, TokenScores
from curate.outcome import Drop, Outcome, partition, sift
from curate.records.pool import set_candidates, set_scores
from curate.stage import stage

Template = Literal["chat", "question-answer"]
Score = Literal["logprob", "perplexity", "tokens", "rsr", "ifd", "ifd_ppl"]

PLACES = ("candidates.scores.", "scores.")
WITHOUT_INSTRUCTION = {"ifd", "ifd_ppl"}  # the scores that take a second pass
FORMULAS: dict[str, Callable[[Any, Any], float]] = {  # of a response's token scores, and those without the instruction
    "logprob": lambda found, _: surprisal.mean_logprob(found.logprobs),
    "perplexity": lambda found, _: surprisal.perplexity(found.logprobs),
    "tokens": lambda found, _: float(len(found.logprobs)),
    "rsr": lambda found, _: surprisal.rank_surprisal_ratio(found.logprobs, found.ranks),
    "ifd": lambda found, alone: surprisal.loss_ratio(found.logprobs, alone.logprobs),
    "ifd_ppl": lambda found, alone: surprisal.perplexity_ratio(found.logprobs, alone.logprobs),
}


@stage(
    sees="each",
    needs=("messages", "candidates|response"),
    makes=lambda config: [f"{place}{score}" for place in PLACES for score in config.get("scores", FORMULAS)],
    reasons={
        "does not render": "the base model's chat template refuses the conversation",
        "not one question": "question-answer takes one user turn and its answer, and there are other turns",
        "nothing to score": "the response has no tokens",
        "too long": "conversation and response together exceed the base model's context",
        "unscored": "a score is not a finite number",
    },
    version=2,
)
def fit(
    records: Dataset,
    *,
    model: Annotated[LanguageModel, Field(description="the base model that will be trained")],
    template: Annotated[
        Template, Field(description="chat: the model's chat template; question-answer: the paper's plain text")
    ] = "chat",
    scores: Annotated[
        list[Score], Field(min_length=1, description="what to add; ifd and ifd_ppl take a second forward pass")
    ] = ["logprob", "perplexity", "tokens", "rsr"],  # noqa: B006 (the signature is the schema)
) -> Outcome:
    """Scores every candidate, or the responses of a record without candidates, under the base model.

    `logprob` is s(y|x) = (1/|y|) sum_t log p(y_t | x, y_<t), in nats per response token; `perplexity` is exp(-logprob);
    `tokens` is |y| (GRAPE, arXiv 2502.04194). `rsr` is the rank-surprisal ratio (arXiv 2601.14249), lowest is best. The
    instruction x is conditioned on and not scored. Instruction-following difficulty compares with the response to an
    empty instruction, y without x: `ifd` is the ratio of the mean losses (Cherry_LLM, arXiv 2308.12032), `ifd_ppl` that
    of the perplexities (Superfiltering, arXiv 2402.00530).

    With `chat`, y is what an SFT trainer's mask covers, end-of-turn tokens included, for a model has to learn where to
    stop: all assistant turns of a complete conversation, and of a candidate its own turn. With `question-answer`, the
    text is `Question: {instruction}\\n Answer: {response}` as in the paper, and y the response, without an end.

    What exceeds the model's context is dropped, never cut.
    """
    if "candidates" not in records.column_names:
        results = _measure(model, template, scores, records["messages"])
        columns = {str(name): [found.get(name) for found, _ in results] for name in scores}
        return partition(set_scores(records, columns), [drop for _, drop in results])

    candidates = [list(row) for row in records["candidates"]]
    conversations = [
        [*messages, _turn(candidate)]
        for messages, row in zip(records["messages"], candidates, strict=True)
        for candidate in row
    ]
    measured = iter(_measure(model, template, scores, conversations, last_turn=True))
    verdicts: list[list[Drop | None]] = []
    for row in candidates:
        verdicts.append([])
        for candidate in row:
            found, drop = next(measured)
            candidate["scores"] = {**(candidate.get("scores") or {}), **found}
            verdicts[-1].append(drop)
    return sift(set_candidates(records, candidates, scores), verdicts)


Conversation = Sequence[Mapping[str, Any]]
Encoded = tuple[list[int], list[int]]  # tokens, and a mask that is 1 on those to score


def _turn(candidate: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", **{key: candidate.get(key) for key in ("content", "reasoning_content")}}


def _measure(
    model: LanguageModel,
    template: Template,
    wanted: Sequence[str],
    conversations: Sequence[Conversation],
    last_turn: bool = False,
) -> list[tuple[dict[str, float], Drop | None]]:
    """The scores of each conversation's responses, or of its last alone, and why it is dropped, or None."""
    found = _score(model, [_encode(model, template, messages, last_turn) for messages in conversations])
    alone: Sequence[TokenScores | Drop | None] = [None] * len(found)
    if WITHOUT_INSTRUCTION.intersection(wanted):
        bare = [[_without_instruction(turn) for turn in messages] for messages in conversations]
        alone = _score(model, [_encode(model, template, messages, last_turn) for messages in bare])
    return [_summary(model, wanted, *both) for both in zip(found, alone, strict=True)]


def _without_instruction(turn: Mapping[str, Any]) -> Mapping[str, Any]:
    return turn if turn["role"] == "assistant" else {**turn, "content": ""}


def _encode(model: LanguageModel, template: Template, messages: Conversation, last_turn: bool) -> Encoded | Drop:
    """The conversation as `template` writes it, with the mask of what is scored, or why it cannot be."""
    if template == "question-answer":
        roles = [turn["role"] for turn in messages]
        if roles != ["user", "assistant"]:
            return Drop("not one question", {"roles": roles})
        tokens, mask = _question_answer(model, messages[0]["content"], messages[1]["content"])
    else:
        try:
            rendered = model.chat.tokenize(messages)
        except CurateError as error:
            return Drop("does not render", {"error": str(error)})
        tokens, mask = rendered.input_ids, rendered.assistant_mask
        mask = _last_run(mask) if last_turn else mask
    if not any(mask):
        return Drop("nothing to score", {"tokens": len(tokens)})
    if len(tokens) > model.context_length:
        return Drop("too long", {"tokens": len(tokens), "context_length": model.context_length, "model": model.name})
    return tokens, mask


def _question_answer(model: LanguageModel, instruction: str, response: str) -> Encoded:
    prompt = list(model.chat.tokenizer(f"Question: {instruction}\n Answer:")["input_ids"])
    answer = model.chat.encode(f" {response}") if response else []
    return prompt + answer, [0] * len(prompt) + [1] * len(answer)


def _last_run(mask: Sequence[int]) -> list[int]:
    """The mask with nothing but its last run of ones."""
    end = max((place + 1 for place, bit in enumerate(mask) if bit), default=0)
    begin = max((place + 1 for place in range(end) if not mask[place]), default=0)
    return [0] * begin + list(mask[begin:])


def _score(model: LanguageModel, encoded: Sequence[Encoded | Drop]) -> list[TokenScores | Drop]:
    """The scores of what could be encoded; drops stay in their places."""
    pairs = [item for item in encoded if not isinstance(item, Drop)]
    scores = iter(model.score([tokens for tokens, _ in pairs], [mask for _, mask in pairs]))
    return [item if isinstance(item, Drop) else next(scores) for item in encoded]


def _summary(
    model: LanguageModel, wanted: Sequence[str], found: TokenScores | Drop, alone: TokenScores | Drop | None
) -> tuple[dict[str, float], Drop | None]:
    for scores in (found, alone):
        if isinstance(scores, Drop):
            return {}, scores
    values = {name: FORMULAS[name](found, alone) for name in wanted}
    if odd := {name: str(value) for name, value in values.items() if not math.isfinite(value)}:
        return values, Drop("unscored", {**odd, "model": model.name})
    return values, None
