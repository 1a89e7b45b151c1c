"""Documents cut into passages: where a reader would, and with nothing lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from curate.stages.instruct.passages import passages


def cut(text: str, words: int) -> list[str]:
    return [passage for _, passage in passages(text, words)]


def test_a_short_document_is_one_passage() -> None:
    assert cut("# Title\n\nOne two three.\n\nFour five.\n", 20) == ["# Title\n\nOne two three.\n\nFour five."]


def test_passages_end_with_paragraphs() -> None:
    assert cut("a b c.\n\nd e f.\n\n g h i.", 5) == ["a b c.", "d e f.", "g h i."]
    assert cut("a b c.\n\nd e f.\n\ng h i.", 6) == ["a b c.\n\nd e f.", "g h i."]


def test_a_paragraph_that_is_too_long_is_cut_after_sentences() -> None:
    assert cut("One two. Three four? “Five six!” Seven eight.", 4) == [
        "One two. Three four?",
        "“Five six!” Seven eight.",
    ]


def test_a_sentence_that_is_too_long_is_cut_at_lines_and_then_at_words() -> None:
    assert cut("- a b\n- c d\n- e f", 2) == ["- a b", "- c d", "- e f"]
    assert cut("a b c d e f g", 4) == ["a b c d", "e f g"]


def test_passages_are_about_equally_long() -> None:
    assert [len(passage.split()) for passage in cut("\n\n".join(["a b"] * 11), 20)] == [12, 10]


def test_a_heading_stands_with_what_follows() -> None:
    assert cut("a b c.\n\n# H\n\nd e f.", 4) == ["a b c.", "# H\n\nd e f."]


def test_a_character_counts_as_a_word_where_a_script_has_no_spaces() -> None:
    assert cut("一二三。四五六。七八九。", 3) == ["一二三。", "四五六。", "七八九。"]


def test_what_holds_no_word_is_no_passage() -> None:
    assert cut(" \n...\n", 20) == []


@given(st.text(alphabet=st.sampled_from("ab1 .\n#一。-"), max_size=200), st.integers(1, 8))
def test_no_word_is_lost_and_each_passage_stands_where_it_is_said_to(text: str, words: int) -> None:
    found = list(passages(text, words))
    assert all(text.startswith(passage, begin) for begin, passage in found)
    letters = [character for character in text if character.isalnum()]
    assert [character for _, passage in found for character in passage if character.isalnum()] == letters
