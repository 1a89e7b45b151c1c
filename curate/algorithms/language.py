"""The language of a conversation, or that it cannot be told.

py3langid tells it: langid.py (Lui and Baldwin, ACL 2012), a naive Bayes classifier over byte n-grams whose model comes
in the package. It was chosen by measurement (benchmarks/language.py): its confidence is calibrated across lengths, so
that what is too short, or mostly code, formulas and names, comes out as unsure and not as a wrong language.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from curate.algorithms.prose import prose

UNDETERMINED = "und"  # of ISO 639-2
CONFIDENCE = 0.5
_CHARACTERS = 500  # of each turn: more changes nothing, and a long turn must not outvote the others
_NO_LANGUAGE = "zxx"  # of ISO 639-2: no linguistic content
_PART_OF = {"nn": "no", "wuu": "zh", "yue": "zh", "ary": "ar", "arz": "ar"}  # macrolanguages of ISO 639-3


class Detection(NamedTuple):
    """A language, as its ISO 639-1 code (639-3 where it has none) or `und`, and the confidence, in [0, 1]."""

    language: str
    confidence: float


def language(turns: Iterable[str]) -> Detection:
    """The language in which most of the prose of these turns is written.

    Code, formulas and addresses do not count, nor what lies beyond the first 500 characters of a turn. It is `und`
    where the confidence is below 0.5: with too few words, none at all, or two languages in equal parts.
    """
    text = "\n".join(prose(turn)[:_CHARACTERS].strip() for turn in turns)
    code, confidence = _identifier().classify(text)
    known = confidence >= CONFIDENCE and code != _NO_LANGUAGE
    return Detection(_PART_OF.get(code, code) if known else UNDETERMINED, confidence)


def languages() -> list[str]:
    """The codes that `language` may answer, `und` left out."""
    return [code for code in _identifier().labels if code != _NO_LANGUAGE and code not in _PART_OF]


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
