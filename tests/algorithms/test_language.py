"""The language of a conversation, and when it cannot be told."""

from __future__ import annotations

import pytest

from curate.algorithms.language import UNDETERMINED, language, languages

TEXTS = {
    "ar": "اكتب رسالة قصيرة إلى صديقك تدعوه فيها إلى العشاء.",
    "cs": "Napiš krátký dopis příteli, ve kterém ho pozveš na večeři.",
    "de": "Schreibe einen kurzen Brief an einen Freund und lade ihn zum Essen ein.",
    "en": "Write a short letter to a friend and invite him to dinner.",
    "es": "Escribe una carta breve a un amigo para invitarlo a cenar.",
    "fi": "Kirjoita lyhyt kirje ystävälle ja kutsu hänet illalliselle.",
    "fr": "Écris une courte lettre à un ami pour l'inviter à dîner.",
    "he": "כתוב מכתב קצר לחבר והזמן אותו לארוחת ערב.",
    "hi": "अपने मित्र को रात के खाने पर बुलाने के लिए एक छोटा पत्र लिखिए।",
    "ja": "友達を夕食に招待する短い手紙を書いてください。",
    "ko": "친구를 저녁 식사에 초대하는 짧은 편지를 써 주세요.",
    "pl": "Napisz krótki list do przyjaciela i zaproś go na kolację.",
    "pt": "Escreva uma carta curta a um amigo convidando-o para jantar.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "tr": "Bir arkadaşına onu akşam yemeğine davet eden kısa bir mektup yaz.",
    "zh": "给朋友写一封短信，邀请他来吃晚饭。",
}


@pytest.mark.parametrize(("code", "text"), TEXTS.items())
def test_a_sentence_is_enough(code: str, text: str) -> None:
    detection = language([text])
    assert detection.language == code
    assert 0.5 <= detection.confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Paris",
        "x = -4, x = 2, x = 6",
        "12 * 7 = 84\n84 / 4 = 21\n#### 21",
        "```python\nfor name in names:\n    print('welcome to the', name)\n```",
        r"\[ \text{the sum of all these} = \frac{1}{3} \]",
        "https://example.com/the-answer-to-all-of-your-questions",
        "👍👍👍",
    ],
)
def test_code_formulas_names_and_addresses_have_none(text: str) -> None:
    assert language([text]).language == UNDETERMINED


def test_the_prose_around_code_decides() -> None:
    code = "```python\n# add these two numbers and give back what they make\ndef add(a, b):\n    return a + b\n```"
    assert language(["Schreibe eine Funktion, die zwei Zahlen addiert.", f"Hier ist sie:\n{code}"]).language == "de"


def test_most_of_the_turns_decide_however_long_one_is() -> None:
    turns = [TEXTS["en"] * 100, *([TEXTS["fr"] * 17] * 3)]
    assert language(turns).language == "fr"


def test_codes_are_those_that_can_be_found() -> None:
    assert {"en", "zh", "no", "de"} <= set(languages())
    assert not {"und", "zxx", "yue", "nn"} & set(languages())
