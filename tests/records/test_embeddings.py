"""Embeddings read from Arrow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset

from curate.errors import CurateError
from curate.records.embeddings import Embeddings
from curate.records.files import read_arrow, write_arrow
from curate.records.pool import from_rows, set_embeddings


def random_pool(number: int) -> Dataset:
    return set_embeddings(
        from_rows([{"id": str(n), "messages": []} for n in range(number)]),
        np.random.default_rng(0).normal(size=(number, 3)).astype(np.float32),
    )


def test_rows_come_at_unit_length_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    write_arrow(random_pool(2500), tmp_path / "pool.arrow")  # in batches of 1,000
    records = read_arrow(tmp_path / "pool.arrow")
    order = np.random.default_rng(1).permutation(2500)
    expected = np.array(records["embedding"], dtype=np.float32)[order]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = Embeddings(records, order)
    assert vectors.shape == (2500, 3)
    np.testing.assert_allclose(vectors[:], expected, atol=1e-6)
    np.testing.assert_allclose(vectors[900:1100], expected[900:1100], atol=1e-6)
    np.testing.assert_allclose(vectors[np.array([2000, 3, 3])], expected[[2000, 3, 3]], atol=1e-6)


def test_a_part_of_a_pool_has_its_own_rows() -> None:
    records = random_pool(10)
    part = Embeddings(records.select([7, 2, 5]), np.array([1, 2, 0]))
    np.testing.assert_array_equal(part[:], Embeddings(records, np.array([2, 5, 7]))[:])


def test_zeros_stay_zeros() -> None:
    assert Embeddings(from_rows([{"id": "x", "embedding": [0.0, 0.0]}]), np.array([0]))[:].tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ([float("inf"), 1.0], "the embedding of record 'b' is not finite"),
        (None, "record 'b' has no embedding"),
        ([1.0, 2.0, 3.0], "the embeddings differ in length: the first has 2 numbers"),
    ],
)
def test_an_embedding_that_cannot_be_used_is_told(second: list[float] | None, message: str) -> None:
    records = Dataset.from_list([{"id": "a", "embedding": [1.0, 0.0]}, {"id": "b", "embedding": second}])
    with pytest.raises(CurateError, match=message):
        Embeddings(records, np.arange(2))[:]
