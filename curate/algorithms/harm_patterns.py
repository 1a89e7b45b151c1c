"""Words and phrases that crude harmful text contains: a first pass, which needs no model.

It finds only what says plainly what it wants, in English, and knows neither context nor intent: a refusal that repeats
the request matches as the request does, and whatever is paraphrased, implied or written in another language passes. A
guard model is the real check. The patterns are phrases, since single words would mostly find the innocent: a bath bomb,
killing a process, a history of hatred.

Categories are named by MLCommons' hazards (arXiv 2404.12241), as those of most guard models are.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_HOW = r"(?:how (?:to|do i|do you|can i|can you|could i|would i)|steps to|instructions (?:for|to|on)|guide (?:to|for)"
_HOW += r"|recipe for|ways? to|teach me to|help me) (?:\w+ ){0,3}?"
_MAKE = r"(?:mak(?:e|ing)|build(?:ing)?|construct(?:ing)?|assembl(?:e|ing)|synthesi[sz](?:e|ing)|cook(?:ing)?)"
_SEXUAL = (
    r"(?:porn\w*|erotica?|nudes?|(?:nude|naked|sexual|explicit|sexy) (?:\w+ )?(?:photos?|pictures?|images?|videos?))"
)
_CHILD = r"(?:child(?:ren)?|kids?|minors?|preteens?|toddlers?|underage (?:girls?|boys?|teens?)|schoolgirls?)"
_GROUP = r"(?:jews|muslims|christians|blacks|black people|whites|white people|asians|arabs|mexicans|immigrants|refugees"
_GROUP += r"|gays|gay people|lesbians|trans people|women|disabled people)"
_SOMEONE = r"(?:someone|somebody|a person|people|my (?:wife|husband|boss|neighbou?r|roommate|parents|mother|father))"

_PHRASES = (
    (
        "sexual content about children",
        "child sexual exploitation",
        rf"{_CHILD} porn\w*|{_SEXUAL} (?:of|with) (?:a )?{_CHILD}",
    ),
    (
        "sexual story about a child",
        "child sexual exploitation",
        rf"(?:erotic|sexual|sexually explicit|smutty) (?:story|scene|fantasy|fan ?fiction) (?:about|with|of|involving) "
        rf"(?:an? )?(?:\w+ )?{_CHILD}",
    ),
    (
        "making a weapon",
        "weapons",
        rf"{_HOW}{_MAKE} (?:an? |some |the )?(?:\w+ ){{0,2}}?(?<!bath )(?<!seed )(?<!smoke )(?<!glitter )(?<!cherry )"
        r"(?:bombs?(?! shelter)|explosives|explosive devices?|molotov(?: cocktails?)?|napalm|grenades?|silencers?"
        r"|ghost guns?|sarin|nerve (?:gas|agents?)|mustard gas|ricin|anthrax|chemical weapons?|biological weapons?)",
    ),
    (
        "making a drug",
        "controlled substances",
        rf"{_HOW}{_MAKE} (?:an? |some |the )?(?:\w+ ){{0,2}}?(?:crystal meth|meth|methamphetamine|fentanyl|heroin"
        r"|cocaine|mdma|lsd|ghb)",
    ),
    ("harming someone", "violent crimes", rf"{_HOW}(?:kill|murder|poison|kidnap|strangle|torture|stalk) {_SOMEONE}"),
    (
        "getting away with a crime",
        "violent crimes",
        r"how (?:do|can|could|would) i get away with (?:murder|rape|arson)",
    ),
    (
        "asking for a method of suicide",
        "suicide and self-harm",
        rf"(?:{_HOW}|method to |methods to )(?:kill|hang|cut|hurt) myself|{_HOW}(?:commit|die by) suicide",
    ),
    (
        "telling someone to die",
        "suicide and self-harm",
        r"(?:you should|you ought to|why don't you|please|just|go) (?:just |go )?(?:kill|hang) yourself",
    ),
    (
        "making malware",
        "cybercrime",
        r"(?:write|create|make|build|code|develop|give) (?:me )?(?:an? |some )?(?:\w+ )?"
        r"(?:ransomware|keyloggers?|malware|botnet|phishing (?:e-?mail|page|site|message))(?! awareness)",
    ),
    (
        "calling for violence against a group",
        "hate",
        rf"(?:kill|gas|exterminate|hang|shoot) (?:all )?(?:the )?{_GROUP}",
    ),
    (
        "dehumanising a group",
        "hate",
        rf"{_GROUP} (?:are|should be|deserve to be|must be) (?:all )?(?:subhuman|vermin|parasites|cockroaches|inferior"
        r"|exterminated|gassed|killed|lynched|enslaved)",
    ),
    ("slur", "hate", r"nigg(?:er|a)s?|faggots?|kikes?|wetbacks?"),
    (
        "doxxing",
        "privacy",
        r"(?:how to |help me |can you |let's )(?:doxx?|swat) (?:someone|somebody|him|her|this|my|an?)",
    ),
)

_VERBATIM = (
    ("private key", "credentials", r"-----begin (?:\w+ )?private key-----\s*\S{16}"),
    ("access token", "credentials", r"\b(?:akia[0-9a-z]{16}|gh[pousr]_[0-9a-z]{36}|xox[abprs]-[0-9a-z-]{20,})\b"),
    ("social security number", "privacy", r"\b(?:ssn|social security number)\b\D{0,12}\d{3}-\d{2}-\d{4}\b"),
)


class Pattern(NamedTuple):
    """A pattern, what it is called, and the hazard that it stands for; `spelled` if digits may stand for letters."""

    name: str
    category: str
    regex: re.Pattern[str]
    spelled: bool


PATTERNS = tuple(
    [Pattern(name, category, re.compile(rf"(?<!\w)(?:{regex})(?!\w)"), True) for name, category, regex in _PHRASES]
    + [Pattern(name, category, re.compile(regex), False) for name, category, regex in _VERBATIM]
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
        if match := pattern.regex.search(searched):
            return Match(pattern, searched[max(0, match.start() - 20) : match.end() + 20])
    return None


def _fold(text: str) -> str:
    if not text.isascii():
        decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
        text = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))
        text = text.replace("’", "'")
    return " ".join(text.casefold().split())
