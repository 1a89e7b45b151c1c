"""Mathematics in prose: a text as lines of tokens, written plainly, in Markdown, in LaTeX or in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, NamedTuple

from curate.algorithms import math_words
from curate.algorithms.arithmetic import Number, number
from curate.algorithms.prose import without_code

Kind = Literal["number", "operator", "bracket", "equals", "about", "word", "break", "unknown"]

_RELATIONS = ("=", "≈", "≃", "≅", "＝", "等于", " equals ", " is equal to ", "\\approx")
UNKNOWN = "�"

_SIGNS = str.maketrans(
    {"×": "*", "✕": "*", "✖": "*", "·": "*", "∙": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/", "⁄": "/"}
    | {
        "−": "-",
        "‐": "-",
        "–": "-",
        "＋": "+",
        "－": "-",
        "＝": "=",
        "（": "(",
        "）": ")",
        "％": "%",
        "≃": "≈",
        "≅": "≈",
    }
    | {"²": "^2", "³": "^3", "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3", "⅛": " 1/8", "°": ""}
    | {"[": "(", "]": ")", "\u00a0": " ", "\u202f": " "}
)
_LATEX = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\(?:left|right|big|Big|bigl|bigr|displaystyle|quad|qquad|[,;:!> ])(?![a-zA-Z])", " "),
        (r"\{,\}", ","),
        (r"\\(?:text|mathrm|mathbf|textbf|operatorname)\s*\{([^{}]*)\}", r" \1 "),
        (r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}", r" \1 "),
        (r"\\[dt]?frac\s*(?:\{(\d+)\}\s*\{(\d+)\}|(\d)\s*(\d))", r"(\1\3/\2\4)"),
        (r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"((\1)/(\2))"),
        (r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"((\1)/(\2))"),
        (r"\^\s*\{([^{}]*)\}", r"^(\1)"),
        (r"\\(?:times|cdot|ast)(?![a-zA-Z])", "*"),
        (r"\\div(?![a-zA-Z])", "/"),
        (r"\\approx(?![a-zA-Z])", "≈"),
        (r"\\(?=[$%*&#])|\\[()\[\]]", ""),
        (r"\\\\|(?<!\\)&", " "),
        (r"\\[a-zA-Z]+", UNKNOWN),
    )
]
_MARKUP = [
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"https?://\S+", UNKNOWN),
        (r"<think>.*?</think>|~~[^~\n]+~~", " "),
        (r"(?<=[\d)])\*\*(?=[\d(])|(?<=[\d)]) \*\* (?=[\d(])", "^"),
        (r"\*\*|__", ""),
        (r"^\s*(?:[-*•>]|#{1,6}|\(?\w{1,2}[.)])\s+", ""),
        (r"[ \t]*\n\s*(?==|≈)", " "),
    )
]
_MARK = re.compile(r"<<([^<>\n]{1,200})>>")  # GSM8K's calculator
_COMMENT = re.compile(r"(?<=\s)\(([A-Za-z][A-Za-z' -]*)\)")
_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<unknown>[<>!:+\-*/&|^=]=+ | => | -> | [<>≠≤≥≡~|#_{}\\@] | \.{3,} | … | \d[\d.,]*:\d[\d:.]*
        | \d{1,2}/\d{1,2}/\d{4}(?!\d))
    | (?P<number>\d+(?:[.,]\d+)*(?:[eE][-+]?\d+(?!\w))? | (?<![\w.])\.\d+)
    | (?P<about>≈|约等于)
    | (?P<equals>= | 等于 | equals\b | is\sequal\sto\b)
    | (?P<operator>[+*/^-] | (?<=[\d)%a-z\s])[xX](?=\s*[$€£.\d])|(?<=[\d)]\s)[xX](?=\s\()
        | (?<=\d)\s?(?:加|减|乘以?|除以)(?=\s?\d)
        | (?<=\d\s)(?:times|multiplied\sby|plus|minus|divided\sby)(?=\s\$?\d) | (?<=[\d%]\s)of\s(?:the\s)?(?=\$?\d))
    | (?P<bracket>[()])
    | (?P<currency>[$€£¥₹])
    | (?P<percent>%)
    | (?P<word>-?[A-Za-z]+(?:['’/-][A-Za-z]+)*\.? | [\u4e00-\u9fff]+)
    | (?P<break>[.,;:?!"“”'’‘。，；：？！、—])
    | (?P<rest>.)
    """,
    re.VERBOSE,
)
_SPELLED = {"加": "+", "减": "-", "乘": "*", "乘以": "*", "除以": "/", "plus": "+", "minus": "-", "divided by": "/"}


