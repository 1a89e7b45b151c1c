"""What the log-probabilities of a response say about it as a training example for the model that gave them.

`logprobs` are natural logarithms of the probabilities of the response's tokens, shape (t,), t > 0; `ranks` are 1 plus
the number of tokens with a strictly higher probability.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

RANK_CAP = 100  # of the rank-surprisal ratio, as published
LEAST_SURPRISAL = 1e-12  # nats; stands in for none at all, as in the published code


def mean_logprob(logprobs: np.ndarray) -> float:
    """s(y|x) = (1/|y|) sum_t log p(y_t | x, y_<t), in nats a token (GRAPE, arXiv 2502.04194)."""
    return float(np.mean(logprobs, dtype=np.float64))


def perplexity(logprobs: np.ndarray) -> float:
    """exp(-s); infinite where that is too large for a number."""
    with np.errstate(over="ignore"):
        return float(np.exp(-np.mean(logprobs, dtype=np.float64)))


def rank_surprisal_ratio(logprobs: np.ndarray, ranks: np.ndarray) -> float:
    """sum_t min(rank_t, 100) / sum_t -log p_t (RSR, arXiv 2601.14249); the lowest teaches best.

    A response without surprisal has nothing to teach, and a ratio that is larger than any other.
    """
    surprisal = -np.sum(logprobs, dtype=np.float64)
    return float(np.minimum(ranks, RANK_CAP).sum() / np.maximum(surprisal, LEAST_SURPRISAL))


def loss_ratio(conditioned: np.ndarray, alone: np.ndarray) -> float:
    """IFD as a ratio of mean losses, s(y|x) / s(y) (Cherry_LLM, arXiv 2308.12032); above 1, the instruction hurts."""
    return mean_logprob(conditioned) / min(mean_logprob(alone), -LEAST_SURPRISAL)


def perplexity_ratio(conditioned: np.ndarray, alone: np.ndarray) -> float:
    """IFD as a ratio of perplexities (Superfiltering, arXiv 2402.00530); above 1, the instruction hurts."""
    with np.errstate(over="ignore"):
        return float(np.exp(np.float64(mean_logprob(alone) - mean_logprob(conditioned))))


def end_of_turn(tokens: Sequence[int], stops: Collection[int]) -> int | None:
    """The position of the last token that ends a turn; None without one. A template may put a line break after it."""
    ends = set(stops)
    return next((position for position in reversed(range(len(tokens))) if tokens[position] in ends), None)
