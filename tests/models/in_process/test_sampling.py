"""The sampler draws from the right distribution, and each stream by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from curate.models.in_process.sampling import draw, streams, uniforms

DRAWS = 20_000


def chi_square(tokens: np.ndarray, expected: np.ndarray) -> float:
    """Pearson's statistic over the tokens that can come up, divided by its degrees of freedom: about 1 if right."""
    counts = np.bincount(tokens, minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    likely = expected > 0
    mean = expected[likely] * len(tokens)
    return float(((counts[likely] - mean) ** 2 / mean).sum() / max(1, likely.sum() - 1))


def sample(logits: torch.Tensor, temperature: float, top_p: float) -> np.ndarray:
    rows = logits.expand(DRAWS, -1)
    numbers = uniforms(streams(list(range(DRAWS)), [0] * DRAWS), 3)
    return draw(rows, numbers, temperature, top_p).numpy()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_come_up_as_often_as_the_softmax_says(temperature: float) -> None:
    logits = torch.randn(200, generator=torch.Generator().manual_seed(1))
    expected = torch.softmax(logits.double() / temperature, -1).numpy()
    assert chi_square(sample(logits, temperature, 1.0), expected) < 1.5


@pytest.mark.parametrize(("top_p", "nucleus"), [(0.5, 1), (0.51, 2), (0.8, 2), (0.81, 3), (0.99, 4)])
def test_nucleus_is_the_smallest_set_that_reaches_top_p(top_p: float, nucleus: int) -> None:
    probabilities = np.array([0.15, 0.3, 0.5, 0.05])
    order = np.argsort(-probabilities)
    expected = np.where(np.isin(np.arange(4), order[:nucleus]), probabilities, 0)
    tokens = sample(torch.tensor(probabilities).log().float(), 1.0, top_p)
    assert chi_square(tokens, expected / expected.sum()) < 6


def test_nucleus_of_a_flat_distribution_holds_more_tokens_than_are_sorted_at_first() -> None:
    probabilities = np.linspace(1, 2, 1000)
    probabilities /= probabilities.sum()
    tokens = sample(torch.tensor(probabilities).log().float(), 1.0, 0.9)
    tail = np.sort(probabilities)[np.cumsum(np.sort(probabilities)) <= 0.1].max()
    assert probabilities[tokens].min() > tail * 0.99
    assert chi_square(tokens, np.where(probabilities > tail, probabilities, 0) / 0.9) < 1.5


@pytest.mark.parametrize("spread", [0.1, 1.0, 2.5, 6.0, 12.0])  # nuclei of one token to nearly all
@pytest.mark.parametrize("top_p", [0.3, 0.95, 0.999, 1.0])
@pytest.mark.parametrize("vocabulary", [50, 4096, 49_152])
def test_equals_the_textbook_in_float64(spread: float, top_p: float, vocabulary: int) -> None:
    """The token at which the running sum of the nucleus, in the order of the vocabulary, passes the number."""
    generator = torch.Generator().manual_seed(vocabulary)
    logits = (torch.randn(12, vocabulary, generator=generator) * spread).round(decimals=1)  # many as likely as others
    numbers = np.random.default_rng(0).random(12)
    for row, token, number in zip(logits, draw(logits, numbers, 0.7, top_p).tolist(), numbers, strict=True):
        probabilities = torch.softmax(row.double() / 0.7, -1).numpy()
        ordered = np.sort(probabilities)[::-1]
        floor = ordered[np.flatnonzero(np.cumsum(ordered) >= top_p - 1e-12)[0]] if top_p < 1 else 0
        sums = np.cumsum(np.where(probabilities > floor * (1 - 1e-9), probabilities, 0))
        bounds = np.array([sums[token - 1] if token else 0, sums[token]]) / sums[-1]
        assert bounds[0] - 1e-6 <= number <= bounds[1] + 1e-6
        assert probabilities[token] > floor * (1 - 1e-5)


def test_temperature_zero_takes_the_likeliest() -> None:
    logits = torch.tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 1.0]])
    assert draw(logits, np.array([0.9, 0.9]), 0.0, 1.0).tolist() == [1, 0]


@pytest.mark.parametrize("number", [0.0, 1 - 2**-53])
def test_impossible_tokens_are_never_drawn(number: float) -> None:
    logits = torch.full((1, 130), -torch.inf)
    logits[0, 70] = 0.0
    assert draw(logits, np.array([number]), 1.0, 1.0).tolist() == [70]


def test_a_rows_token_does_not_depend_on_the_other_rows() -> None:
    logits = torch.randn(50, 300, generator=torch.Generator().manual_seed(2))
    numbers = uniforms(streams(list(range(50)), [0] * 50), 0)
    together = draw(logits, numbers, 0.8, 0.9)
    alone = [draw(logits[row : row + 1], numbers[row : row + 1], 0.8, 0.9).item() for row in range(50)]
    assert together.tolist() == alone


def test_streams_differ_by_seed_sample_and_step() -> None:
    states = streams([0, 0, 1, 2**63 - 1], [0, 1, 0, 0])
    numbers = np.concatenate([uniforms(states, step) for step in range(100)])
    assert len(set(numbers.tolist())) == 400


def test_numbers_are_uniform_and_neighbouring_streams_uncorrelated() -> None:
    numbers = np.stack([uniforms(streams(list(range(5000)), [0] * 5000), step) for step in range(8)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.005
    assert abs(numbers.std() - 12**-0.5) < 0.005
    assert abs(np.corrcoef(numbers[:, 1:].ravel(), numbers[:, :-1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(numbers[1:].ravel(), numbers[:-1].ravel())[0, 1]) < 0.02
