"""Wrong decodings are told from right ones, and undone where nothing was lost."""

from __future__ import annotations

import pytest

from curate.algorithms.mojibake import mojibake, repaired

TEXTS = [
    "The café's naïve owner said: “It’s 20°C – that’ll be €5.”",
    "Überraschung für die Ärzte in Köln",
    "人工智能正在改变我们的生活。",
    "Это предложение написано по-русски.",
    "Party tonight 🎉",
]


@pytest.mark.parametrize("encoding", ["latin-1", "sloppy-windows-1252"])
@pytest.mark.parametrize("text", TEXTS)
def test_utf_8_read_as_one_byte_a_character_is_found_and_undone(text: str, encoding: str) -> None:
    garbled = text.encode().decode(encoding)
    assert mojibake(garbled)
    assert repaired(garbled) == text


@pytest.mark.parametrize("text", ["世界和平", "你好世界你好", "我爱你们"])
def test_utf_8_read_as_gbk_is_found_and_undone(text: str) -> None:
    garbled = text.encode().decode("gbk")
    assert mojibake(garbled)
    assert repaired(garbled) == text


def test_only_what_was_garbled_is_changed() -> None:
    assert repaired("“naïve”  ＡＢＣ\r\n Â£5 ﬁne") == "“naïve”  ＡＢＣ\r\n £5 ﬁne"


@pytest.mark.parametrize(
    "text",
    [
        "The caf\ufffd is open.",
        "It said â€ and no more.",
        "人工智能".encode("gbk").decode("latin-1"),
        "今天天气很好，我们去公园。".encode().decode("gbk", "replace").replace("\ufffd", "?"),
    ],
)
def test_what_lost_characters_is_found_and_left_as_it_is(text: str) -> None:
    assert mojibake(text)
    assert repaired(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS,
        "plain",
        "El Niño, la señora y el pingüino",
        "Příliš žluťoučký kůň úpěl ďábelské ódy",
        "Việt Nam là một nước",
        "mp3 £5 ½ cup, 20°C ± 2, naïve § 3 © ®",
        "¯\\_(ツ)_/¯",
        "東京は日本の首都です。",
        "锟斤拷是一种乱码",
    ],
)
def test_text_in_many_languages_is_none(text: str) -> None:
    assert mojibake(text) is None
    assert repaired(text) == text
