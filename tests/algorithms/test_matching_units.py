"""Words, words with placeholders, and characters."""

from __future__ import annotations

import numpy as np
import pytest

from curate.algorithms.matching_units import NAME, NUMBER, lower_case_words, units_of
from curate.algorithms.tokens import normalise

BENCHMARK = ["Anna has 3 apples. She gives 2 apples to Ben.", "How many apples does she have?", "Does Ben give two?"]
VOCABULARY = lower_case_words(BENCHMARK)


def template(text: str) -> list[str]:
    """What each unit is: N for a name, # for a number, the text itself elsewhere."""
    normal = normalise(text)
    tokens = units_of([normal], "templates", VOCABULARY)
    marks = {int(NAME): "N", int(NUMBER): "#"}
    units = zip(tokens.hashes.tolist(), tokens.starts.tolist(), tokens.ends.tolist(), strict=True)
    return [marks.get(value, normal[start:end]) for value, start, end in units]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna has 3 apples.", "N has # apples"),
        ("ANNA HAS 3 APPLES.", "N has # apples"),
        ("anna has 1,250.5 apples", "N has # apples"),
        ("Mary Jane O'Neill has 3 apples", "N has # apples"),
        ("3 apples + $2 apples", "# apples # apples"),
        ("她有 3 个苹果", "她 有 # 个 苹 果"),
        ("def give(apples): many apples have gone", "N many N have N"),  # apples is a parameter here
    ],
)
def test_names_numbers_and_identifiers_have_places(text: str, expected: str) -> None:
    assert template(text) == expected.split()


def test_a_word_that_is_ever_written_small_is_no_name() -> None:
    assert template("She does") == ["she", "does"]


def test_places_of_two_texts_stay_apart() -> None:
    assert units_of(["anna", "ben"], "templates", VOCABULARY).offsets.tolist() == [0, 1, 2]


def test_characters_are_letters_and_digits_alone() -> None:
    spaced, plain = units_of(["f (x) = 我 1", "fx我1"], "characters", VOCABULARY).hashes.reshape(2, 4)
    assert np.array_equal(spaced, plain)


@pytest.mark.parametrize("units", ["words", "templates", "characters"])
def test_a_batch_gives_what_each_text_gives_alone(units) -> None:
    texts = [normalise(text) for text in [*BENCHMARK, "", "...", "def f(x): x", "你好 12"]]
    together = units_of(texts, units, VOCABULARY)
    alone = [units_of([text], units, VOCABULARY).hashes.tolist() for text in texts]
    assert together.hashes.tolist() == [value for hashes in alone for value in hashes]
    assert np.diff(together.offsets).tolist() == list(map(len, alone))
