"""What is shown of a text that nobody has read."""

from __future__ import annotations

import pickle
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import shown
from curate.errors import CurateError, of_system
from curate.shown import LONGEST, lines, masked, one_line, say, without_secrets

HOSTILE = "a\x1b]0;owned\x07\x1b[31mb\r\nc\x9b2Jd\u202ee\u2028f\ud800g\x00h\tI"


def test_control_characters_go_and_breaks_become_spaces() -> None:
    assert one_line(HOSTILE) == "a]0;owned[31mb c2Jde fgh I"


@given(st.text(st.characters(exclude_categories=[]), max_size=200), st.integers(20, 100))
def test_it_is_a_line_of_characters_that_can_be_seen(text: str, most: int) -> None:
    line = one_line(text, most)
    assert len(line) <= most
    assert not [character for character in line if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")]
    line.encode()


def test_the_end_of_a_long_sentence_stays_for_it_says_what_to_do() -> None:
    line = one_line(f"p.yaml: seed: found {'9' * 5_000_000}; write a number")
    assert line.startswith("p.yaml: seed: found 999")
    assert line.endswith("999; write a number")
    assert " … " in line
    assert len(line) == LONGEST


def test_lines_keep_their_indentation_and_columns() -> None:
    assert lines("  a  1\n\x1b[2J    b  2") == "  a  1\n[2J    b  2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET http://ann:pass@host:8000/v1: no", "GET http://***@host:8000/v1: no"),
        ("https://ann:p/a#s?s@host/v1", "https://***@host/v1"),
        ("https://token@host/v1", "https://***@host/v1"),
        ("https://host/v1?api_key=abc&x=1", "https://host/v1?api_key=***&x=1"),
        ("https://host/v1?x=1&access_token=abc", "https://host/v1?x=1&access_token=***"),
        ("mail ann@host or see https://host/v1", "mail ann@host or see https://host/v1"),
    ],
)
def test_what_a_url_holds_of_secrets_is_masked(text: str, expected: str) -> None:
    assert masked(text) == expected
    assert str(CurateError(text)) == expected
    assert without_secrets({"a": [text]}) == {"a": [expected]}


def test_a_secret_that_is_known_is_masked_and_a_short_word_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "_secrets", set())
    shown.hide("sk-0123456789")
    shown.hide("the")
    assert one_line("the key sk-0123456789!") == "the key ***!"


def test_every_error_is_a_line_in_a_process_of_another_engine_too() -> None:
    error = CurateError(HOSTILE)
    assert str(error) == one_line(HOSTILE) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301


def test_what_is_said_is_a_line_and_red_on_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(HOSTILE, warning=True)
    said = capsys.readouterr().err
    assert said.endswith(f"{one_line(HOSTILE)}\n")
    assert "\x1b" not in said
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    say("careful", warning=True)
    assert capsys.readouterr().err.startswith("\x1b[31m")


def test_an_error_of_no_file_is_no_sentence() -> None:
    assert of_system(OSError("odd")) is None
    assert str(of_system(FileNotFoundError(2, "No such file", "a"))).startswith("a: no such file; see that")
