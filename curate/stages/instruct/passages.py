"""Documents cut into passages, where a reader would cut them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np

from curate.algorithms.tokens import SYMBOL, tokenize

UNITS = [  # what a text is made of, the largest first; a smaller one counts where a larger one is too long
    re.compile(r"(?:\#{1,6} [^\n]*\s+)*\S.*?(?=\n[^\S\n]*\n|\Z)", re.DOTALL),  # a paragraph, after its headings
    re.compile(r"\S.*?(?:[.!?…][\"'”’»)\]*_`]*(?=\s)|[。！？]|\Z)", re.DOTALL),  # a sentence
    re.compile(r"\S[^\n]*"),  # a line
    re.compile(r"\S+"),
    re.compile(r"\S"),
]


def passages(text: str, words: int) -> Iterator[tuple[int, str]]:
    """The passages of a text and where each begins (character, from 0): of `words` words at most, about equally long.

    They end where a paragraph ends, or a sentence where one paragraph is too long for a passage. Words are those of
    `algorithms.tokens`: a character of a script that writes without spaces counts as one.
    """
    spans = list(_units(text, 0, len(text), words, UNITS))
    sizes = _words([text[begin:end] for begin, end in spans])
    aim = sizes.sum() / max(1, ceil(sizes.sum() / words))
    begin, end, size = 0, 0, 0
    for (unit_begin, unit_end), unit_size in zip(spans, sizes.tolist(), strict=True):
        if size and (size >= aim or size + unit_size > words):
            yield begin, text[begin:end].rstrip()
            size = 0
        if not size:
            begin = unit_begin
        end, size = unit_end, size + unit_size
    if size:
        yield begin, text[begin:end].rstrip()


def _units(text: str, begin: int, end: int, words: int, units: Sequence[re.Pattern[str]]) -> Iterator[tuple[int, int]]:
    """The largest units of `text[begin:end]` that have at most `words` words each, as spans of characters."""
    first, *smaller = units
    spans = [match.span() for match in first.finditer(text, begin, end)]
    for span, size in zip(spans, _words([text[slice(*span)] for span in spans]).tolist(), strict=True):
        if size <= words or not smaller:
            yield span
        else:
            yield from _units(text, *span, words, smaller)


def _words(texts: Sequence[str]) -> np.ndarray:
    """The number of words in each text, int64 (n,)."""
    tokens = tokenize(texts)
    return np.bincount(tokens.owners[tokens.kinds != SYMBOL], minlength=len(texts))
