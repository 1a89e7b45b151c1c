"""How much of a text repeats itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.algorithms.repetition import duplicate_lines, repeated_characters, repeated_ngrams

ENGLISH = "The quick brown fox jumps over the lazy dog and runs into the dark green forest. "
CHINESE = "春天来了，花园里的花都开了，孩子们在草地上快乐地奔跑。"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
@pytest.mark.parametrize("times", [1, 2, 3, 10])
def test_said_k_times_over_is_k_minus_1_of_k(text: str, times: int) -> None:
    assert repeated_ngrams([text * times])[0] == pytest.approx((times - 1) / times)


@pytest.mark.parametrize("loop", ["ha ", "very good ", "谢谢", "🤩 "])
def test_a_short_loop_is_found(loop: str) -> None:
    assert repeated_ngrams([loop * 50])[0] > 0.9


@pytest.mark.parametrize(
    "text",
    [
        "哈哈哈哈哈哈",
        "👍👍👍👍👍",
        "Row, row, row your boat, gently down the stream.",
        r"^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$",
        "1 0 0 0 0\n0 1 0 0 0\n0 0 1 0 0\n0 0 0 1 0",
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |",
        "她有3个苹果，他有3个梨，一共有3+3=6个水果。",
        "",
    ],
)
def test_short_texts_are_not_hit_by_accident(text: str) -> None:
    assert repeated_ngrams([text])[0] == 0


def test_a_refrain_counts_for_its_share() -> None:
    verse = "On the first long day of winter the river turned to ice"  # 44 letters
    other = "By the second week of spring nobody could remember why it had"  # 50
    assert repeated_ngrams([f"{verse}. {other}. {verse}."])[0] == pytest.approx(44 / (44 + 50 + 44))


def test_equal_lines_count_from_the_second_on() -> None:
    assert duplicate_lines(["yes\nno\nYES\nyes"])[0] == pytest.approx(6 / 11)


def test_empty_lines_do_not_count() -> None:
    assert duplicate_lines(["one\n\n\n\ntwo\n\n", ""]).tolist() == [0, 0]


@given(st.lists(st.sampled_from([ENGLISH * 2, CHINESE * 3, "ha " * 30, "short", ""]), max_size=6))
def test_a_batch_gives_what_each_text_gives_alone(texts: list[str]) -> None:
    assert repeated_ngrams(texts).tolist() == [repeated_ngrams([text])[0] for text in texts]


@given(st.text())
def test_a_share_lies_between_0_and_1(text: str) -> None:
    shares = np.array([repeated_ngrams([text]), duplicate_lines([text])])
    assert ((shares >= 0) & (shares <= 1)).all()


@pytest.mark.parametrize("cycle", ["a", "ha", "ha ", "0", "高级牛肉", "🤩 ", "so\n", "inventive, ", "A-B-C-D-E-F-"])
def test_a_cycle_of_characters_is_found_however_it_begins(cycle: str) -> None:
    shares = repeated_characters([cycle * 80, "Well " + cycle * 400, "ok"])
    assert shares[0] == pytest.approx(1)
    assert shares[1] == pytest.approx(1, abs=0.03)
    assert shares[2] == 0


def test_a_cycle_has_the_share_of_its_characters_without_spaces() -> None:
    assert repeated_characters(["one two 34" + " " * 300 + "a" * 72])[0] == pytest.approx(72 / 80)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "Hahaha! Yessss, sooooo good ... 1000000000",
        "=" * 80 + "\nTitle\n" + "-" * 120,
        "| name | age |\n|------|-----|\n| Ann  | 31  |\n| Bob  | 42  |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "def f():\n" + " " * 64 + "return 1",
        "Count the items in this list: train, train, train, train, train, train.",
        "\n".join(f"{n}. item" for n in range(50)),
    ],
)
def test_rulers_tables_and_laughter_are_no_cycles(text: str) -> None:
    assert repeated_characters([text])[0] == 0


def test_symbols_that_never_end_are_a_cycle() -> None:
    assert repeated_characters(["Here is a table: " + "|---" * 500])[0] > 0.9


@given(st.lists(st.text(alphabet="ab \n=界", max_size=60), max_size=5))
def test_the_share_of_a_text_does_not_depend_on_the_others(texts: list[str]) -> None:
    together = repeated_characters(texts)
    assert ((together >= 0) & (together <= 1)).all()
    assert together.tolist() == [repeated_characters([text])[0] for text in texts]
