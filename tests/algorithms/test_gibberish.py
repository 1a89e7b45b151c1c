"""Letters and words in no order, and ordinary text in many languages."""

from __future__ import annotations

import random

import pytest

from curate.algorithms.gibberish import (
    MOST_BROKEN,
    MOST_ODD,
    broken_order,
    disorder_asked_for,
    odd_words,
    readable,
)

ENGLISH = (
    "The moon is the only natural satellite of the Earth. It has no air of its own, and because of that its sky is "
    "black even in the day. However, there is water in the form of ice at the poles, and people would like to use it "
    "for a base. A trip to the moon takes about three days, and the first one was in the summer of 1969."
)
CHINESE = (
    "人工智能正在改变我们的生活。它可以帮助医生诊断疾病，也可以帮助老师准备课程；不过，它还有许多问题需要解决。"
    "我们的社会应该讨论这些问题，然后一起找到办法。学生的学习和工人的工作都在变化，老师的角色也在变化。"
    "技术的进步是好事，但是我们的选择更重要。"
)
OTHERS = {
    "Polish": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni "
    "rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "Czech": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Strč prst skrz krk. Čtvrtek je pátý "
    "den a zmrzlina chutná dobře, když svítí slunce.",
    "German": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen "
    "begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    "Swahili": "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa. Wote wamejaliwa akili na dhamiri, hivyo yapasa "
    "watendeane kindugu. Ndugu zangu mtoto mkubwa hupenda nchi yake na nyumba mpya.",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền. Mọi con người đều được "
    "tạo hóa ban cho lý trí và lương tâm.",
    "Russian in Latin letters": "Vse lyudi rozhdayutsya svobodnymi i ravnymi v svoem dostoinstve i pravakh. Oni "
    "nadeleny razumom i sovestyu i dolzhny postupat v otnoshenii drug druga v dukhe bratstva.",
    "Japanese": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "code": "def f(xs):\n    ys = [x for x in xs if x]\n    zs = sorted(ys)\n    return zs[:len(ys) // 2]",
    "units": "It runs at 60 mph with 12 kbps, needs 3 tbsp of oil and 5 lbs of flour, and, hmm, that is all there is.",
}


def shuffled(text: str, join: str, split: str | None) -> str:
    parts = text.split(split) if join else list(text)
    random.Random(1).shuffle(parts)
    return join.join(parts)


def letters_shuffled(text: str) -> str:
    return " ".join(shuffled(word, "", None) for word in text.split())


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, *OTHERS.values()], ids=["English", "Chinese", *OTHERS])
def test_ordinary_text_is_below_both_bounds(text: str) -> None:
    assert odd_words(readable(text)) <= MOST_ODD
    assert broken_order(readable(text)) <= MOST_BROKEN


def test_shuffled_words_break_the_order_and_are_not_odd() -> None:
    text = shuffled(ENGLISH, " ", None)
    assert broken_order(text) > MOST_BROKEN
    assert odd_words(text) <= MOST_ODD


def test_shuffled_characters_of_chinese_break_the_order() -> None:
    assert broken_order(shuffled(CHINESE, "", None)) > MOST_BROKEN


def test_shuffled_letters_make_odd_words() -> None:
    assert odd_words(letters_shuffled(ENGLISH)) > MOST_ODD


@pytest.mark.parametrize(
    "text",
    [
        "asdf jkl; qwrt zxcvb hjkl fdsa rtyp qwpt mnbv lkjh gfds trwq plkj bvcx nmlk",
        "th#e mo%on ha^s no a#ir of it#s ow%n, an^d bec#ause of th%at it^s sk#y is bl%ack ev^en in th#e da%y",
        "moоn tаble gаrden hоuse wаter summеr wintеr sрring trее flоwer grаss roоm dоor",
    ],
    ids=["keyboard", "signs", "letters of two scripts"],
)
def test_noise_makes_odd_words(text: str) -> None:
    assert odd_words(text) > MOST_ODD


def test_a_short_text_proves_nothing() -> None:
    assert odd_words("xkcd qwrt zzz") == 0
    assert broken_order("the of and and") == 0


def test_requests_for_disorder_are_told() -> None:
    assert disorder_asked_for("Unscramble these letters")
    assert disorder_asked_for("用凯撒密码加密这句话")
    assert not disorder_asked_for("What is the capital of France?")
