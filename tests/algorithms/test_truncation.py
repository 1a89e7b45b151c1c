"""What is cut off and what only has no full stop."""

from __future__ import annotations

import pytest

from curate.algorithms.truncation import truncation

CUT_OFF = {
    "sentence": "The moon has no air of its own. Because of that, its sky is black even when the sun shi",
    "sentence in Chinese": "月球没有大气层。因此，即使太阳高照，月球的天空也是黑",
    "sentence in German": "Der Mond hat keine Lufthülle. Darum ist sein Himmel schwarz, auch wenn die Son",
    "first sentence": "The capital of France is a city on the river Seine that was founded by a Celtic tri",
    "comma": "To bake bread you need flour, water, salt,",
    "comma in Chinese": "做面包需要面粉、水、盐，还有酵母，",
    "article": "The first thing that you will need is a",
    "conjunction in Chinese": "这个问题有两个原因：第一是天气，第二是因为",
    "word of a list": "1. Sleep for eight hours every night of the week.\n2. Drink two litres of water a day.\n3. Wa",
    "empty list item": "Tips:\n\n1. Sleep well.\n2.",
    "second paragraph": "Bread needs time to rise before it is baked.\n\nAfter an hour, the dough should have dou",
    "opening": "Bread needs time to rise before it is baked.\n\nTherefore,",
    "announcement": "Here are the five largest cities of the country:",
    "heading": "# Bread\n\nFlour and water.\n\n## Baking",
    "table row": "| City | People |\n| --- | --- |\n| Paris | 2,100,000 |\n| Lyo",
    "code fence": "Use this:\n\n```python\ndef area(r):\n    return 3.14",
    "bracket of code": "function area(r) {\n  const square = r * r;\n  return Math.PI * square;",
    "call": "import math\n\ndef area(r):\n    return math.pow(r,",
    "json": '{"name": "Ann",\n "age": 31,\n "city": "Par',
    "page": "<!DOCTYPE html>\n<html>\n<body>\n<p>Hello</p>",
    "display formula": "The area is\n\n\\[ A = \\pi r",
    "environment": "\\begin{align}\na &= b + c \\\\",
    "dollars": "The area is $$A = \\pi r",
    "emphasis": "There are three steps.\n\n1. **Mix the fl",
    "code span": "There are three steps. First run `pip ins",
    "bracket": "He met the woman who had won the race (the one that is held in the hills",
    "formula": "She has 3 apples and buys 4 more, so 3 + 4 =",
    "apostrophe": "It is a pity that the two of them live so far from each other that they don'",
}


@pytest.mark.parametrize("text", CUT_OFF.values(), ids=CUT_OFF)
def test_signs_of_a_cut_weigh_two_or_more(text: str) -> None:
    assert sum(truncation(text).values()) >= 2


COMPLETE = {
    "empty": "",
    "word": "Paris",
    "word in Chinese": "巴黎",
    "number": "42",
    "names": "1. Singapore\n2. South Africa\n3. Spain",
    "items without stops": "You need:\n\n- two cups of flour from the mill\n- one cup of warm water\n- a pinch of salt",
    "title": "A Tale of Two Cities and Other Stories From the Old World",
    "quoted sentence": 'She said: "I never want to see you again."',
    "quoted in Chinese": "他说：“今天天气真好。”",
    "parenthesis": "It was the largest city of its time (and it still is).",
    "letter": "Dear Ann,\n\nThank you for the flowers that you sent me.\n\nBest regards,\n\nJohn Smith",
    "closing with a comma": "Dear Ann,\n\nThank you for the flowers.\n\nYours truly,",
    "verse": "The woods are lovely, dark and deep\nBut I have promises to keep\nAnd miles to go before I sleep",
    "verse in Chinese": "床前明月光\n疑是地上霜\n举头望明月\n低头思故乡",
    "formula": "(AB)^T = B^T A^T",
    "result": "She has 3 + 4 = 7 apples.\n#### 7",
    "inline formula": "So the area of the circle that we look for is \\( \\pi r^2 \\)",
    "named formula": "Write the text between \\begin{document} and the end of the file.",
    "address": "You can read more about it in the manual. See https://example.org/manual/index",
    "tags": "We have moved to a new office today. Come and visit us! #newoffice #team",
    "quotation and author": '"Two things are infinite: the universe and human stupidity." - Albert Einstein',
    "table": "| City | People |\n| --- | --- |\n| Paris | 2,100,000 |",
    "closed fence": "Use this:\n\n```python\nprint(1)\n```",
    "fence in a fence": "````markdown\n```python\nprint(1)\n```\n````",
    "python": "def area(r):\n    square = r * r\n    return 3.14 * square",
    "division": "def half(items):\n    middle = len(items) // 2\n    return items[:middle]",
    "braces": "int main() {\n    int a = 1;\n    return a;\n}",
    "sql": "SELECT name, age\nFROM people\nWHERE age > 30\nORDER BY age",
    "json": '{"name": "Ann", "age": 31}',
    "page": "<html>\n<body>\n<p>Hello</p>\n</body>\n</html>",
    "emoji": "See you at the party tonight, my friends 🎉",
    "smiley": "That is nice of you :(",
    "two asterisks": "The word f**k is one that the film uses often.",
    "list marks": "a) first\nb) second",
    "dialogue": "— Where are you going?\n— To the market, if it is still open.",
    "Arabic": "هل هذا صحيح؟",
    "Hindi": "यह एक वाक्य है।",
    "Japanese": "人間は、理性と良心とを授けられている。",
}


@pytest.mark.parametrize("text", COMPLETE.values(), ids=COMPLETE)
def test_complete_texts_have_less(text: str) -> None:
    assert sum(truncation(text).values()) < 2


PIECES = [
    ("100 * 36 = 3600 tomatoes were sold.\nThat makes 3600 tomato", ""),
    ("The first day he saw 122 of them.\nThe total for the tw", "How many did he see in the two days?"),
    ("Er hat zwei Körbe verkauft.\nAm Ende hat er sie alle verkau", ""),
    ("Он собрал десять яблок.\nПотом он съел два ябл", ""),
]


@pytest.mark.parametrize(("text", "asked"), PIECES)
def test_a_piece_of_a_word_that_stands_elsewhere_is_a_sign(text: str, asked: str) -> None:
    assert truncation(text, asked)["piece of a word"] == 2
    whole = text.removesuffix("tomato").removesuffix("tw").removesuffix("verkau").removesuffix("ябл")
    for ending in ("two days", "tomatoes", "verkauft", "яблока", "a tomato, and 12 tomato"):
        assert "piece of a word" not in truncation(whole + ending, asked)


def test_the_signs_have_names_and_weights() -> None:
    assert truncation("The moon has no air. Its sky is black even in the day while the") == {
        "no end": 1,
        "function word": 2,
        "sentence": 2,
        "length": 1,
    }
