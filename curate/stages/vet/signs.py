"""What a small aligned model, the critic, and an embedder tell of an answer: the signs by which a bad one is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from curate.algorithms import surprisal
from curate.errors import CurateError
from curate.models.protocols import Embedder, LanguageModel, TokenScores

Conversation = Sequence[Mapping[str, Any]]  # it ends with the answer

SIGNS = {"ifd": 1, "logprob": -1, "end_logprob": -1, "relevance": -1}
"""The signs, and whether high values (1) or low ones (-1) are bad."""


def measure(
    conversations: Sequence[Conversation],
    critic: LanguageModel | None,
    embedder: Embedder | None,
    wanted: Iterable[str] = tuple(SIGNS),
) -> dict[str, np.ndarray]:
    """The signs of the last turn of each conversation: float64 (n,) for each, NaN where one cannot be told.

    Those that are not `wanted` may be left out, and are NaN then.

    By the critic, in its own chat template: `logprob`, the mean log-probability (nats) of the answer's tokens given all
    before; `ifd`, the ratio of that to its mean log-probability after an empty instruction (Cherry_LLM, arXiv
    2308.12032), above 1 where the instruction makes the answer less likely; `end_logprob`, the log-probability of the
    token that ends the turn, where the answer ends. By the embedder: `relevance`, the cosine of the user's turns and
    the answer.
    """
    signs = {name: np.full(len(conversations), np.nan) for name in SIGNS}
    if critic is not None and not {"ifd", "logprob", "end_logprob"}.isdisjoint(wanted):
        given = _scored(critic, conversations)
        alone: Sequence[tuple[np.ndarray, float] | None] = [None] * len(conversations)
        if "ifd" in wanted:
            alone = _scored(critic, [[{"role": "user", "content": ""}, turns[-1]] for turns in conversations])
        for row, (with_it, without_it) in enumerate(zip(given, alone, strict=True)):
            if with_it is not None:
                answer, end = with_it
                signs["end_logprob"][row] = end
                if len(answer):
                    signs["logprob"][row] = surprisal.mean_logprob(answer)
                    if without_it is not None and len(without_it[0]):
                        signs["ifd"][row] = surprisal.loss_ratio(answer, without_it[0])
    if embedder is not None and conversations and "relevance" in wanted:
        asked = embedder.embed([_asked(turns) for turns in conversations])
        answers = embedder.embed([turns[-1]["content"] for turns in conversations])
        signs["relevance"] = (asked.astype(np.float64) * answers).sum(1)
    return signs


def _asked(conversation: Conversation) -> str:
    """What the user has said, the latest first, for an embedder reads the beginning of a long text."""
    return "\n".join(turn["content"] for turn in reversed(conversation[:-1]) if turn["role"] == "user")


def _scored(critic: LanguageModel, conversations: Sequence[Conversation]) -> list[tuple[np.ndarray, float] | None]:
    """The log-probabilities of each answer's tokens, and of the token that ends it (NaN without one).

    None where the critic's template refuses the conversation, or its context does not hold it.
    """
    scored: list[tuple[np.ndarray, float] | None] = [None] * len(conversations)
    rows, sequences, masks = [], [], []
    for row, tokens in enumerate(critic.chat.tokenize_all(conversations)):
        if isinstance(tokens, CurateError):
            continue
        mask = tokens.last_turn_mask
        if any(mask) and len(tokens.input_ids) <= critic.context_length:
            rows.append(row)
            sequences.append(tokens.input_ids)
            masks.append(mask)
    for row, sequence, mask, scores in zip(rows, sequences, masks, critic.score(sequences, masks), strict=True):
        scored[row] = _divided(critic, [token for token, bit in zip(sequence, mask, strict=True) if bit], scores)
    return scored


def _divided(critic: LanguageModel, tokens: Sequence[int], scores: TokenScores) -> tuple[np.ndarray, float]:
    """The log-probabilities before the token that ends the turn, and its own; what follows it does not count."""
    end = surprisal.end_of_turn(tokens, critic.chat.assistant_stop_token_ids)
    if end is None:
        return scores.logprobs, float("nan")
    return scores.logprobs[:end], float(scores.logprobs[end])
