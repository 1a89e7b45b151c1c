"""`fit`: how probable each response is under the base model that will be trained (GRAPE, arXiv 2502.04194)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from datasets import Dataset
from pydantic import Field

from curate.algorithms import surprisal
from curate.answers import Messages, Turn, judged, response_turns
from curate.chat import Tokenized
from curate.declaration import stage
from curate.errors import CurateError
from curate.models.protocols import LanguageModel, TokenScores
from curate.outcome import TOO_LONG, Drop, Outcome, too_long
from curate.signatures import Scores

Template = Literal["chat", "question-answer"]
Score = Literal["logprob", "perplexity", "tokens", "rsr", "ifd", "ifd_ppl", "end_logprob"]

NOTHING = "nothing to score"
STRUCTS = ("candidates.scores.", "scores.")  # where a score goes, by what was scored
WITHOUT_INSTRUCTION = {"ifd", "ifd_ppl"}  # the scores that take a second pass
FORMULAS: dict[str, Callable[[Any, Any, Any], float]] = {
    "logprob": lambda given, *_: surprisal.mean_logprob(given.logprobs),
    "perplexity": lambda given, *_: surprisal.perplexity(given.logprobs),
    "tokens": lambda given, *_: float(len(given.logprobs)),
    "rsr": lambda given, *_: surprisal.rank_surprisal_ratio(given.logprobs, given.ranks),
    "ifd": lambda given, alone, _: surprisal.loss_ratio(given.logprobs, alone.logprobs),
    "ifd_ppl": lambda given, alone, _: surprisal.perplexity_ratio(given.logprobs, alone.logprobs),
    "end_logprob": lambda given, _, end: math.nan if end is None else float(given.logprobs[end]),
}
"""Of a response's token scores, those without the instruction, and the position of the token that ends the turn."""


def _check(config: Mapping[str, Any]) -> None:
    if config["template"] == "question-answer" and "end_logprob" in config["scores"]:
        raise CurateError("scores: end_logprob is of the token that ends a turn, which question-answer has not")


@stage(
    sees="each",
    needs=("messages", "candidates|response"),
    makes=lambda config: [f"{struct}{score}" for struct in STRUCTS for score in config["scores"]],
    reasons={
        "does not render": "the base model's chat template refuses the conversation",
        "not one question": "question-answer takes one user turn and its answer, and there are other turns",
        NOTHING: "there is no response, or it has no tokens",
        TOO_LONG: "conversation and response together exceed the base model's context",
        "unscored": "a score is not a finite number",
    },
    check=_check,
    version=3,
)
def fit(
    records: Dataset,
    *,
    model: Annotated[LanguageModel, Scores(), Field(description="the base model that will be trained")],
    template: Annotated[
        Template, Field(description="chat: the model's chat template; question-answer: the paper's plain text")
    ] = "chat",
    scores: Annotated[
        list[Score], Field(min_length=1, description="what to add; ifd and ifd_ppl take a second forward pass")
    ] = ["logprob", "perplexity", "tokens", "rsr"],  # noqa: B006 (the signature is the schema)
) -> Outcome:
    """Scores the response of each record under the base model, or where none was chosen yet, every candidate.

    `logprob` is s(y|x) = (1/|y|) sum_t log p(y_t | x, y_<t), in nats per response token; `perplexity` is exp(-logprob);
    `tokens` is |y| (GRAPE, arXiv 2502.04194). `rsr` is the rank-surprisal ratio (arXiv 2601.14249), lowest is best. The
    instruction x is conditioned on and not scored. Instruction-following difficulty compares with the response to an
    empty instruction, y without x: `ifd` is the ratio of the mean losses (Cherry_LLM, arXiv 2308.12032), `ifd_ppl` that
    of the perplexities (Superfiltering, arXiv 2402.00530). `end_logprob` is the log-probability of the token that ends
    the last turn, where the response ends: low where it was cut off.

    With `chat`, y is what an SFT trainer's mask covers, end-of-turn tokens included, for a model has to learn where to
    stop: all assistant turns of a complete conversation, and of a candidate its own turn. With `question-answer`, the
    text is `Question: {instruction}\\n Answer: {response}` as in the paper, and y the response, without an end.

    What exceeds the model's context is dropped, never cut.
    """
    turns = response_turns(records)
    encoded = _encode(model, template, turns, [turn.messages for turn in turns])
    given = _score(model, encoded)
    alone: Sequence[TokenScores | Drop | None] = [None] * len(turns)
    if WITHOUT_INSTRUCTION.intersection(scores):
        alone = _score(model, _encode(model, template, turns, [_without_instructions(turn) for turn in turns]))
    ends = [_end(model, item) if "end_logprob" in scores else None for item in encoded]
    results = [_summary(model, scores, *row) for row in zip(given, alone, ends, strict=True)]
    columns = {str(name): [values.get(name) for values, _ in results] for name in scores}
    return judged(records, turns, [drop for _, drop in results], columns, without=Drop(NOTHING))


