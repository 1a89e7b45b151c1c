"""Words and phrases that plainly harmful text contains: a first pass, which needs no model.

It finds only what says plainly what it wants, in English and Chinese, and knows neither context nor intent: a refusal
that repeats the request matches as the request does, and whatever is paraphrased, implied or written in another
language passes. A guard model is the real check. The patterns (`harm_phrases`) are a request and its object, since
single words would mostly find the innocent: a bath bomb, killing a process, a history of hatred.

Categories are named by MLCommons' hazards (arXiv 2404.12241), as those of most guard models are.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from curate.algorithms.harm_phrases import HARM
from curate.algorithms.harm_phrases_crime import CRIME
from curate.algorithms.harm_phrases_zh import CHINESE

_VERBATIM = (
    ("private key", "credentials", r"-----begin (?:\w+ )?private key-----\s*\S{16}"),
    ("access token", "credentials", r"\b(?:akia[0-9a-z]{16}|gh[pousr]_[0-9a-z]{36}|xox[abprs]-[0-9a-z-]{20,})\b"),
    ("social security number", "privacy", r"\b(?:ssn|social security number)\b\D{0,12}\d{3}-\d{2}-\d{4}\b"),
)


class Pattern(NamedTuple):
    """A pattern, what it is called, and the hazard that it stands for.

    A text that matches has one of `stems`, where there are any. `spelled` if digits may stand for letters.
    """

    name: str
    category: str
    regex: re.Pattern[str]
    spelled: bool
    stems: tuple[str, ...] = ()


PATTERNS = (
    *(
        Pattern(name, hazard, re.compile(rf"(?<!\w)(?:{regex})(?!\w)"), True, tuple(stems.split()))
        for name, hazard, stems, regex in (*HARM, *CRIME)
    ),
    *(Pattern(name, hazard, re.compile(regex), False, tuple(stems.split())) for name, hazard, stems, regex in CHINESE),
    *(Pattern(name, category, re.compile(regex), False) for name, category, regex in _VERBATIM),
)

_LEET = str.maketrans("013457@$", "oieastas")
_LEET_IN_WORD = re.compile(r"(?<=[a-z])[013457@$]+(?=[a-z])")


class Match(NamedTuple):
    """A match: the pattern, and the normalised text around it."""

    pattern: Pattern
    excerpt: str


def find_harm(text: str) -> Match | None:
    """The first pattern that the text matches, or None.

    Text is normalised (NFKC, case folded, accents and invisible characters removed, runs of white space made one
    space), and digits between letters are also read as the letters that they resemble.
    """
    folded = _fold(text)
    spelled = _LEET_IN_WORD.sub(lambda digits: digits.group().translate(_LEET), folded)
    for pattern in PATTERNS:
        searched = spelled if pattern.spelled else folded
        if pattern.stems and not any(stem in searched for stem in pattern.stems):
            continue
        if match := pattern.regex.search(searched):
            return Match(pattern, searched[max(0, match.start() - 20) : match.end() + 20])
    return None


def _fold(text: str) -> str:
    if not text.isascii():
        decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
        text = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))
        text = text.replace("’", "'")
    return " ".join(text.casefold().split())
