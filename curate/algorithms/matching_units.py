"""The units in which a text is searched for the items of a benchmark: words, words with names and numbers masked, or
characters.

- `words`: the words of the normalised text; case, spacing, punctuation and symbols do not count.
- `templates`: the same, with a placeholder for every run of digits, and one for every word that the benchmarks never
  write in lower case and for the names of functions and parameters that a text defines (`def f(x)`); what it stands for
  may change. A run of placeholders is one. The rule looks at words alone, not at their case in the text, so a text in
  capitals is masked as its original is.
- `characters`: letters, marks and digits alone, each one a unit: spaces may be put in or left out anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from curate.algorithms.splitmix64 import mix
from curate.algorithms.tokens import SYMBOL, WORD, Tokens, code_points, normalise, tokenize

Units = Literal["words", "templates", "characters"]
SIZES: dict[Units, tuple[int, int]] = {"words": (8, 16), "templates": (8, 16), "characters": (32, 16)}
NAME, NUMBER = np.uint64(1), np.uint64(2)  # the hashes of the placeholders
_DEFINITION = re.compile(r"\bdef (\w+)\s*\(([^()]*)")
_PARAMETER = re.compile(r"(?:^|,)[\s*]*(\w+)")


def lower_case_words(texts: Sequence[str]) -> np.ndarray:
    """The hashes, sorted, uint64, of the tokens that stand in lower case, or have no case, somewhere in `texts`."""
    lower = [np.zeros(0, dtype=np.uint64)]
    for text in texts:
        folded = tokenize([normalise(text)]).hashes
        written = tokenize([unicodedata.normalize("NFKC", text)]).hashes
        same_count = len(folded) == len(written)  # case folding can make two tokens of one, in a few scripts
        lower.append(folded[folded == written] if same_count else folded)
    return np.unique(np.concatenate(lower))


def units_of(texts: Sequence[str], units: Units, vocabulary: np.ndarray) -> Tokens:
    """The units of normalised texts; `vocabulary` is what `lower_case_words` found in the benchmarks."""
    if units == "characters":
        return _characters(texts)
    return _templates(texts, vocabulary) if units == "templates" else _words(texts)


def _words(texts: Sequence[str]) -> Tokens:
    """The tokens but for symbols, which would make two words of C++."""
    tokens = tokenize(texts)
    spoken = tokens.kinds != SYMBOL
    before = np.concatenate(([0], np.cumsum(spoken)))
    hashes, kinds, starts, ends = (p[spoken] for p in (tokens.hashes, tokens.kinds, tokens.starts, tokens.ends))
    return Tokens(hashes, kinds, starts, ends, before[tokens.offsets])


def _templates(texts: Sequence[str], vocabulary: np.ndarray) -> Tokens:
    texts = [_without_identifiers(text) if "def " in text else text for text in texts]
    tokens = _words(texts)
    known = pd.Index(tokens.hashes).isin(vocabulary)
    codes = code_points("\n".join(texts))[tokens.starts]
    number = (codes >= ord("0")) & (codes <= ord("9"))
    hashes = np.where(number, NUMBER, np.where(known | (tokens.kinds != WORD), tokens.hashes, NAME))
    owners = tokens.owners
    first, last = np.ones(len(hashes), dtype=bool), np.ones(len(hashes), dtype=bool)
    first[1:] = (hashes[1:] != hashes[:-1]) | (hashes[1:] > NUMBER) | (owners[1:] != owners[:-1])
    last[:-1] = first[1:]
    before = np.concatenate(([0], np.cumsum(first)))
    return Tokens(hashes[first], tokens.kinds[first], tokens.starts[first], tokens.ends[last], before[tokens.offsets])


def _without_identifiers(text: str) -> str:
    """`text` with a word that no vocabulary has, of equal length, for each function and parameter that it defines."""
    defined = {
        name for function, rest in _DEFINITION.findall(text) for name in (function, *_PARAMETER.findall(rest)) if name
    }
    if not defined:
        return text
    return re.sub(rf"\b(?:{'|'.join(sorted(map(re.escape, defined)))})\b", lambda name: "ℵ" * len(name[0]), text)


def _characters(texts: Sequence[str]) -> Tokens:
    tokens = tokenize(texts)
    spoken = tokens.kinds != SYMBOL
    lengths = np.where(spoken, tokens.lengths, 0)
    before = np.concatenate(([0], np.cumsum(lengths)))
    starts = np.arange(before[-1]) + np.repeat(tokens.starts - before[:-1], lengths)
    hashes = mix(code_points("\n".join(texts))[starts] + np.uint64(3))
    return Tokens(hashes, np.repeat(tokens.kinds, lengths), starts, starts + 1, before[tokens.offsets])