Encoded = tuple[list[int], list[int]]  # tokens, and a mask that is 1 on those to score


def _without_instructions(turn: Turn) -> Messages:
    return [message if message["role"] == "assistant" else {**message, "content": ""} for message in turn.messages]


def _encode(
    model: LanguageModel, template: Template, turns: Sequence[Turn], conversations: Sequence[Messages]
) -> list[Encoded | Drop]:
    """Each conversation as `template` writes it, with the mask of what is scored, or why it cannot be.

    Of a candidate that is its own turn, of a complete conversation every assistant turn.
    """
    if template == "question-answer":
        encoded = [_question_answer(model, messages) for messages in conversations]
    else:
        tokenized = model.chat.tokenize_all(conversations, [turn.tools for turn in turns])
        encoded = [_rendered(tokens, turn) for tokens, turn in zip(tokenized, turns, strict=True)]
    return [item if isinstance(item, Drop) else _scorable(model, *item) for item in encoded]


def _rendered(tokens: Tokenized | CurateError, turn: Turn) -> Encoded | Drop:
    if isinstance(tokens, CurateError):
        return Drop("does not render", {"error": str(tokens)})
    return tokens.input_ids, tokens.assistant_mask if turn.candidate is None else tokens.last_turn_mask


def _question_answer(model: LanguageModel, messages: Messages) -> Encoded | Drop:
    roles = [message["role"] for message in messages]
    if roles != ["user", "assistant"]:
        return Drop("not one question", {"roles": roles})
    instruction, response = (message["content"] for message in messages)
    prompt = list(model.chat.tokenizer(f"Question: {instruction}\n Answer:")["input_ids"])
    answer = model.chat.encode(f" {response}") if response else []
    return prompt + answer, [0] * len(prompt) + [1] * len(answer)


def _scorable(model: LanguageModel, tokens: list[int], mask: list[int]) -> Encoded | Drop:
    if not any(mask):
        return Drop(NOTHING, {"tokens": len(tokens)})
    if len(tokens) > model.context_length:
        return too_long(len(tokens), model)
    return tokens, mask


def _score(model: LanguageModel, encoded: Sequence[Encoded | Drop]) -> list[TokenScores | Drop]:
    """The scores of what could be encoded; drops stay in their places."""
    pairs = [item for item in encoded if not isinstance(item, Drop)]
    scores = iter(model.score([tokens for tokens, _ in pairs], [mask for _, mask in pairs]))
    return [item if isinstance(item, Drop) else next(scores) for item in encoded]


def _end(model: LanguageModel, encoded: Encoded | Drop) -> int | None:
    """Which of the scored tokens ends the last turn."""
    if isinstance(encoded, Drop):
        return None
    scored = [token for token, bit in zip(*encoded, strict=True) if bit]
    return surprisal.end_of_turn(scored, model.chat.assistant_stop_token_ids)


def _summary(
    model: LanguageModel,
    wanted: Sequence[str],
    given: TokenScores | Drop,
    alone: TokenScores | Drop | None,
    end: int | None,
) -> tuple[dict[str, float], Drop | None]:
    """A response's scores, from those of its tokens after the instruction and without it, and why it is dropped."""
    for scores in (given, alone):
        if isinstance(scores, Drop):
            return {}, scores
    values = {name: FORMULAS[name](given, alone, end) for name in wanted}
    if odd := {name: str(value) for name, value in values.items() if not math.isfinite(value)}:
        return values, Drop("unscored", {**odd, "model": model.name})
    return values, None