class Token(NamedTuple):
    """A piece of a line, where it stands there, and its number if it is one."""

    kind: Kind
    text: str
    start: int
    end: int
    number: Number | None = None


def lines(text: str) -> Iterator[str]:
    """The lines of a text that hold an equals sign, without code and markup; GSM8K's marks come first, as lines."""
    if not _has_relation(text):
        return
    for mark in _MARK.findall(text):
        yield plain(mark)
    for line in plain(_MARK.sub("", text)).split("\n"):
        if _has_relation(line):
            yield line


def _has_relation(text: str) -> bool:
    return any(relation in text for relation in _RELATIONS)


def plain(text: str) -> str:
    """The text without code, with LaTeX and Markdown rewritten as one would type the mathematics."""
    text = without_code(text)
    if "\\" in text:
        for pattern, replacement in _LATEX:
            text = pattern.sub(replacement, text)
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return _COMMENT.sub(r"\1", text.translate(_SIGNS))


def tokens(line: str) -> list[Token]:
    """The tokens of a line of `plain` text; a letter that may be a variable is `unknown`."""
    result: list[Token] = []
    money = False
    for match in _TOKEN.finditer(line):
        kind, text = str(match.lastgroup), match.group()
        if kind in ("space", "currency"):
            money = money or kind == "currency"
            continue
        if kind == "percent":
            _mark_percent(result, line, match)
            continue
        result.append(_token(kind, text, match, line, money))
        money = False
        _merge(result, line)
    return result


def _token(kind: str, text: str, match: re.Match[str], line: str, money: bool) -> Token:
    start, end = match.span()
    before = line[start - 1] if start else " "
    if kind == "number":
        value = number(text)
        attached = before.isascii() and (before.isalnum() or before in "._")
        joined = before == "-" and line[max(0, start - 2) : start - 1].isalpha()
        if value is None or attached or joined:
            return Token("unknown", text, start, end)
        return Token("number", text, start, end, value._replace(money=money))
    if kind == "operator":
        return Token("operator", _SPELLED.get(text.strip(), text if text in "+-/^" else "*"), start, end)
    if kind == "word":
        return Token(
            "word" if _is_unit(text.rstrip(".").lstrip("-"), before) else "unknown", text.casefold(), start, end
        )
    kinds: dict[str, Kind] = {"equals": "equals", "about": "about", "bracket": "bracket", "break": "break"}
    return Token(kinds.get(kind, "unknown"), text, start, end)


def _is_unit(word: str, before: str) -> bool:
    """Whether letters are a word or a unit, and not a variable or a function."""
    if not word.isascii():
        return True
    if before.isdigit():
        return word.casefold() in math_words.ATTACHED
    return word in ("a", "A", "I") or (len(word) > 1 and before not in "\\_" + UNKNOWN)


def _mark_percent(result: list[Token], line: str, match: re.Match[str]) -> None:
    """Makes the number before `%` a percentage; `17 % 5` is a remainder, which is not known here."""
    follows = line[match.end() :].lstrip()[:1]
    last = result[-1] if result else None
    if last is None or last.number is None or follows.isdigit():
        result.append(Token("unknown", "%", *match.span()))
    else:
        result[-1] = last._replace(number=last.number._replace(percent=True), end=match.end())


def _merge(result: list[Token], line: str) -> None:
    """Joins what is one: `3 million`, the mixed number `2 1/2`, and `/ day` after an amount."""
    last = result[-1]
    if len(result) >= 2 and last.kind == "word":
        before = result[-2]
        if before.number is not None and (scale := math_words.SCALES.get(last.text)):
            value, unit = before.number.value * scale, before.number.unit * scale
            result[-2:] = [before._replace(number=before.number._replace(value=value, unit=unit), end=last.end)]
        elif before.text == "/" and len(result) > 2:
            result[-2:] = [last._replace(start=before.start)]
    elif len(result) >= 3 and last.number is not None and result[-2].text == "^" and result[-3].kind == "word":
        del result[-2:]  # 500 cm^3
    elif len(result) >= 4 and last.number is not None and result[-2].text == "/":
        whole, top = result[-4], result[-3]
        if whole.number is None or top.number is None or line[top.start : last.end] != f"{top.text}/{last.text}":
            return
        if whole.number.unit == 1 and top.number.value < last.number.value and line[whole.end : top.start] == " ":
            value = whole.number.value + top.number.value / last.number.value
            mixed = Number(value, Fraction(1, 10**9), money=True)
            result[-4:] = [Token("number", line[whole.start : last.end], whole.start, last.end, mixed)]
